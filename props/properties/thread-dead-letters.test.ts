import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as memory from '#memory'
import {
  bytes,
  type Consumer,
  createEngine,
  type DeadLetter,
  type Engine,
} from '../../workers/index.js'
import { Random } from '../chaos/random.js'
import { until } from '../chaos/until.js'
import type { PoisonData } from './thread-poison-handler.js'

const RECORDS = 6000
const POISON_EVERY = 40
const KEYS = 16
const KILLS = 12
const HEADERS = { origin: 'test', blob: Buffer.from([0, 255, 7]) }

function payload(number: number): Buffer {
  const value = Buffer.alloc(8 + (number % 50), number & 0xff)
  value.writeUInt32LE(number, 0)
  return value
}

test('dlq-complete: workers die, and each poisoned record is in the dead letters exactly once', async () => {
  await using engine = await createEngine({
    topics: { samples: { partitions: 4, codec: bytes(), memory: '4MiB' } },
  })
  const deliveries = memory.allocate(RECORDS * 4)
  const handled = memory.allocate(RECORDS * 4)
  const workerData: PoisonData = {
    deliveries: deliveries.buffer,
    handled: handled.buffer,
    poisonEvery: POISON_EVERY,
  }
  const consumer = engine.consumer({ groupId: 'poisoned', topics: ['samples'], from: 'earliest' })
  const handler = new URL('./thread-poison-handler.js', import.meta.url)
  await consumer.run({ workers: 3, handler, workerData })

  await Promise.all([send(engine), kill(consumer)])
  await until('the group drained', () => consumer.lag().messages === 0)
  await consumer.close()

  const letters = new Map<number, DeadLetter>()
  for await (const letter of engine.deadLetters('poisoned').peek()) {
    assert.ok(letter.value)
    const number = letter.value.readUInt32LE(0)
    assert.equal(letters.has(number), false, `record ${number} has two dead letters`)
    letters.set(number, letter)
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
})

async function send(engine: Engine): Promise<void> {
  const producer = engine.producer()
  for (let number = 0; number < RECORDS; number++) {
    const message = { key: `key-${number % KEYS}`, value: payload(number), headers: HEADERS }
    await producer.send({ topic: 'samples', messages: [message] })
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
