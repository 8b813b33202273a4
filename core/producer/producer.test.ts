import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { bytes } from '../codec/bytes.js'
import { json } from '../codec/json.js'
import { utf8 } from '../codec/utf8.js'
import type { OutgoingMessage } from '../topic/message.js'
import { partitionOf } from '../topic/partitioner.js'
import { Fixture } from './fixture.test.helper.js'
import { Producer, type SendRequest } from './producer.js'

/** Four segments of 256 bytes: a message of 199 characters fills one. */
const TINY = { codec: utf8(), memory: 1024 }

function big(name: string): OutgoingMessage<string> {
  return { value: name.padEnd(199, '.') }
}

function names(received: readonly { readonly value: unknown }[]): string[] {
  return received.map(({ value }) => String(value).replace(/\.+$/, ''))
}

/** Lets everything run that does not need to wait. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A log that is full: a, b, c and d are in it. */
async function fullLog() {
  const fixture = new Fixture(TINY)
  fixture.hold()
  await fixture.producer.send({ topic: 'orders', messages: ['a', 'b', 'c', 'd'].map(big) })
  return fixture
}

test('a send answers with where its messages lie', async () => {
  const fixture = new Fixture({ codec: utf8() })
  const { producer } = fixture
  const messages = [{ value: 'a' }, { key: 'k', value: 'b' }, { value: null }]
  assert.deepEqual(await producer.send({ topic: 'orders', messages }), [
    { topic: 'orders', partition: 0, baseOffset: 0, count: 3 },
  ])
  assert.deepEqual(await producer.send({ topic: 'orders', messages: [{ value: 'd' }] }), [
    { topic: 'orders', partition: 0, baseOffset: 3, count: 1 },
  ])
  assert.deepEqual(
    fixture.drain().map(({ offset, key, value }) => [offset, key, value]),
    [
      [0, null, 'a'],
      [1, 'k', 'b'],
      [2, null, null],
      [3, null, 'd'],
    ],
  )
})

test('a send without messages writes nothing', async () => {
  const fixture = new Fixture({ codec: utf8() })
  assert.deepEqual(await fixture.producer.send({ topic: 'orders', messages: [] }), [])
  assert.deepEqual(fixture.drain(), [])
})

test('a send is published before it returns', () => {
  const fixture = new Fixture({ codec: utf8() })
  void fixture.producer.send({ topic: 'orders', messages: [{ value: 'a' }] })
  assert.deepEqual(names(fixture.drain()), ['a'])
})

test('frames of one run are one entry', async () => {
  const fixture = new Fixture({ codec: utf8() })
  const messages = Array.from({ length: 1000 }, (_, index) => ({ key: 'k', value: `${index}` }))
  assert.deepEqual(await fixture.producer.send({ topic: 'orders', messages }), [
    { topic: 'orders', partition: 0, baseOffset: 0, count: 1000 },
  ])
  const received = fixture.drain()
  assert.deepEqual(
    names(received),
    messages.map(({ value }) => value),
  )
  assert.equal(received.at(-1)?.frame, 3)
})

test('messages go to the partition of their key, or to the one that they name', async () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 5 })
  const messages = Array.from({ length: 40 }, (_, index) => ({ key: `c-${index}`, value: 'key' }))
  const named = [0, 1, 2, 3, 4].map((partition) => ({ key: 'k', value: 'named', partition }))
  const metadata = await fixture.producer.send({
    topic: 'orders',
    messages: [...messages, ...named],
  })
  assert.equal(
    metadata.reduce((sum, { count }) => sum + count, 0),
    45,
  )
  assert.deepEqual(metadata.map(({ partition }) => partition).sort(), [0, 1, 2, 3, 4])
  const received = fixture.drain()
  for (const { partition, key, value } of received) {
    if (value === 'named') continue
    const source = Buffer.from(key as string)
    assert.equal(partition, partitionOf(source, 0, source.length, 5))
  }
  const partitions = received.filter(({ value }) => value === 'named').map((one) => one.partition)
  assert.deepEqual(partitions, [0, 1, 2, 3, 4])
})

