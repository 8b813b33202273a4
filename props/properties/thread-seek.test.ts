import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as memory from '#memory'
import { bytes, createEngine, type Engine } from '../../workers/index.js'
import { Random } from '../chaos/random.js'
import { encodeSample } from '../chaos/sample.js'
import { until } from '../chaos/until.js'
import { assertClean } from '../history/checker.js'
import { type Lane, Recorder } from '../history/recorder.js'
import { GROUP, HANDLED, type SeekData, TORN } from './thread-seek-handler.js'

const SEEKS = 300
const BATCH = 50
const EVENTS_MAX = 1_000_000
/** Processes of the history that share this thread. No thread has such a number. */
const PRODUCER = 2 ** 30
const SEEKER = 2 ** 30 + 1

test('a seek never frees what the owner has in hand, though producers go round the log', async () => {
  await using engine = await createEngine({
    topics: { samples: { partitions: 1, codec: bytes(), memory: '64KiB' } },
  })
  const { words, buffer } = memory.allocate(64)
  const recorder = new Recorder(EVENTS_MAX)
  const workerData: SeekData = { counts: buffer, events: recorder.buffer }
  const consumer = engine.consumer({ groupId: 'group', topics: ['samples'], from: 'earliest' })
  const handler = new URL('./thread-seek-handler.js', import.meta.url)
  await consumer.run({ workers: 1, handler, workerData })

  const stop = new AbortController()
  let hasSentAll = false
  const sent = send(engine, recorder.lane(PRODUCER), stop.signal).then(() => {
    hasSentAll = true
  })
  const random = new Random(1)
  const seeker = recorder.lane(SEEKER)
  for (let seeks = 0; seeks < SEEKS; seeks++) {
    await sleep(random.integer(1, 4))
    const offset = random.pick(['latest', 'latest', 'earliest'] as const)
    // Nobody says which offset that is by the time of the seek.
    seeker.seeks(GROUP, 0)
    await consumer.seek({ topic: 'samples', partition: 0, offset })
    seeker.sought(GROUP, 0)
  }
  stop.abort()
  await until('the producer found space', () => hasSentAll)
  await sent
  await until('the group drained', () => consumer.lag().messages === 0)
  await consumer.close()

  assert.ok(memory.load(words, HANDLED) > 0)
  assert.equal(memory.load(words, TORN), 0)
  assert.equal(consumer.stats().failed, 0)
  assertClean(recorder.history())
})

async function send(engine: Engine, lane: Lane, signal: AbortSignal): Promise<void> {
  const producer = engine.producer()
  for (let sequence = 0; !signal.aborted; ) {
    const messages = Array.from({ length: BATCH }, () => {
      const sample = { producer: 0, sequence: sequence++, key: 0 }
      return { key: 'key', value: encodeSample(sample, 84) }
    })
    const first = sequence - BATCH
    for (let number = first; number < sequence; number++) lane.sends(0, number)
    let number = first
    for (const { baseOffset, count } of await producer.send({ topic: 'samples', messages })) {
      for (let index = 0; index < count; index++) lane.sent(0, number++, baseOffset + index)
    }
  }
}
