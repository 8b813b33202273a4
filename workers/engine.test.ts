import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes } from '../core/codec/bytes.js'
import { defineCodec } from '../core/codec/codec.js'
import { json } from '../core/codec/json.js'
import { utf8 } from '../core/codec/utf8.js'
import { createEngine, type EngineOptions } from './engine.js'
import { drain, openEngine, range, refusal, sendTogether } from './engine.test.helper.js'

const TOPICS = {
  orders: { partitions: 2, codec: json(), memory: '64KiB' },
  lines: { partitions: 1, codec: utf8(), memory: '64KiB' },
}

function topic(options: object): EngineOptions {
  return { topics: { orders: { partitions: 1, codec: json(), ...options } } } as EngineOptions
}

const BAD_ENGINES: readonly [string, string, unknown, ...string[]][] = [
  ['no options', 'INVALID_OPTION', undefined, 'engine', 'undefined'],
  ['no topics', 'INVALID_OPTION', { topics: {} }, 'topics'],
  ['topics that are no object', 'INVALID_OPTION', { topics: 'orders' }, 'topics', "'orders'"],
  ['an unknown option', 'UNKNOWN_OPTION', { topics: TOPICS, brokers: 3 }, 'brokers', 'topics'],
  ['an unknown option of a topic', 'UNKNOWN_OPTION', topic({ retention: 1 }), 'orders.retention'],
  ['no partitions', 'INVALID_OPTION', topic({ partitions: 0 }), 'orders.partitions', '1024'],
  ['no codec', 'INVALID_OPTION', topic({ codec: undefined }), 'orders.codec'],
  ['a bad name', 'INVALID_OPTION', { topics: { 'or/ders': topic({}) } }, "'or/ders'"],
  ['too little memory', 'MEMORY_TOO_SMALL', topic({ memory: 512 }), 'orders.memory', '1024', '512'],
  [
    'memory too small for one message',
    'MEMORY_TOO_SMALL',
    topic({ memory: '64KiB', maxMessageBytes: 20_000 }),
    'orders.memory',
    '131072',
    '20000',
  ],
]
for (const [what, code, options, ...parts] of BAD_ENGINES) {
  test(`an engine with ${what} is refused`, async () => {
    await assert.rejects(createEngine(options as EngineOptions), refusal(code, ...parts))
  })
}

const BAD_MESSAGES: readonly [string, string, object, ...string[]][] = [
  ['an unknown topic', 'UNKNOWN_TOPIC', { topic: 'order' }, "'order'", 'orders'],
  ['an unknown option', 'UNKNOWN_OPTION', { acks: 1 }, 'acks', 'messages'],
  ['no messages', 'INVALID_OPTION', { messages: undefined }, 'messages'],
  ['a key of the wrong type', 'INVALID_KEY', { messages: [{ key: 17, value: 1 }] }, '17'],
  ['an unknown field', 'UNKNOWN_OPTION', { messages: [{ value: 1, ttl: 5 }] }, 'ttl'],
  ['no value', 'INVALID_VALUE', { messages: [{ key: 'a' }] }, 'undefined'],
  ['a value that is no JSON', 'INVALID_VALUE', { messages: [{ value: 1n }] }, 'json'],
  ['a value of the wrong type', 'INVALID_VALUE', { topic: 'lines' }, 'utf8', 'string'],
  ['a timestamp before 1970', 'INVALID_TIMESTAMP', { messages: [{ value: 1, timestamp: -1 }] }],
  ['headers that are no object', 'INVALID_HEADERS', { messages: [{ value: 1, headers: 'x' }] }],
  [
    'a partition that is not there',
    'INVALID_PARTITION',
    { messages: [{ value: 1, partition: 2 }] },
    '0 to 1',
    '2',
  ],
  [
    'a message that is too large',
    'MESSAGE_TOO_LARGE',
    { messages: [{ value: 'x'.repeat(100_000) }] },
    '100002',
  ],
]
for (const [what, code, request, ...parts] of BAD_MESSAGES) {
  test(`a send with ${what} is refused, and nothing of it is written`, async (t) => {
    const engine = await openEngine(t, TOPICS)
    const bad = { topic: 'orders', messages: [{ value: 1 }], ...request }
    // A good one goes before, in the same call.
    const messages = Array.isArray(bad.messages) ? [{ value: 'good' }, ...bad.messages] : undefined
    const sent = engine.producer().send({ ...bad, messages } as never)
    await assert.rejects(sent, refusal(code, ...parts))
    assert.deepEqual(await drain(engine, 'all', 'orders'), [])
    assert.deepEqual(await drain(engine, 'all-lines', 'lines'), [])
  })
}

test('a publisher refuses what does not fit, and publishes the rest', async (t) => {
  const engine = await openEngine(t, TOPICS)
  assert.throws(() => engine.publisher('order'), refusal('UNKNOWN_TOPIC', "'order'"))
  const publisher = engine.publisher<unknown>('orders')
  publisher.trySend('a', 'before')
  assert.throws(() => publisher.trySend(17 as never, 1), refusal('INVALID_KEY'))
  assert.throws(() => publisher.trySend('a', 1n), refusal('INVALID_VALUE'))
  assert.throws(() => publisher.trySend('a', 'x'.repeat(100_000)), refusal('MESSAGE_TOO_LARGE'))
  publisher.trySend('a', 'after')
  await publisher.flushed()
  const values = (await drain(engine, 'all', 'orders')).map(({ value }) => value)
  assert.deepEqual(values, ['before', 'after'])
})

