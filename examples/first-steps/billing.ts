import { defineHandler } from 'millrace/worker'
import type { Invoice, Order } from './order.js'

/** What each customer owes so far. Orders of one customer come to one worker, in order. */
const totals = new Map<string, number>()

/** Runs in worker threads: adds orders up, and sends invoices on to the next topic. */
export default defineHandler<Order>({
  async eachMessage({ message, producer }) {
    const customer = String(message.key)
    const { item, price } = message.value
    const total = (totals.get(customer) ?? 0) + price
    totals.set(customer, total)

    const value = { text: `${item} for ${price}`, total }
    await producer.send<Invoice>({ topic: 'invoices', messages: [{ key: customer, value }] })
  },
})
