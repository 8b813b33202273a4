import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memory from '#memory'
import { bytes } from '../codec/bytes.js'
import type { Codec } from '../codec/codec.js'
import { json } from '../codec/json.js'
import { utf8 } from '../codec/utf8.js'
import { Appender, type FrameContent } from '../log/appender.js'
import { SPACE_WAITERS_WORD } from '../log/layout.js'
import { repairLog } from '../log/repair.js'
import { hasSleepers } from '../log/wait-set.js'
import { partitionOf } from '../topic/partitioner.js'
import { Fixture } from './fixture.test.helper.js'
import type { Publisher } from './publisher.js'

/** Four segments of 256 bytes: every message of 200 characters fills one. */
const TINY = { codec: utf8(), memory: 1024 }

/** Sends until the log is full. @returns what was taken */
function fill(publisher: Publisher<string>, prefix = ''): string[] {
  const taken: string[] = []
  for (;;) {
    const text = `${prefix}${taken.length}`.padEnd(199, 'x')
    if (!publisher.trySend(null, text)) return taken
    taken.push(text)
  }
}

function values(received: readonly { readonly value: unknown }[]): unknown[] {
  return received.map(({ value }) => value)
}

/** Lets everything run that does not need to wait. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('a message is published at the end of the tick', async () => {
  const { publisher, ...fixture } = new Fixture({ codec: utf8() })
  const { consumers } = fixture
  assert.equal(publisher.trySend('c-17', 'one'), true)
  assert.equal(publisher.trySend(null, 'two'), true)
  assert.deepEqual(consumers[0]?.drain(), [])
  await null
  const received = consumers[0]?.drain() ?? []
  assert.deepEqual(
    received.map(({ key, value, offset, frame }) => ({ key, value, offset, frame })),
    [
      { key: 'c-17', value: 'one', offset: 0, frame: 0 },
      { key: null, value: 'two', offset: 1, frame: 0 },
    ],
  )
})

test('flush publishes at once', () => {
  const fixture = new Fixture({ codec: utf8() })
  fixture.publisher.trySend(null, 'one')
  assert.equal(fixture.publisher.flush(), true)
  assert.deepEqual(values(fixture.drain()), ['one'])
  assert.equal(fixture.publisher.flush(), true)
  assert.deepEqual(fixture.drain(), [])
})

test('a frame is published as soon as it is full', () => {
  const fixture = new Fixture({ codec: utf8() })
  for (let number = 0; number < 300; number++) fixture.publisher.trySend(null, `${number}`)
  assert.equal(fixture.drain().length, 255)
  fixture.publisher.flush()
  assert.equal(fixture.drain().length, 45)
})

test('keys, tombstones and an empty value come back as they were', () => {
  const fixture = new Fixture({ codec: bytes() })
  const { publisher } = fixture
  publisher.trySend('text', Buffer.from('a'))
  publisher.trySend(Buffer.from('bytes'), Buffer.from('b'))
  publisher.trySend(undefined, Buffer.alloc(0))
  publisher.trySend('', null)
  publisher.trySend(new Uint8Array(0), null)
  publisher.trySend('ключ', null)
  publisher.trySend('long '.repeat(20), null)
  publisher.trySend(Buffer.alloc(300, 7), null)
  publisher.flush()
  assert.deepEqual(
    fixture.drain().map(({ key, value }) => [key, value]),
    [
      ['text', Buffer.from('a')],
      [Buffer.from('bytes'), Buffer.from('b')],
      [null, Buffer.alloc(0)],
      ['', null],
      [Buffer.alloc(0), null],
      ['ключ', null],
      ['long '.repeat(20), null],
      [Buffer.alloc(300, 7), null],
    ],
  )
})

test('a key goes where Kafka puts it, be it text or bytes', () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 7 })
  const keys = ['a', 'foobar', 'ключ', ...Array.from({ length: 50 }, (_, index) => `c-${index}`)]
  for (const key of keys) {
    fixture.publisher.trySend(key, key)
    fixture.publisher.trySend(Buffer.from(key), key)
  }
  fixture.publisher.flush()
  const received = fixture.drain()
  assert.equal(received.length, 2 * keys.length)
  for (const { partition, value } of received) {
    const key = Buffer.from(value as string)
    assert.equal(partition, partitionOf(key, 0, key.length, 7))
  }
})

test('messages without a key stay together, and go on with each batch', async () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 3 })
  for (let number = 0; number < 4; number++) {
    fixture.publisher.trySend(null, 'a')
    fixture.publisher.trySend(null, 'b')
    await null
  }
  for (let number = 0; number < 3 * 255; number++) fixture.publisher.trySend(null, 'c')
  const counts = fixture.consumers.map((consumer) => {
    const received = values(consumer.drain())
    return ['a', 'b', 'c'].map((text) => received.filter((value) => value === text).length)
  })
  assert.deepEqual(counts.sort(), [
    [1, 1, 255],
    [1, 1, 255],
    [2, 2, 255],
  ])
})

test('a full log takes no more, and loses nothing', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const taken = fill(fixture.publisher)
  assert.equal(taken.length, 5) // Four segments, and what is staged.
  assert.equal(fixture.publisher.trySend(null, 'no'), false)
  assert.equal(fixture.publisher.flush(), false)
  assert.deepEqual(values(fixture.drain()), taken.slice(0, 4))
  await settle()
  assert.deepEqual(values(fixture.drain()), taken.slice(4))
  assert.equal(fixture.publisher.trySend(null, 'yes'), true)
  await null
  assert.deepEqual(values(fixture.drain()), ['yes'])
})

test('a log that was full goes on with trySend alone', () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const sent: string[] = []
  const received: unknown[] = []
  for (let round = 0; round < 50; round++) {
    sent.push(...fill(fixture.publisher, `${round}-`))
    received.push(...values(fixture.drain()))
  }
  fixture.publisher.flush()
  received.push(...values(fixture.drain()))
  assert.deepEqual(received, sent)
})

test('messages without a key go past a full partition', () => {
  const fixture = new Fixture({ ...TINY, memory: 2048, partitions: 2 })
  fixture.hold()
  const [stopped, running] = fixture.consumers
  const sent: string[] = []
  const received: unknown[] = []
  for (let round = 0; round < 20; round++) {
    sent.push(...fill(fixture.publisher, `${round}-`))
    received.push(...values(running?.drain() ?? []))
  }
  assert.equal(received.length > sent.length / 2, true)
  fixture.publisher.flush()
  received.push(...values(running?.drain() ?? []))
  received.push(...values(stopped?.drain() ?? []))
  fixture.publisher.flush()
  received.push(...values(fixture.drain()))
  assert.deepEqual(received.sort(), sent.sort())
})

test('flushed waits for space', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const taken = fill(fixture.publisher)
  let isDone = false
  const flushed = fixture.publisher.flushed().then(() => {
    isDone = true
  })
  await settle()
  assert.equal(isDone, false)
  assert.equal(fixture.publisher.trySend(null, 'no'), false)
  const received = values(fixture.drain())
  await flushed
  assert.deepEqual([...received, ...values(fixture.drain())], taken)
})

test('flushed is done at once where there is space', async () => {
  const fixture = new Fixture(TINY)
  fixture.publisher.trySend(null, 'a')
  await fixture.publisher.flushed({ timeoutMs: 0 })
  assert.deepEqual(values(fixture.drain()), ['a'])
})

test('flushed can be given up, and the messages still follow', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const taken = fill(fixture.publisher)
  const controller = new AbortController()
  const aborted = fixture.publisher.flushed({ signal: controller.signal })
  const timedOut = fixture.publisher.flushed({ timeoutMs: 1 })
  controller.abort(new Error('enough'))
  await assert.rejects(aborted, (error: Error) => {
    assert.equal(error.name, 'AbortError')
    assert.equal(Reflect.get(error, 'code'), 'SEND_ABORTED')
    assert.equal((error.cause as Error).message, 'enough')
    return true
  })
  await assert.rejects(timedOut, { code: 'SEND_TIMEOUT' })
  await assert.rejects(fixture.publisher.flushed({ signal: controller.signal }), {
    code: 'SEND_ABORTED',
    message: 'the send was aborted while the log was full',
    details: { topic: 'orders' },
  })
  const received = values(fixture.drain())
  await settle()
  assert.deepEqual([...received, ...values(fixture.drain())], taken)
})

test('sendSync takes a message at once where there is space', () => {
  const fixture = new Fixture(TINY)
  fixture.publisher.sendSync('key', 'a', { timeoutMs: 0 })
  fixture.publisher.flush()
  assert.deepEqual(values(fixture.drain()), ['a'])
})

test('sendSync ends when its time is over', () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const taken = fill(fixture.publisher)
  for (const timeoutMs of [0, 2]) {
    assert.throws(() => fixture.publisher.sendSync(null, 'late', { timeoutMs }), {
      code: 'SEND_TIMEOUT',
      message: `the log was full for ${timeoutMs} ms`,
      details: { topic: 'orders', timeoutMs },
    })
  }
  const received = values(fixture.drain())
  fixture.publisher.flush()
  assert.deepEqual([...received, ...values(fixture.drain())], taken)
})

test('sendSync sleeps until there is space, and sleeps again if that is gone', () => {
  const fixture = new Fixture({ codec: utf8(), memory: 2048, partitions: 2 })
  fixture.hold()
  const { publisher, thread } = fixture
  while (publisher.trySend('a', 'x'.repeat(199)));
  assert.equal(fixture.writer.blockedPartitions().length, 1)
  const log = fixture.topic.logs[fixture.writer.blockedPartitions()[0] as number]
  assert.ok(log)
  const isEnlisted = () => hasSleepers(log.words, SPACE_WAITERS_WORD)
  let sleeps = 0
  Object.assign(thread, {
    waitBlocking() {
      assert.ok(isEnlisted(), 'or nobody would wake it')
      if (++sleeps === 3) fixture.drain()
    },
  })
  publisher.sendSync('a', 'late')
  assert.equal(sleeps, 3)
  publisher.flush()
  assert.deepEqual(values(fixture.drain()).slice(-1), ['late'])
  fixture.table.close()
})

/** Whether a thread is in the wait set of those that want space in a log. */
function waitsForSpace(fixture: Fixture<string>): boolean {
  const { slot } = fixture.thread
  const words = fixture.topic.logs[0]?.words as Int32Array
  return (memory.load(words, SPACE_WAITERS_WORD + 1 + (slot >>> 5)) & (1 << (slot & 31))) !== 0
}