test('messages without a key go on with each send, and with each batch of a large one', async () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 3 })
  const send = (count: number) =>
    fixture.producer.send({
      topic: 'orders',
      messages: Array.from({ length: count }, () => ({ value: 'x' })),
    })
  const single = [await send(1), await send(1), await send(1)].flat()
  assert.deepEqual(single.map(({ partition }) => partition).sort(), [0, 1, 2])
  const large = await send(3 * 255)
  assert.deepEqual(
    large.map(({ count }) => count),
    [255, 255, 255],
  )
})

test('messages without a key stay together in one send', async () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 3 })
  const messages = ['a', 'b', 'c'].map((value) => ({ value }))
  const runs = await fixture.producer.send({ topic: 'orders', messages })
  assert.deepEqual(
    runs.map(({ count }) => count),
    [3],
  )
})

test('messages that choose their partition do not move where the others go', async () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 3 })
  const send = async (message: OutgoingMessage<string>) => {
    const [run] = await fixture.producer.send({ topic: 'orders', messages: [message] })
    return run?.partition ?? 0
  }
  const first = await send({ value: 'a' })
  for (const key of ['a', 'b', 'c', 'd']) await send({ key, value: 'keyed' })
  for (const partition of [0, 1, 2, 0]) await send({ value: 'named', partition })
  for (let full = 0; full < 2; full++) {
    const messages = Array.from({ length: 255 }, () => ({ key: 'k', value: 'keyed' }))
    await fixture.producer.send({ topic: 'orders', messages })
  }
  assert.equal(await send({ value: 'b' }), (first + 1) % 3)
})

test('headers and timestamps come back as they were', async () => {
  const fixture = new Fixture({ codec: json<unknown>() })
  const before = Date.now()
  await fixture.producer.send({
    topic: 'orders',
    messages: [
      { key: 'k', value: { a: 1 }, headers: { source: 'web', id: Buffer.from([1, 2]) } },
      { value: 2, headers: {}, timestamp: 0 },
      { value: null, headers: { '': '' }, timestamp: 8.64e15 },
      { key: null, value: [], headers: undefined, timestamp: undefined, partition: undefined },
    ],
  })
  const received = fixture.drain()
  assert.deepEqual(
    received.map(({ headers, value }) => [headers, value]),
    [
      [{ source: 'web', id: Buffer.from([1, 2]) }, { a: 1 }],
      [{}, 2],
      [{ '': '' }, null],
      [{}, []],
    ],
  )
  const [own, first, last] = received.map(({ timestamp }) => timestamp)
  assert.deepEqual([first, last], [0, 8.64e15])
  assert.ok((own ?? 0) >= before && (own ?? 0) <= Date.now())
})

const VALID = { key: 'k', value: 'valid' }
const bad = (message: object) => [VALID, VALID, message as OutgoingMessage<string>]

