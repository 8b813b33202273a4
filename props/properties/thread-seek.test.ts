import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as memory from '#memory'
import { bytes, createEngine, type Engine } from '../../workers/index.js'
import { Random } from '../chaos/random.js'
import { encodeSample } from '../chaos/sample.js'
import { until } from '../chaos/until.js'
import { HANDLED, TORN } from './thread-seek-handler.js'

const SEEKS = 300
const BATCH = 50

test('a seek never frees what the owner has in hand, though producers go round the log', async () => {
  await using engine = await createEngine({
    topics: { samples: { partitions: 1, codec: bytes(), memory: '64KiB' } },
  })
  const { words, buffer } = memory.allocate(64)
  const consumer = engine.consumer({ groupId: 'group', topics: ['samples'], from: 'earliest' })
  const handler = new URL('./thread-seek-handler.js', import.meta.url)
  await consumer.run({ workers: 1, handler, workerData: buffer })

  const stop = new AbortController()
  let hasSentAll = false
  const sent = send(engine, stop.signal).then(() => {
    hasSentAll = true
  })
  const random = new Random(1)
  for (let seeks = 0; seeks < SEEKS; seeks++) {
    await sleep(random.integer(1, 4))
    const offset = random.pick(['latest', 'latest', 'earliest'] as const)
    await consumer.seek({ topic: 'samples', partition: 0, offset })
  }
  stop.abort()
  await until('the producer found space', () => hasSentAll)
  await sent
  await until('the group drained', () => consumer.lag().messages === 0)
  await consumer.close()

  assert.ok(memory.load(words, HANDLED) > 0)
  assert.equal(memory.load(words, TORN), 0)
  assert.equal(consumer.stats().failed, 0)
})

async function send(engine: Engine, signal: AbortSignal): Promise<void> {
  const producer = engine.producer()
  for (let sequence = 0; !signal.aborted; ) {
    const messages = Array.from({ length: BATCH }, () => {
      const sample = { producer: 0, sequence: sequence++, key: 0, keySequence: 0 }
      return { key: 'key', value: encodeSample(sample, 84) }
    })
    await producer.send({ topic: 'samples', messages })
  }
}