test('who waits no longer is taken out of the wait set, unless others wait in its thread', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const { publisher } = fixture
  fill(publisher)
  const giveUp = () =>
    assert.throws(() => publisher.sendSync(null, 'no', { timeoutMs: 0 }), { code: 'SEND_TIMEOUT' })
  giveUp()
  assert.equal(waitsForSpace(fixture), false)
  const flushed = publisher.flushed()
  assert.equal(waitsForSpace(fixture), true)
  giveUp()
  assert.equal(waitsForSpace(fixture), true)
  fixture.writer.close()
  assert.equal(waitsForSpace(fixture), false)
  await assert.rejects(flushed, { code: 'ENGINE_CLOSED', message: 'the engine is closed' })
  fixture.table.close()
})

test('a partition is blocked from a full log until all is published', () => {
  const fixture = new Fixture({ codec: utf8(), memory: 3072, partitions: 3 })
  fixture.hold()
  const { publisher, writer } = fixture
  assert.deepEqual(writer.blockedPartitions(), [])
  while (publisher.trySend('a', 'x'.repeat(199)));
  const [blocked] = writer.blockedPartitions()
  assert.deepEqual(writer.blockedPartitions(), [partitionOf(Buffer.from('a'), 0, 1, 3)])
  fixture.consumers[blocked as number]?.drain()
  assert.equal(publisher.flush(), true)
  assert.deepEqual(writer.blockedPartitions(), [])
  fixture.table.close()
})