const FIELDS = 'key, value, headers, timestamp, partition'
const TIME = 'a timestamp of topic orders must be milliseconds from 0 to 8640000000000000, but is'
const LIMITS = 'topic orders has the partitions 0 to 1, but not'
const MESSAGE = 'a message for topic orders must be an object, but is'
const REFUSED: readonly [code: string, request: object, message: string, details?: object][] = [
  ['UNKNOWN_TOPIC', { topic: 'order' }, "there is no topic 'order'; there are orders"],
  ['UNKNOWN_TOPIC', { topic: undefined }, 'there is no topic undefined; there are orders'],
  [
    'UNKNOWN_OPTION',
    { acks: -1 },
    'request.acks is not an option; allowed are topic, messages, signal, timeoutMs',
  ],
  ['INVALID_OPTION', { messages: undefined }, 'messages must be an array, but is undefined'],
  ['INVALID_OPTION', { messages: VALID }, 'messages must be an array, but is an object'],
  [
    'INVALID_OPTION',
    { messages: [VALID, 'text'] },
    `${MESSAGE} 'text'`,
    { topic: 'orders', field: 'messages', received: 'text' },
  ],
  ['INVALID_OPTION', { messages: [VALID, null] }, `${MESSAGE} null`],
  [
    'INVALID_OPTION',
    { timeoutMs: -1 },
    'timeoutMs must be milliseconds from 0 to 2147483647, or Infinity, but is -1',
  ],
  ['INVALID_OPTION', { signal: {} }, 'signal must be an AbortSignal, but is an object'],
  [
    'UNKNOWN_OPTION',
    { messages: bad({ ...VALID, ttl: 3 }) },
    `a message has no field ttl; allowed are ${FIELDS}`,
    { field: 'ttl', allowed: FIELDS.split(', ') },
  ],
  [
    'INVALID_KEY',
    { messages: bad({ ...VALID, key: 7 }) },
    'a key of topic orders must be a string, a Uint8Array or null, but is 7',
  ],
  [
    'INVALID_KEY',
    { messages: bad({ ...VALID, key: '\ud800' }) },
    "a key of topic orders must be well-formed text, but is '\ud800'",
  ],
  [
    'INVALID_VALUE',
    { messages: bad({ key: 'k' }) },
    'a value of topic orders is undefined; a message without a value has null',
    { topic: 'orders', received: undefined },
  ],
  [
    'INVALID_VALUE',
    { messages: bad({ value: 7 }) },
    'codec utf8 takes a string, but the value is number',
  ],
  [
    'INVALID_HEADERS',
    { messages: bad({ ...VALID, headers: { a: 7 } }) },
    "header 'a' must be a string or a Uint8Array, but is 7",
  ],
  [
    'INVALID_HEADERS',
    { messages: bad({ ...VALID, headers: 'a' }) },
    "headers must be an object, but is 'a'",
  ],
  [
    'INVALID_HEADERS',
    { messages: bad({ ...VALID, headers: null }) },
    'headers must be an object, but is null',
  ],
  [
    'INVALID_TIMESTAMP',
    { messages: bad({ ...VALID, timestamp: -1 }) },
    `${TIME} -1`,
    { topic: 'orders', received: -1, max: 8.64e15 },
  ],
  ['INVALID_TIMESTAMP', { messages: bad({ ...VALID, timestamp: 9e15 }) }, `${TIME} ${9e15}`],
  ['INVALID_TIMESTAMP', { messages: bad({ ...VALID, timestamp: Number.NaN }) }, `${TIME} NaN`],
  ['INVALID_TIMESTAMP', { messages: bad({ ...VALID, timestamp: '5' }) }, `${TIME} '5'`],
  [
    'INVALID_PARTITION',
    { messages: bad({ ...VALID, partition: 2 }) },
    `${LIMITS} 2`,
    { topic: 'orders', received: 2, max: 1 },
  ],
  ['INVALID_PARTITION', { messages: bad({ ...VALID, partition: -1 }) }, `${LIMITS} -1`],
  ['INVALID_PARTITION', { messages: bad({ ...VALID, partition: 0.5 }) }, `${LIMITS} 0.5`],
  ['INVALID_PARTITION', { messages: bad({ ...VALID, partition: null }) }, `${LIMITS} null`],
  [
    'MESSAGE_TOO_LARGE',
    { messages: bad({ value: 'x'.repeat(1000) }) },
    'a message of topic orders has at most 456 bytes of value, key and headers, but this one has 1000',
  ],
]

for (const [code, request, message, details] of REFUSED) {
  test(`${code}, and nothing is written: ${JSON.stringify(request).slice(0, 110)}`, async () => {
    const fixture = new Fixture({ codec: utf8(), partitions: 2, memory: 4096 })
    const { producer } = fixture
    const whole = { topic: 'orders', messages: [VALID], ...request } as SendRequest
    const expected = { name: 'MillraceError', code, message }
    await assert.rejects(producer.send(whole), details ? { ...expected, details } : expected)
    await settle()
    assert.deepEqual(fixture.drain(), [])
    // What was refused does not turn up later either.
    await producer.send({ topic: 'orders', messages: [VALID] })
    assert.deepEqual(names(fixture.drain()), ['valid'])
  })
}

