import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { bytes } from '../codec/bytes.js'
import type { Codec } from '../codec/codec.js'
import { json } from '../codec/json.js'
import { utf8 } from '../codec/utf8.js'
import { repairLog } from '../log/repair.js'
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

/** Reads on in a thread of its own until it has seen a number of records. */
const DRAINING_WORKER = `
const { workerData } = require('node:worker_threads')
const load = (path) => import(new URL(path, workerData.base))
Promise.all([
  load('../memory.js'), load('../log/partition-log.js'), load('../thread-table.js'),
  load('./fixture.test.helper.js'), load('../codec/utf8.js'),
]).then(([memory, { PartitionLog }, { ThreadTable }, { Consumer }, { utf8 }]) => {
  const log = new PartitionLog(memory.attach(workerData.log))
  const table = new ThreadTable(memory.attach(workerData.table))
  const consumer = new Consumer(log, utf8(), 0, table, workerData.slot)
  let seen = 0
  consumer.hold()
  memory.store(new Int32Array(workerData.ready), 0, 1)
  memory.notify(new Int32Array(workerData.ready), 0)
  while (seen < workerData.count) seen += consumer.drain().length
})
`

test('sendSync blocks until another thread makes space', async () => {
  const fixture = new Fixture(TINY)
  const [log] = fixture.topic.logs
  fixture.hold()
  const count = 2000
  const ready = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(DRAINING_WORKER, {
    eval: true,
    workerData: {
      base: import.meta.url,
      log: log?.region.buffer,
      table: fixture.table.region.buffer,
      slot: fixture.table.takeSlot(),
      ready: ready.buffer,
      count,
    },
  })
  const ended = new Promise((resolve, reject) => {
    worker.on('exit', resolve)
    worker.on('error', reject)
  })
  while (ready[0] === 0) await settle()
  fixture.consumers[0]?.release()
  for (let number = 0; number < count; number++) {
    fixture.publisher.sendSync(null, `${number}`.padEnd(150))
  }
  await fixture.publisher.flushed()
  assert.equal(await ended, 0)
})

const bad = (value: unknown) => value as string

test('bad keys and values are refused, and nothing is written', () => {
  const fixture = new Fixture({ codec: utf8(), partitions: 2 })
  const { publisher } = fixture
  for (const key of [7, {}, [], true, 7n, new Uint16Array(2)]) {
    assert.throws(() => publisher.trySend(bad(key), 'a'), {
      code: 'INVALID_KEY',
      message: /^a key of topic orders must be a string, a Uint8Array or null, but is /,
    })
  }
  assert.throws(() => publisher.trySend('\ud800', 'a'), {
    code: 'INVALID_KEY',
    message: /^a key of topic orders must be well-formed text/,
  })
  assert.throws(() => publisher.trySend(null, bad(undefined)), {
    code: 'INVALID_VALUE',
    message: 'a value of topic orders is undefined; a message without a value has null',
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
  assert.throws(() => publisher.sendSync(null, 'a', options), { code: 'UNKNOWN_OPTION' })
  assert.throws(() => publisher.sendSync(null, 'a', { timeoutMs: -1 }), { code: 'INVALID_OPTION' })
  await assert.rejects(publisher.flushed(options), { code: 'UNKNOWN_OPTION' })
  await assert.rejects(publisher.flushed({ timeoutMs: -1 }), { code: 'INVALID_OPTION' })
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
    message: /^a codec or partitioner of topic orders must not send to the topic while it runs/,
  })
  fixture.publisher.trySend('key', 'after')
  fixture.publisher.flush()
  assert.deepEqual(values(fixture.drain()), ['before', 'after'])
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

/** Acts between claim and publish: no code of a user runs there, so it is slipped into the copy. */
function whileClaimed(act: () => void, send: () => void): void {
  const { copy } = Buffer.prototype
  Buffer.prototype.copy = function (...parameters: Parameters<Buffer['copy']>) {
    act()
    return copy.apply(this, parameters)
  }
  try {
    send()
  } finally {
    Buffer.prototype.copy = copy
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
