import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { attach } from '#memory'
import { byteViews } from '../core/byte-views.test.helper.js'
import { bytes } from '../core/codec/bytes.js'
import { json } from '../core/codec/json.js'
import { utf8 } from '../core/codec/utf8.js'
import { UnrecoverableError } from '../core/errors.js'
import { Appender, type FrameContent } from '../core/log/appender.js'
import * as layout from '../core/log/layout.js'
import { PartitionLog } from '../core/log/partition-log.js'
import type { Consumer } from './consumer.js'
import type { Engine } from './engine.js'
import {
  collect,
  fixture,
  openEngine,
  range,
  refusal,
  sendEach,
  sendTogether,
  sleep,
  until,
} from './engine.test.helper.js'
import { Journal } from './journal.test.helper.js'
import type { GroupDescription } from './supervisor-protocol.js'

const ONE = { orders: { partitions: 1, codec: json(), memory: '64KiB' } }
const GROUP = { groupId: 'billing', topics: ['orders'], from: 'earliest' } as const
const AT_ONCE = { backoff: { initialMs: 0 } }

/** One letter, and a second one that is not finished: `second` is what `letters` says next. */
async function peekAtUnfinished(t: TestContext) {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', ['bad'])
  const consumer = engine.consumer({ ...GROUP, retry: { attempts: 1 } })
  await consumer.run({
    eachMessage() {
      throw new Error('no')
    },
  })
  await until('it is dead', () => consumer.stats().deadLettered === 1)
  const log = await lettersLogOf(engine)
  const { table, slot } = engine.parts.local.thread
  const appender = new Appender(log, table, slot)
  const copy = firstFrameOf(log)
  assert.ok(appender.claim(copy))
  const letters = engine.deadLetters('billing').peek()
  await letters.next()
  const finish = () => {
    appender.fill(copy)
    assert.ok(appender.publish())
  }
  return { engine, letters, second: letters.next(), finish }
}

test('peek waits for a letter whose record may be committed already', async (t) => {
  const { letters, second, finish } = await peekAtUnfinished(t)
  await sleep(1)
  finish()
  assert.equal((await second).value?.error, 'no')
  assert.equal((await letters.next()).done, true)
})

test('peek does not wait for a letter when the engine is closed', async (t) => {
  const { engine, second } = await peekAtUnfinished(t)
  const refused = assert.rejects(second, refusal('ENGINE_CLOSED', 'closed'))
  await engine.close()
  await refused
})

async function lettersLogOf({ parts }: Engine): Promise<PartitionLog> {
  const { letters } = await parts
    .link()
    .request<GroupDescription>({ type: 'describe-group', groupId: 'billing' })
  return new PartitionLog(attach(letters[0]?.buffers[0] as SharedArrayBuffer))
}

/** Its content once more. */
function firstFrameOf(log: PartitionLog): FrameContent {
  const start = log.dataByte(0)
  const sizeBytes = log.words[start / 4 + layout.FRAME_SIZE / 4] as number
  const content = log.bytes.subarray(start + layout.FRAME_HEADER_BYTES, start + sizeBytes)
  const to = content.length
  return { ...byteViews(content, to), from: 0, to, count: 1, timestamp: 0, newestTimestamp: 0 }
}