test('a request is an object', async () => {
  const fixture = new Fixture({ codec: utf8() })
  await assert.rejects(fixture.producer.send(null as unknown as SendRequest), {
    code: 'INVALID_OPTION',
    message: 'request must be an object, but is null',
  })
})

test('an unknown topic is told apart from those that there are', async () => {
  const fixture = new Fixture({ codec: utf8() })
  await assert.rejects(fixture.producer.send({ topic: 'order', messages: [] }), {
    message: "there is no topic 'order'; there are orders",
    details: { topic: 'order', known: ['orders'] },
  })
})

test('a send waits while the log is full', async () => {
  const fixture = await fullLog()
  let isDone = false
  const sent = fixture.producer.send({ topic: 'orders', messages: [big('e')] })
  void sent.then(() => {
    isDone = true
  })
  await settle()
  assert.equal(isDone, false)
  assert.deepEqual(names(fixture.drain()), ['a', 'b', 'c', 'd'])
  assert.deepEqual(await sent, [{ topic: 'orders', partition: 0, baseOffset: 4, count: 1 }])
  assert.deepEqual(names(fixture.drain()), ['e'])
})

test('a send that is larger than the log gets through piece by piece', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const expected = Array.from({ length: 50 }, (_, index) => `${index}`)
  const sent = fixture.producer.send({ topic: 'orders', messages: expected.map(big) })
  const received: string[] = []
  while (received.length < 50) {
    received.push(...names(fixture.drain()))
    await settle()
  }
  assert.deepEqual(received, expected)
  assert.deepEqual(await sent, [{ topic: 'orders', partition: 0, baseOffset: 0, count: 50 }])
})

test('those who wait get through in the order of their calls', async () => {
  const fixture = await fullLog()
  const other = new Producer(fixture.writers())
  const sends = ['e', 'f', 'g', 'h', 'i', 'j'].map((name, index) =>
    (index % 2 === 0 ? other : fixture.producer).send({ topic: 'orders', messages: [big(name)] }),
  )
  // A publisher does not overtake them.
  assert.equal(fixture.publisher.trySend(null, 'late'), false)
  const received = names(fixture.drain())
  await settle()
  received.push(...names(fixture.drain()))
  await Promise.all(sends)
  received.push(...names(fixture.drain()))
  assert.deepEqual(received, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
})

test('a send comes after what publishers have staged', async () => {
  const fixture = new Fixture({ codec: utf8() })
  fixture.publisher.trySend('k', 'staged')
  await fixture.producer.send({ topic: 'orders', messages: [{ key: 'k', value: 'sent' }] })
  fixture.publisher.trySend('k', 'later')
  fixture.publisher.flush()
  assert.deepEqual(names(fixture.drain()), ['staged', 'sent', 'later'])
})

test('a full partition does not hold up another one', async () => {
  const fixture = new Fixture({ ...TINY, partitions: 2, memory: 2048 })
  fixture.hold()
  const send = (partition: number, name: string) =>
    fixture.producer.send({ topic: 'orders', messages: [{ ...big(name), partition }] })
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => send(0, name)))
  const blocked = send(0, 'e')
  await send(1, 'f')
  assert.deepEqual(names(fixture.consumers[1]?.drain() ?? []), ['f'])
  fixture.drain()
  await blocked
})

test('two full partitions both get on', async () => {
  const fixture = new Fixture({ ...TINY, partitions: 2, memory: 2048 })
  fixture.hold()
  const send = (partition: number, name: string) =>
    fixture.producer.send({ topic: 'orders', messages: [{ ...big(name), partition }] })
  const sends = ['a', 'b', 'c', 'd', 'e'].map((name) => send(0, name))
  await settle() // The thread sleeps for one partition when it finds the other one full.
  sends.push(...['a', 'b', 'c', 'd', 'f'].map((name) => send(1, name)))
  await settle()
  fixture.consumers[1]?.drain()
  await sends[9]
  assert.deepEqual(names(fixture.consumers[1]?.drain() ?? []), ['f'])
  fixture.consumers[0]?.drain()
  await Promise.all(sends)
  assert.deepEqual(names(fixture.consumers[0]?.drain() ?? []), ['e'])
})

