/**
 * A worker ends its thread in the middle of its work. Its partitions go to the others at once, what
 * it had not committed comes again, and every number is counted once all the same.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createEngine, json } from 'millrace'
import { COUNTED, FIELDS, SUM } from './counter.js'

const NUMBERS = 10_000
const PARTITIONS = 4

await using engine = await createEngine({
  topics: { numbers: { partitions: PARTITIONS, codec: json<number>() } },
})
const counts = new Float64Array(new SharedArrayBuffer(PARTITIONS * FIELDS * 8))
const deaths = new Int32Array(new SharedArrayBuffer(4))

const counter = engine.consumer<number>({
  groupId: 'counter',
  topics: ['numbers'],
  from: 'earliest',
})
counter.on('worker:crash', ({ workerId, restartMs }) => {
  console.error(`worker ${workerId} died, and is replaced in ${restartMs} ms`)
})
await counter.run({
  workers: 2,
  handler: new URL('./counter.js', import.meta.url),
  workerData: { counts, deaths },
})

const numbers = engine.publisher<number>('numbers')
for (let number = 1; number <= NUMBERS; number++) {
  while (!numbers.trySend(String(number), number)) await numbers.flushed()
}
await numbers.flushed()
while (counter.lag().messages > 0) await sleep(10)
await counter.close()

const { redelivered } = counter.stats()
console.log(`${deaths[0]} worker died, and ${redelivered > 0 ? 'some' : 'no'} numbers came twice`)
console.log(`${total(COUNTED)} numbers are counted, and their sum is ${total(SUM)}`)

function total(field: number): number {
  let sum = 0
  for (let at = field; at < counts.length; at += FIELDS) sum += counts[at] as number
  return sum
}