test('a dead letter has the bytes of its message, and says where it comes from and why', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', ['good'])
  const sent = {
    key: 'c-17',
    value: { text: 'grüße', list: [1, 2, 3] },
    headers: { source: 'web', raw: Buffer.from([0, 255]) },
    timestamp: 1234,
    partition: 0,
  }
  await engine.producer().send({ topic: 'orders', messages: [sent] })
  const consumer = engine.consumer({ ...GROUP, retry: { attempts: 2, ...AT_ONCE } })
  const before = Date.now()
  await consumer.run({
    eachMessage: ({ message }) => {
      if (message.offset === 0) return
      throw Object.assign(new RangeError('out of range'), { code: 'E_RANGE' })
    },
  })
  await until('it is dead', () => consumer.stats().deadLettered === 1)
  const dead = engine.deadLetters('billing')
  const [letter] = await collect(dead.peek())
  assert.ok(letter !== undefined)
  const { headers, value, ...rest } = letter
  assert.deepEqual(rest, {
    topic: 'orders',
    partition: 0,
    offset: 1,
    timestamp: 1234,
    reason: 'attempts',
    attempts: 2,
    error: 'out of range',
    key: 'c-17',
  })
  assert.deepEqual(value, Buffer.from(JSON.stringify(sent.value)))
  const { source, raw, ...own } = headers
  assert.deepEqual({ source, raw }, sent.headers)
  const first = own['dlq-first-failure']
  const last = own['dlq-last-failure']
  const stack = own['dlq-error-stack']
  assert.ok(before - 1 <= Number(first) && Number(first) <= Number(last))
  assert.ok(Number(last) <= Date.now())
  assert.match(String(stack), /^RangeError: out of range\n.*dead-letters\.test/)
  assert.deepEqual(own, {
    'dlq-topic': 'orders',
    'dlq-partition': '0',
    'dlq-offset': '1',
    'dlq-timestamp': '1234',
    'dlq-group': 'billing',
    'dlq-reason': 'attempts',
    'dlq-attempts': '2',
    'dlq-first-failure': first,
    'dlq-last-failure': last,
    'dlq-worker': own['dlq-worker'],
    'dlq-error-name': 'RangeError',
    'dlq-error-message': 'out of range',
    'dlq-error-code': 'E_RANGE',
    'dlq-error-stack': stack,
  })
  assert.match(String(own['dlq-worker']), /^\d+$/)
})

test('keys of bytes, and messages without key or value, are dead as they were', async (t) => {
  const engine = await openEngine(t, {
    orders: { partitions: 1, codec: bytes(), memory: '64KiB' },
  })
  await sendEach(engine, 'orders', [
    { key: Buffer.from([255, 0, 254]), value: Buffer.from([1, 2, 3]) },
    { key: '', value: Buffer.alloc(0) },
    { value: null },
  ])
  const consumer = engine.consumer(GROUP)
  await consumer.run({
    eachMessage: () => {
      throw new UnrecoverableError('refused')
    },
  })
  await until('all are dead', () => consumer.stats().deadLettered === 3)
  const letters = await collect(engine.deadLetters('billing').peek())
  assert.deepEqual(
    letters.map(({ key, value, reason, attempts }) => ({ key, value, reason, attempts })),
    [
      { key: Buffer.from([255, 0, 254]), value: Buffer.from([1, 2, 3]) },
      { key: '', value: Buffer.alloc(0) },
      { key: null, value: null },
    ].map((letter) => ({ ...letter, reason: 'rejected', attempts: 1 })),
  )
})

test('whatever a handler throws is told as text', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', range(3))
  const thrown: readonly unknown[] = ['just a text', undefined, new Error('x'.repeat(10_000))]
  const consumer = engine.consumer<number>({ ...GROUP, retry: { attempts: 1 } })
  await consumer.run({ eachMessage: ({ message }) => Promise.reject(thrown[message.value]) })
  await until('all are dead', () => consumer.stats().deadLettered === 3)
  const letters = await collect(engine.deadLetters('billing').peek())
  assert.deepEqual(
    letters.map(({ error }) => error),
    ['just a text', 'undefined', 'x'.repeat(512)],
  )
  assert.equal('dlq-error-name' in (letters[0]?.headers ?? {}), false)
  assert.equal(String(letters[2]?.headers['dlq-error-stack']).length, 4096)
})

for (const way of ['eachMessage', 'eachBatch'] as const) {
  test(`a value that cannot be decoded is dead at once, in ${way}`, async (t) => {
    // What json reads as text, utf8 has written.
    const codec = { ...json(), encode: utf8().encode }
    const engine = await openEngine(t, {
      orders: { partitions: 1, codec, memory: '64KiB' },
    })
    await sendTogether(engine, 'orders', ['1', '{oops', '3'])
    const seen: unknown[] = []
    const consumer = engine.consumer(GROUP)
    const handler = {
      eachMessage: ({ message }: { message: { value: unknown } }) => void seen.push(message.value),
      eachBatch: ({ batch }: { batch: { next(): boolean; value: unknown } }) => {
        while (batch.next()) seen.push(batch.value)
      },
    }
    await consumer.run(
      way === 'eachMessage'
        ? { eachMessage: handler.eachMessage }
        : { eachBatch: handler.eachBatch },
    )
    await until('all are done with', () => consumer.stats().processed === 3)
    assert.deepEqual(seen, [1, 3])
    const [letter] = await collect(engine.deadLetters('billing').peek())
    assert.equal(letter?.reason, 'decode')
    assert.equal(letter?.headers['dlq-error-code'], 'UNDECODABLE_VALUE')
    assert.deepEqual(letter?.value, Buffer.from('{oops'))
    assert.deepEqual([letter?.offset, letter?.attempts], [1, 1])
    assert.equal(consumer.stats().deadLettered, 1)
  })
}