test('messages for other partitions do not move where those without a key go', () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 3 })
  const { publisher } = fixture
  publisher.trySend(null, 'a')
  publisher.flush()
  // Where the first one went: the next one goes elsewhere.
  const key = [...'abcdef'].find(
    (text) => partitionOf(Buffer.from(text), 0, 1, 3) === fixture.thread.slot % 3,
  ) as string
  for (let flush = 0; flush < 4; flush++) {
    publisher.trySend(key, 'keyed')
    publisher.flush()
  }
  publisher.trySend(null, 'b')
  publisher.flush()
  const received = fixture.drain()
  const [first, second] = ['a', 'b'].map(
    (text) => received.find(({ value }) => value === text)?.partition ?? 0,
  )
  assert.equal(second, ((first ?? 0) + 1) % 3)
})

const bad = (value: unknown) => value as string

test('bad keys and values are refused, and nothing is written', () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 2 })
  const { publisher } = fixture
  for (const key of [7, {}, [], true, 7n, new Uint16Array(2)]) {
    assert.throws(() => publisher.trySend(bad(key), 'a'), {
      code: 'INVALID_KEY',
      message: /^a key of topic orders must be a string, a Uint8Array or null, but is /,
      details: { topic: 'orders', received: key },
    })
  }
  assert.throws(() => publisher.trySend('\ud800', 'a'), {
    code: 'INVALID_KEY',
    message: "a key of topic orders must be well-formed text, but is '\ud800'",
    details: { topic: 'orders', received: '\ud800' },
  })
  assert.throws(() => publisher.trySend(null, bad(undefined)), {
    code: 'INVALID_VALUE',
    message: 'a value of topic orders is undefined; a message without a value has null',
    details: { topic: 'orders', received: undefined },
  })
  assert.throws(() => publisher.trySend(null, bad(7)), { code: 'INVALID_VALUE' })
  assert.throws(() => publisher.trySend(null, 'x'.repeat(2 ** 20)), { code: 'MESSAGE_TOO_LARGE' })
  publisher.flush()
  assert.deepEqual(fixture.drain(), [])
})