test('a signal ends the wait, and the message is never written', async () => {
  const fixture = await fullLog()
  const controller = new AbortController()
  const { signal } = controller
  const aborted = fixture.producer.send({ topic: 'orders', messages: [big('no')], signal })
  const later = fixture.producer.send({ topic: 'orders', messages: [big('e')] })
  await settle()
  const reason = new Error('the request was cancelled')
  controller.abort(reason)
  await assert.rejects(aborted, {
    name: 'AbortError',
    code: 'SEND_ABORTED',
    cause: reason,
    details: { topic: 'orders', written: [] },
  })
  await assert.rejects(fixture.producer.send({ topic: 'orders', messages: [big('no')], signal }), {
    name: 'AbortError',
    code: 'SEND_ABORTED',
    message: 'the send was aborted while the log was full',
    details: { topic: 'orders', written: [] },
  })
  const received = names(fixture.drain())
  await later
  received.push(...names(fixture.drain()))
  assert.deepEqual(received, ['a', 'b', 'c', 'd', 'e'])
})

test('a send that gives up leaves those behind it where they wait', async () => {
  const fixture = new Fixture({ codec: utf8(), memory: 2048, partitions: 2 })
  fixture.hold()
  const { producer, publisher } = fixture
  const to = (partition: number, ...texts: string[]) =>
    texts.map((text) => ({ ...big(text), partition }))
  const send = (messages: OutgoingMessage<string>[], signal?: AbortSignal) =>
    producer.send({ topic: 'orders', messages, ...(signal ? { signal } : {}) })
  const controller = new AbortController()
  await send(to(0, 'a', 'b', 'c'))
  await send(to(1, 'a', 'b', 'c', 'd'))
  // Its part of partition 0 is the last that fits there; it waits for partition 1 alone.
  const aborted = send([...to(0, 'd'), ...to(1, 'no')], controller.signal)
  const second = new AbortController()
  const behind = send(to(0, 'no'), second.signal)
  const last = send(to(0, 'e'))
  controller.abort()
  await assert.rejects(aborted, { code: 'SEND_ABORTED' })
  second.abort()
  await assert.rejects(behind, { code: 'SEND_ABORTED' })
  const key = [...'abcdef'].find((text) => partitionOf(Buffer.from(text), 0, 1, 2) === 0) as string
  assert.equal(publisher.trySend(key, 'early'), false, 'it would pass the one that waits')
  const received = fixture.drain()
  await last
  received.push(...fixture.drain())
  const zero = received.filter(({ partition }) => partition === 0)
  assert.deepEqual(names(zero), ['a', 'b', 'c', 'd', 'e'])
})

test('a send that gives up behind staged messages does not let others pass them', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const { producer, publisher } = fixture
  while (publisher.trySend(null, 'x'.repeat(199)));
  const controller = new AbortController()
  const { signal } = controller
  const aborted = producer.send({ topic: 'orders', messages: [big('no')], signal })
  controller.abort()
  await assert.rejects(aborted, { code: 'SEND_ABORTED' })
  assert.equal(publisher.trySend(null, 'early'), false)
  fixture.table.close()
  await settle()
})

test('an error says what was written before the wait ended', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const controller = new AbortController()
  const messages = ['a', 'b', 'c', 'd', 'e', 'f'].map(big)
  const { signal } = controller
  const sent = fixture.producer.send({ topic: 'orders', messages, signal })
  controller.abort()
  const written = [{ topic: 'orders', partition: 0, baseOffset: 0, count: 4 }]
  await assert.rejects(sent, { code: 'SEND_ABORTED', details: { topic: 'orders', written } })
  const received = names(fixture.drain())
  await settle()
  received.push(...names(fixture.drain()))
  assert.deepEqual(received, ['a', 'b', 'c', 'd'])
})