test('a codec of a module decodes in workers, and what it cannot read is dead there', async (t) => {
  const { default: codec } = await import(fixture('point-codec').href)
  const engine = await openEngine(t, { orders: { partitions: 1, codec, memory: '64KiB' } })
  await sendTogether(engine, 'orders', [
    { x: 1, y: 2 },
    { x: -1, y: 3 },
    { x: 5, y: 6 },
  ])
  const copies = engine.consumer(GROUP)
  const handler = fixture('copying-handler')
  await copies.run({ workers: 1, handler, workerData: 'orders' })
  await until('it goes round', () => copies.stats().processed > 10)
  await copies.close()
  const [letter, ...others] = await collect(engine.deadLetters('billing').peek())
  assert.equal(letter?.reason, 'decode')
  assert.match(letter?.error ?? '', /point.*offset 1 of 'orders'/)
  assert.deepEqual(others, [])
})

test('dead letters stay until they are discarded, and count without being looked at', async (t) => {
  const engine = await openEngine(t, {
    orders: { partitions: 2, codec: json(), memory: '64KiB' },
    other: { partitions: 1, codec: json(), memory: '64KiB' },
  })
  const consumer = engine.consumer({ ...GROUP, topics: ['orders', 'other'] })
  await consumer.run({ eachMessage: () => Promise.reject(new UnrecoverableError()) })
  await sendEach(engine, 'orders', [{ value: 1 }, { value: 2, partition: 1 }, { value: 3 }])
  await sendEach(engine, 'other', [{ value: 4 }])
  await until('all are dead', () => consumer.stats().deadLettered === 4)
  await consumer.close()
  const dead = engine.deadLetters('billing')
  assert.equal(await dead.count(), 4)
  const values = async () => (await collect(dead.peek())).map(({ value }) => String(value)).sort()
  assert.deepEqual(await values(), ['1', '2', '3', '4'])
  assert.deepEqual(await values(), ['1', '2', '3', '4'])
  assert.equal(await dead.discard(), 4)
  assert.equal(await dead.count(), 0)
  assert.deepEqual(await values(), [])
  assert.equal(await dead.discard(), 0)
})

test('what is dead for one group is not for another', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', range(3))
  const strict = engine.consumer(GROUP)
  await strict.run({ eachMessage: () => Promise.reject(new UnrecoverableError()) })
  const easy = engine.consumer({ ...GROUP, groupId: 'easy' })
  await easy.run({ eachMessage: () => {} })
  await until('both are done', () => strict.lag().messages + easy.lag().messages === 0)
  assert.equal(await engine.deadLetters('billing').count(), 3)
  assert.equal(await engine.deadLetters('easy').count(), 0)
  assert.deepEqual(await collect(engine.deadLetters('easy').peek()), [])
  await assert.rejects(engine.deadLetters('none').count(), refusal('UNKNOWN_GROUP', "'none'"))
})

test('with deadLetter: false the dead are counted and gone', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', ['bad', 'good', 'bad'])
  const consumer = engine.consumer<string>({ ...GROUP, deadLetter: false, retry: { attempts: 1 } })
  await consumer.run({
    eachMessage: ({ message }) => {
      if (message.value === 'bad') throw new Error('always')
    },
  })
  await until('all are done with', () => consumer.lag().messages === 0)
  const { processed, discarded, deadLettered } = consumer.stats()
  assert.deepEqual(
    { processed, discarded, deadLettered },
    {
      processed: 3,
      discarded: 2,
      deadLettered: 0,
    },
  )
  assert.equal(await engine.deadLetters('billing').count(), 0)
})