test('after close everything is refused with its code', async (t) => {
  const engine = await openEngine(t, TOPICS)
  const producer = engine.producer()
  const other = engine.producer()
  const publisher = engine.publisher('orders')
  const consumer = engine.consumer({ groupId: 'billing', topics: ['orders'] })
  await producer.close()
  const request = { topic: 'orders', messages: [{ value: 1 }] }
  await assert.rejects(producer.send(request), refusal('PRODUCER_CLOSED'))
  await other.send(request)
  await engine.close()
  await assert.rejects(other.send(request), refusal('PRODUCER_CLOSED'))
  assert.throws(() => publisher.trySend('a', 1), refusal('ENGINE_CLOSED'))
  await assert.rejects(consumer.run({ eachMessage() {} }), refusal('CONSUMER_CLOSED'))
  assert.throws(() => engine.producer(), refusal('ENGINE_CLOSED'))
  assert.throws(() => engine.publisher('orders'), refusal('ENGINE_CLOSED'))
  assert.throws(() => engine.deadLetters('billing'), refusal('ENGINE_CLOSED'))
  assert.throws(() => engine.handle(), refusal('ENGINE_CLOSED'))
  assert.throws(() => consumer.lag(), refusal('ENGINE_CLOSED'))
  const options = { groupId: 'late', topics: ['orders'] }
  assert.throws(() => engine.consumer(options), refusal('ENGINE_CLOSED'))
  await assert.rejects(engine.deleteGroup('billing'), refusal('ENGINE_CLOSED'))
})

test('closing twice is closing once, and `await using` closes', async (t) => {
  const engine = await openEngine(t, TOPICS)
  assert.equal(engine.close(), engine.close())
  await engine[Symbol.asyncDispose]()
  assert.throws(() => engine.close({ timeout: 1 } as never), refusal('UNKNOWN_OPTION', 'timeoutMs'))
})

test('a send that waits for space is rejected by close, and says what is written', async (t) => {
  const engine = await openEngine(t, TOPICS)
  const consumer = engine.consumer({ groupId: 'slow', topics: ['orders'], from: 'earliest' })
  await consumer.run({ eachMessage: () => {} })
  await consumer.close()
  const messages = range(100).map(() => ({ value: 'x'.repeat(2000), partition: 0 }))
  const sent = engine.producer().send({ topic: 'orders', messages })
  const rejected = assert.rejects(sent, (error: Error) => {
    refusal('PRODUCER_CLOSED')(error)
    const { written } = Reflect.get(error, 'details')
    assert.ok(written[0].count > 0 && written[0].count < 100)
    return true
  })
  await engine.close()
  await rejected
})

test('an engine refuses to go to other threads with a codec that they cannot load', async (t) => {
  const codec = defineCodec<string>({
    name: 'reverse',
    encode: (value, target) => target.utf8([...value].reverse().join('')),
    decode: (source, from, to) => [...source.toString('utf8', from, to)].reverse().join(''),
  })
  const engine = await openEngine(t, { words: { partitions: 1, codec, memory: '64KiB' } })
  assert.throws(() => engine.handle(), refusal('CODEC_NOT_PORTABLE', 'reverse', 'module'))
  const consumer = engine.consumer({ groupId: 'readers', topics: ['words'], from: 'earliest' })
  const handler = new URL('file:///handler.js')
  await assert.rejects(consumer.run({ workers: 1, handler }), refusal('CODEC_NOT_PORTABLE'))
  // In its own thread it does.
  await sendTogether(engine, 'words', ['abc'])
  assert.deepEqual(
    (await drain(engine, 'readers', 'words')).map(({ value }) => value),
    ['abc'],
  )
})

test('a group that is deleted holds nothing any more', async (t) => {
  const engine = await openEngine(t, {
    blobs: { partitions: 1, codec: bytes(), memory: '64KiB' },
  })
  const options = { groupId: 'slow', topics: ['blobs'], from: 'earliest' } as const
  const consumer = engine.consumer(options)
  await consumer.run({ eachMessage: () => {} })
  await assert.rejects(engine.deleteGroup('slow'), refusal('GROUP_CONFLICT', 'slow', 'members'))
  await consumer.close()
  const publisher = engine.publisher<Uint8Array>('blobs')
  const blob = Buffer.alloc(2000)
  let taken = 0
  while (publisher.trySend(null, blob)) taken++
  assert.ok(taken < 40)
  const waiting = publisher.flushed()
  await engine.deleteGroup('slow')
  await waiting
  for (let count = 0; count < 100; count++) publisher.sendSync(null, blob, { timeoutMs: 10_000 })
  await engine.deleteGroup('slow')
  await assert.rejects(engine.deadLetters('slow').count(), refusal('UNKNOWN_GROUP', "'slow'"))
})