test('bad options are refused before anything is taken', async () => {
  const fixture = new Fixture(TINY)
  const { publisher } = fixture
  const options = { timeoutMS: 1 } as object
  const unknown = (allowed: string) => ({
    code: 'UNKNOWN_OPTION',
    message: `options.timeoutMS is not an option; allowed are ${allowed}`,
  })
  const negative = {
    code: 'INVALID_OPTION',
    message: 'timeoutMs must be milliseconds from 0 to 2147483647, or Infinity, but is -1',
  }
  const unsigned = {
    code: 'INVALID_OPTION',
    message: 'signal must be an AbortSignal, but is an object',
  }
  assert.throws(() => publisher.sendSync(null, 'a', options), unknown('timeoutMs'))
  assert.throws(() => publisher.sendSync(null, 'a', { timeoutMs: -1 }), negative)
  await assert.rejects(publisher.flushed(options), unknown('signal, timeoutMs'))
  await assert.rejects(publisher.flushed({ timeoutMs: -1 }), negative)
  await assert.rejects(publisher.flushed({ signal: {} as AbortSignal }), unsigned)
  publisher.flush()
  assert.deepEqual(fixture.drain(), [])
})

test('a partitioner of your own decides for keys, and is checked', () => {
  let answer = 1
  const fixture = new Fixture({
    codec: utf8(),
    partitions: 3,
    partitioner: { partitionOf: () => answer },
  })
  fixture.publisher.trySend('a', 'here')
  answer = 3
  assert.throws(() => fixture.publisher.trySend('a', 'nowhere'), { code: 'INVALID_PARTITION' })
  fixture.publisher.flush()
  assert.deepEqual(
    fixture.drain().map(({ partition, value }) => [partition, value]),
    [[1, 'here']],
  )
})

test('a codec that sends to its own topic is refused, and does no harm', () => {
  const codec: Codec<unknown> = {
    ...json(),
    encode(value, target) {
      if (value === 'nested') fixture.publisher.trySend(null, 'inner')
      json().encode(value, target)
    },
  }
  const fixture = new Fixture({ codec })
  fixture.publisher.trySend('key', 'before')
  assert.throws(() => fixture.publisher.trySend('key', 'nested'), {
    code: 'INVALID_VALUE',
    message: 'a codec or partitioner of topic orders must not send to the topic while it runs',
    details: { topic: 'orders' },
  })
  fixture.publisher.trySend('key', 'after')
  fixture.publisher.flush()
  assert.deepEqual(values(fixture.drain()), ['before', 'after'])
})

