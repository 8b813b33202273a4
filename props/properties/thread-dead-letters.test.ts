import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import * as memory from '#memory'
import { partitionOf } from '../../core/topic/partitioner.js'
import {
  bytes,
  type Consumer,
  createEngine,
  type DeadLetter,
  type Engine,
} from '../../workers/index.js'
import { Random } from '../chaos/random.js'
import { until } from '../chaos/until.js'
import { assertClean } from '../history/checker.js'
import { type Lane, Recorder } from '../history/recorder.js'
import { GROUP, type PoisonData } from './thread-poison-handler.js'

const RECORDS = 6000
const POISON_EVERY = 40
const KEYS = 16
const PARTITIONS = 4
const KILLS = 12
const HEADERS = { origin: 'test', blob: Buffer.from([0, 255, 7]) }

function payload(number: number): Buffer {
  const value = Buffer.alloc(8 + (number % 50), number & 0xff)
  value.writeUInt32LE(number, 0)
  return value
}

test('dlq-complete: workers die, and each poisoned record is in the dead letters exactly once', async () => {
  await using engine = await createEngine({
    topics: { samples: { partitions: PARTITIONS, codec: bytes(), memory: '4MiB' } },
  })
  const deliveries = memory.allocate(RECORDS * 4)
  const handled = memory.allocate(RECORDS * 4)
  const recorder = new Recorder(RECORDS * 20)
  const lane = recorder.lane(threadId)
  const workerData: PoisonData = {
    deliveries: deliveries.buffer,
    handled: handled.buffer,
    poisonEvery: POISON_EVERY,
    flakyEvery: POISON_EVERY,
    events: recorder.buffer,
  }
  const consumer = engine.consumer({
    groupId: 'poisoned',
    topics: ['samples'],
    from: 'earliest',
    retry: { backoff: { initialMs: 10, maxMs: 10 } },
  })
  const handler = new URL('./thread-poison-handler.js', import.meta.url)
  await consumer.run({ workers: 3, handler, workerData })

  await Promise.all([send(engine, lane), kill(consumer)])
  await until('the group drained', () => consumer.lag().messages === 0)
  await consumer.close()

  const letters = new Map<number, DeadLetter>()
  for await (const letter of engine.deadLetters('poisoned').peek()) {
    assert.ok(letter.value)
    const number = letter.value.readUInt32LE(0)
    assert.equal(letters.has(number), false, `record ${number} has two dead letters`)
    letters.set(number, letter)
    lane.peeked(GROUP, letter.partition, letter.offset)
  }
  for (let number = 0; number < RECORDS; number++) {
    const letter = letters.get(number)
    const isPoisoned = number % POISON_EVERY === 0
    assert.equal(letter !== undefined, isPoisoned, `dead letter of record ${number}`)
    assert.equal(memory.load(handled.words, number) > 0, !isPoisoned, `record ${number} handled`)
    if (letter === undefined) continue
    assert.deepEqual(letter.value, payload(number))
    assert.equal(letter.key, `key-${number % KEYS}`)
    assert.equal(letter.reason, 'rejected')
    assert.equal(letter.headers.origin, HEADERS.origin)
    assert.deepEqual(letter.headers.blob, HEADERS.blob)
  }
  assertClean(recorder.history(), { drained: true })
})

async function send(engine: Engine, lane: Lane): Promise<void> {
  const producer = engine.producer()
  for (let number = 0; number < RECORDS; number++) {
    const key = `key-${number % KEYS}`
    const bytes = Buffer.from(key)
    lane.sends(partitionOf(bytes, 0, bytes.length, PARTITIONS), number, number % KEYS)
    const message = { key, value: payload(number), headers: HEADERS }
    const [sent] = await producer.send({ topic: 'samples', messages: [message] })
    assert.ok(sent)
    lane.sent(sent.partition, number, sent.baseOffset)
    if (number % 20 === 0) await sleep(1)
  }
}

async function kill(consumer: Consumer): Promise<void> {
  const random = new Random(1)
  for (let kills = 0; kills < KILLS; ) {
    await sleep(random.integer(1, 60))
    const { workers } = consumer
    if (workers.length === 0) continue
    await random.pick(workers).terminate()
    kills++
  }
}