test('a time limit ends the wait', async () => {
  const fixture = await fullLog()
  for (const timeoutMs of [0, 2]) {
    await assert.rejects(
      fixture.producer.send({ topic: 'orders', messages: [big('no')], timeoutMs }),
      {
        code: 'SEND_TIMEOUT',
        message: `the log was full for ${timeoutMs} ms`,
        details: { topic: 'orders', written: [] },
      },
    )
  }
  assert.deepEqual(names(fixture.drain()), ['a', 'b', 'c', 'd'])
  await settle()
  assert.deepEqual(names(fixture.drain()), [])
})

test('signals and time limits leave nothing behind once a send is done', async () => {
  const fixture = await fullLog()
  const controller = new AbortController()
  const { signal } = controller
  const sent = fixture.producer.send({
    topic: 'orders',
    messages: [big('e')],
    signal,
    timeoutMs: 60_000, // Would keep this process alive.
  })
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  fixture.drain()
  await sent
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  controller.abort()
  await settle()
  assert.deepEqual(names(fixture.drain()), ['e'])
})

test('a thread that gave up waiting does not keep the process alive', async () => {
  const fixture = await fullLog()
  await assert.rejects(
    fixture.producer.send({ topic: 'orders', messages: [big('no')], timeoutMs: 0 }),
  )
  await settle()
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout'),
    [],
  )
})

test('closing a producer rejects those who wait, and its later sends', async () => {
  const fixture = await fullLog()
  const other = new Producer(fixture.writers())
  const mine = fixture.producer.send({ topic: 'orders', messages: [big('no')] })
  const theirs = other.send({ topic: 'orders', messages: [big('e')] })
  await settle()
  const closed = {
    code: 'PRODUCER_CLOSED',
    message: 'the producer is closed',
  }
  await Promise.all([assert.rejects(mine, closed), fixture.producer.close()])
  await fixture.producer.close()
  await assert.rejects(fixture.producer.send({ topic: 'orders', messages: [big('no')] }), {
    ...closed,
    details: { written: [] },
  })
  const received = names(fixture.drain())
  await theirs
  received.push(...names(fixture.drain()))
  assert.deepEqual(received, ['a', 'b', 'c', 'd', 'e'])
})

test('a producer closes at the end of its block', async () => {
  const fixture = new Fixture({ codec: utf8() })
  let outlived: Producer
  {
    await using producer = new Producer(fixture.writers())
    outlived = producer
    await producer.send({ topic: 'orders', messages: [{ value: 'a' }] })
  }
  await assert.rejects(outlived.send({ topic: 'orders', messages: [] }), {
    code: 'PRODUCER_CLOSED',
  })
})

test('closing the engine rejects those who wait, and later sends', async () => {
  const fixture = await fullLog()
  const sent = fixture.producer.send({ topic: 'orders', messages: ['e', 'f'].map(big) })
  await settle()
  fixture.table.close()
  await assert.rejects(sent, {
    code: 'ENGINE_CLOSED',
    message: 'the engine is closed',
    details: { topic: 'orders', written: [] },
  })
  await assert.rejects(fixture.producer.send({ topic: 'orders', messages: [] }), {
    code: 'ENGINE_CLOSED',
  })
})

test('batches are used again, and their content does not mix', async () => {
  const fixture = new Fixture({ codec: bytes(), partitions: 3 })
  for (let round = 0; round < 100; round++) {
    const messages = Array.from({ length: 20 }, (_, index) => ({
      value: Buffer.alloc(index * 7, round),
      partition: index % 3,
    }))
    await fixture.producer.send({ topic: 'orders', messages })
    const received = fixture.drain()
    assert.equal(received.length, 20)
    for (const { value } of received) {
      assert.ok((value as Buffer).every((byte) => byte === round))
    }
  }
})
