/**
 * A Node stream at the producer's end. The topic's memory is small and the reader is slow, so the
 * log is full most of the time: the source is paused then, and nothing piles up.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createEngine, utf8 } from 'millrace'

const LINES = 5_000

await using engine = await createEngine({
  topics: { lines: { partitions: 1, codec: utf8(), memory: '64KiB' } },
})

// The group comes first: what no group reads makes way for what is newer.
const reader = engine.consumer<string>({ groupId: 'reader', topics: ['lines'], from: 'earliest' })
let received = 0
let characters = 0
await reader.run({
  async eachBatch({ batch }) {
    await sleep(1)
    while (batch.next()) {
      received++
      characters += batch.value.length
    }
  },
})

function* lines() {
  for (let number = 1; number <= LINES; number++) yield { value: `line ${number}` }
}
await pipeline(Readable.from(lines()), engine.producer().asStream('lines'))
while (reader.lag().messages > 0) await sleep(10)
console.log(`${received} lines with ${characters} characters went through 64 KiB`)