test('a partitioner that sends to its own topic is refused, and does no harm', () => {
  const partitioner = {
    partitionOf(key: Uint8Array): number {
      if (key[0] === 0x6e) fixture.publisher.trySend(null, 'inner')
      return 1
    },
  }
  const fixture = new Fixture({ codec: utf8(), partitions: 2, partitioner })
  const refused = {
    code: 'INVALID_VALUE',
    message: 'a codec or partitioner of topic orders must not send to the topic while it runs',
    details: { topic: 'orders' },
  }
  assert.throws(() => fixture.publisher.trySend('nested', 'outer'), refused)
  fixture.publisher.trySend('key', 'after')
  fixture.publisher.flush()
  assert.deepEqual(values(fixture.drain()), ['after'])
})

test('a closed engine takes nothing', async () => {
  const fixture = new Fixture(TINY)
  fixture.publisher.trySend(null, 'a')
  await null
  fixture.table.close()
  const closed = { code: 'ENGINE_CLOSED', message: 'the engine is closed' }
  assert.throws(() => fixture.publisher.trySend(null, 'b'), closed)
  assert.throws(() => fixture.publisher.trySend('key', 'b'), closed)
  assert.throws(() => fixture.publisher.sendSync(null, 'b'), closed)
  assert.throws(() => fixture.publisher.flush(), closed)
  await assert.rejects(fixture.publisher.flushed(), closed)
  assert.deepEqual(values(fixture.drain()), ['a'])
})

test('a closed engine takes nothing for a partition that was not used before either', () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 2 })
  const { publisher } = fixture
  publisher.trySend('a', 'first')
  fixture.table.close()
  const closed = { code: 'ENGINE_CLOSED' }
  assert.throws(() => publisher.flush(), closed)
  for (const key of ['a', 'b', 'c', 'd', null]) {
    assert.throws(() => publisher.trySend(key, 'second'), closed)
  }
  assert.deepEqual(fixture.drain(), [])
})

test('closing the engine ends a wait for space', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  fill(fixture.publisher)
  const flushed = fixture.publisher.flushed()
  await settle()
  fixture.table.close()
  await assert.rejects(flushed, { code: 'ENGINE_CLOSED' })
})

/** Acts between claim and publish, where no code of a user runs. */
function whileClaimed(act: () => void, send: () => void): void {
  const { fill } = Appender.prototype
  Appender.prototype.fill = function (content: FrameContent) {
    act()
    fill.call(this, content)
  }
  try {
    send()
  } finally {
    Appender.prototype.fill = fill
  }
}

/** A partition, and the repair after the thread's death. */
function createDoomed() {
  const fixture = new Fixture({ codec: utf8(), partitions: 2 })
  const { publisher, table, thread } = fixture
  const repair = () => {
    for (const log of fixture.topic.logs) repairLog(log, table, thread.slot)
  }
  return { fixture, publisher, repair }
}

const DECLARED_DEAD = { code: 'ENGINE_CLOSED', message: 'this thread was declared dead' }

test('a thread that is held for dead is told so', async () => {
  const { fixture, publisher, repair } = createDoomed()
  publisher.trySend(null, 'a')
  whileClaimed(repair, () => assert.throws(() => publisher.flush(), DECLARED_DEAD))
  assert.throws(() => publisher.trySend(null, 'b'), DECLARED_DEAD)
  assert.deepEqual(fixture.drain(), [])
})

test('a thread that is held for dead is told so by the message that fills a frame', () => {
  const { fixture, publisher, repair } = createDoomed()
  whileClaimed(repair, () => {
    for (let number = 1; number < 255; number++) publisher.trySend('key', 'a')
    assert.throws(() => publisher.trySend('key', 'the 255th'), DECLARED_DEAD)
  })
  assert.deepEqual(fixture.drain(), [])
})

test('whatever else ends a publication is the cause of the error', () => {
  const { publisher } = createDoomed()
  const cause = new Error('out of nowhere')
  const fail = () => {
    throw cause
  }
  publisher.trySend(null, 'a')
  const closed = { code: 'ENGINE_CLOSED', message: 'the engine is closed', cause }
  whileClaimed(fail, () => assert.throws(() => publisher.flush(), closed))
  assert.throws(() => publisher.trySend(null, 'b'), closed)
})