// ------------------------------------------------------------------------------------- no room left

const LETTERS = 300

/** A group that can handle nothing, and more messages than it has room for dead letters. */
async function overflowing(t: TestContext, workers = 0): Promise<[Engine, Consumer]> {
  const engine = await openEngine(t, { orders: { partitions: 1, codec: json(), memory: '64KiB' } })
  for (const value of range(LETTERS)) {
    await sendTogether(engine, 'orders', [{ action: 'failAtLength', value }])
  }
  const consumer = engine.consumer({ ...GROUP, retry: { attempts: 1 } })
  const workerData = Journal.create().region.buffer
  if (workers > 0) await consumer.run({ workers, handler: fixture('obedient-handler'), workerData })
  else
    await consumer.run({ eachMessage: () => Promise.reject(new Error('always'.padEnd(5000, '.'))) })
  return [engine, consumer]
}

/**
 * Waits until there is no room for one more than `buried` letters. Between a failure and its letter
 * nobody else has a turn, unless there is no room; looked at twice, since counts of a worker may be
 * read while they change.
 *
 * @returns false if all were buried instead
 */
async function isFull(consumer: Consumer, buried = 0): Promise<boolean> {
  await until('no room or nothing is left', async () => {
    const { failed, deadLettered } = consumer.stats()
    if (deadLettered === LETTERS) return true
    if (failed === deadLettered || deadLettered <= buried) return false
    await sleep(5)
    const later = consumer.stats()
    return later.failed === failed && later.deadLettered === deadLettered
  })
  return consumer.stats().deadLettered < LETTERS
}

for (const workers of [0, 1]) {
  const where = workers === 0 ? 'this thread' : 'a worker'
  test(`without room for dead letters their partition waits for a discard (${where})`, async (t) => {
    const [engine, consumer] = await overflowing(t, workers)
    const dead = engine.deadLetters('billing')
    const seen: unknown[] = []
    let waits = 0
    while (seen.length < LETTERS) {
      if (await isFull(consumer, seen.length)) waits++
      const letters = await collect(dead.peek())
      seen.push(...letters.map(({ value }) => JSON.parse(String(value)).value))
      assert.equal(await dead.discard(), letters.length)
    }
    assert.deepEqual(seen, range(LETTERS))
    assert.ok(waits > 1)
    await until('all are committed', () => consumer.lag().messages === 0)
  })
}

test('a consumer that waits for room can be closed, and what it could not bury comes again', async (t) => {
  const [engine, consumer] = await overflowing(t)
  assert.ok(await isFull(consumer))
  await consumer.close()
  const buried = await engine.deadLetters('billing').count()
  assert.equal(consumer.lag().messages, LETTERS - buried)
  const next = engine.consumer({ ...GROUP, retry: { attempts: 1 } })
  const seen: number[] = []
  await next.run({ eachMessage: ({ message }) => void seen.push(message.offset) })
  await until('the rest is handled', () => next.lag().messages === 0)
  assert.deepEqual(seen, range(LETTERS - buried, buried))
})

test('a seek ends the wait for room', async (t) => {
  const [engine, consumer] = await overflowing(t)
  assert.ok(await isFull(consumer))
  const buried = await engine.deadLetters('billing').count()
  await consumer.seek({ topic: 'orders', partition: 0, offset: LETTERS - 1 })
  await until('it came to the last one', () => consumer.stats().failed === buried + 2)
  await engine.deadLetters('billing').discard()
  await until('it is buried', () => consumer.lag().messages === 0)
  const [letter, ...others] = await collect(engine.deadLetters('billing').peek())
  assert.equal(letter?.offset, LETTERS - 1)
  assert.deepEqual(others, [])
})

test('a message that was sought away from is not buried on top of that', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', range(3))
  const consumer = engine.consumer<number>(GROUP)
  const seen: number[] = []
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.push(message.value)
      if (seen.length > 1) return
      await consumer.seek({ topic: 'orders', partition: 0, offset: 2 })
      throw new UnrecoverableError()
    },
  })
  await until('it went on', () => consumer.lag().messages === 0)
  assert.deepEqual(seen, [0, 2])
  assert.equal(await engine.deadLetters('billing').count(), 0)
  assert.equal(consumer.stats().staleCommits, 1)
})
