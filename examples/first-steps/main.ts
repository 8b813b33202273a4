/**
 * First steps: two topics, a group of worker threads between them, and a reader at the end.
 *
 *     orders -> billing, in two worker threads -> invoices -> this thread
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createEngine, json } from 'millrace'
import type { Invoice, Order } from './order.js'

await using engine = await createEngine({
  topics: {
    orders: { partitions: 4, codec: json<Order>() },
    invoices: { partitions: 1, codec: json<Invoice>() },
  },
})

const billing = engine.consumer<Order>({ groupId: 'billing', topics: ['orders'], from: 'earliest' })
await billing.run({ workers: 2, handler: new URL('./billing.js', import.meta.url) })

await engine.producer().send<Order>({
  topic: 'orders',
  messages: [
    { key: 'c-17', value: { item: 'lamp', price: 40 } },
    { key: 'c-42', value: { item: 'desk', price: 120 } },
    { key: 'c-17', value: { item: 'bulb', price: 5 } },
    { key: 'c-17', value: { item: 'shade', price: 15 } },
  ],
})
while (billing.lag().messages > 0) await sleep(10)

const office = engine.consumer<Invoice>({
  groupId: 'office',
  topics: ['invoices'],
  from: 'earliest',
})
const ofCustomer = new Map<string, string[]>()
for await (const { key, value } of office.consume({ until: 'end' })) {
  const lines = ofCustomer.get(String(key)) ?? []
  ofCustomer.set(String(key), [...lines, `${value.text}, ${value.total} in all`])
}
for (const customer of [...ofCustomer.keys()].sort()) {
  console.log(`${customer}: ${ofCustomer.get(customer)?.join('; ')}`)
}
