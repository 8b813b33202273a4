/**
 * A log keeps what was sent. A second group reads it from the beginning, at its own pace; the first
 * one goes back in time and does its work again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Consumer, createEngine, json } from 'millrace'

interface Price {
  readonly cents: number
}

const OPENING_MS = Date.UTC(2026, 0, 5, 9)
const HOUR_MS = 3_600_000
const PRICES = [410, 420, 405, 390, 433]

await using engine = await createEngine({
  topics: { prices: { partitions: 1, codec: json<Price>() } },
})
await engine.producer().send<Price>({
  topic: 'prices',
  messages: PRICES.map((cents, hour) => ({
    key: 'tea',
    value: { cents },
    timestamp: OPENING_MS + hour * HOUR_MS,
  })),
})

let highest = 0
const board = engine.consumer<Price>({ groupId: 'board', topics: ['prices'], from: 'earliest' })
await board.run({
  eachMessage({ message }) {
    highest = Math.max(highest, message.value.cents)
  },
})
await drained(board)
console.log(`the day's highest price is ${highest}`)

highest = 0
const noon = OPENING_MS + 3 * HOUR_MS
const offset = await board.seek({ topic: 'prices', partition: 0, timestamp: noon })
await drained(board)
console.log(`from offset ${offset} on, which is noon, it is ${highest}`)

const audit = engine.consumer<Price>({ groupId: 'audit', topics: ['prices'], from: 'earliest' })
const seen: number[] = []
for await (const { value } of audit.consume({ until: 'end' })) seen.push(value.cents)
console.log(`another group reads all of them: ${seen.join(', ')}`)

async function drained(consumer: Consumer<Price>): Promise<void> {
  while (consumer.lag().messages > 0) await sleep(10)
}
