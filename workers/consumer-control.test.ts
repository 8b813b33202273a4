import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { json } from '../core/codec/json.js'
import { utf8 } from '../core/codec/utf8.js'
import type { Consumer } from './consumer.js'
import type { Engine } from './engine.js'
import {
  drain,
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

const TWO = { orders: { partitions: 2, codec: json(), memory: '64KiB' } }
const GROUP = { groupId: 'billing', topics: ['orders'], from: 'earliest' } as const

/** A group that notes the values it gets. */
async function noting(engine: Engine, groupId = 'billing'): Promise<[Consumer, unknown[]]> {
  const consumer = engine.consumer({ ...GROUP, groupId })
  const seen: unknown[] = []
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.value) })
  return [consumer, seen]
}

// ------------------------------------------------------------------------------------------- groups

test('groups read one topic independently, and one that stops is waited for', async (t) => {
  const engine = await openEngine(t, TWO)
  const [first, seen] = await noting(engine)
  const [second, others] = await noting(engine, 'audit')
  await sendTogether(engine, 'orders', range(5))
  await until('both have all', () => seen.length + others.length === 10)
  await second.close()
  await sendTogether(engine, 'orders', range(5, 5))
  await until('the first has all', () => seen.length === 10)
  assert.deepEqual(others, range(5))
  const [, later] = await noting(engine, 'audit')
  await until('the second catches up', () => later.length === 5)
  assert.deepEqual(later, range(5, 5))
  assert.equal(first.lag().messages, 0)
})

test('a producer waits for a group that is stopped, and everything arrives', async (t) => {
  const engine = await openEngine(t, TWO)
  const [slow] = await noting(engine, 'slow')
  await slow.close()
  const [, fast] = await noting(engine, 'fast')
  const publisher = engine.publisher<string>('orders')
  const values = range(300).map((value) => String(value).padEnd(1000, '.'))
  let isSent = false
  const sendAll = async () => {
    for (const value of values) while (!publisher.trySend('k', value)) await publisher.flushed()
    await publisher.flushed()
    isSent = true
  }
  const sending = sendAll()
  await until('the log is full', () => fast.length > 0 && !isSent)
  const [, late] = await noting(engine, 'slow')
  await sending
  await until('both have all', () => fast.length + late.length === 600)
  assert.deepEqual(fast, values)
  assert.deepEqual(late, values)
})

test('of two groups in one thread, the one that wakes does not keep the other asleep', async (t) => {
  const engine = await openEngine(t, { lines: { partitions: 1, codec: utf8(), memory: '64KiB' } })
  const publisher = engine.publisher<string>('lines')
  const options = { topics: ['lines'], from: 'earliest' } as const
  const quick = engine.consumer<string>({ ...options, groupId: 'quick' })
  const slow = engine.consumer<string>({ ...options, groupId: 'slow' })
  await quick.run({ eachMessage: () => {} })
  await slow.run({
    eachMessage: ({ message: { value } }) => {
      if (value === 'second') {
        publisher.trySend(null, 'third')
        publisher.flush()
      }
      const other = () => quick.lag().messages === 0
      return value === 'first' ? until('the other sleeps', other) : undefined
    },
  })
  publisher.trySend(null, 'first')
  publisher.trySend(null, 'second')
  publisher.flush()
  await until('all came', () => quick.stats().processed + slow.stats().processed === 6)
})

test('what is done is committed while the next message is in hand', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(3))
  const consumer = engine.consumer<number>(GROUP)
  await consumer.run({
    eachMessage: ({ message }) => (message.value < 2 ? sleep(1) : new Promise(() => {})),
  })
  await until('two of three are committed', () => consumer.lag().messages === 1)
})

test('a group begins with the next message unless it says otherwise', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(3))
  const consumer = engine.consumer({ groupId: 'late', topics: ['orders'] })
  assert.equal(consumer.lag().messages, 0)
  const seen: unknown[] = []
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.value) })
  await sendTogether(engine, 'orders', range(3, 3))
  await until('it came', () => seen.length === 3)
  assert.deepEqual(seen, range(3, 3))
})

test('at-most-once commits before it hands over: a failure is a loss, and is counted', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(4))
  const consumer = engine.consumer<number>({ ...GROUP, delivery: 'at-most-once' })
  const seen: number[] = []
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.push(message.value)
      assert.equal(consumer.lag().messages, 0)
      if (message.value === 1) throw new Error('lost')
    },
  })
  await until('all came', () => consumer.stats().processed === 4)
  assert.deepEqual(seen, range(4))
  const { failed, retried, maybeLost, deadLettered } = consumer.stats()
  assert.deepEqual([failed, retried, maybeLost, deadLettered], [1, 0, 1, 0])
})

test('at-most-once goes on behind what a dead worker had begun', async (t) => {
  const engine = await openEngine(t, TWO)
  const consumer = engine.consumer({ ...GROUP, delivery: 'at-most-once' })
  const journal = Journal.create()
  const workerData = journal.region.buffer
  await consumer.run({ workers: 1, handler: fixture('obedient-handler'), workerData })
  await sendEach(engine, 'orders', [{ value: { action: 'exit' } }, { value: { action: 'handle' } }])
  await until('it goes on', () => consumer.stats().processed === 1)
  assert.deepEqual(journal.offsets(), [0, 1])
  assert.equal(consumer.lag().messages, 0)
})

test('at-most-once: an undecodable message does not take the cursor back', async (t) => {
  const codec = { ...json(), encode: () => {} }
  const engine = await openEngine(t, { orders: { partitions: 1, codec, memory: '64KiB' } })
  await sendTogether(engine, 'orders', ['no bytes', null, null])
  const consumer = engine.consumer({ ...GROUP, delivery: 'at-most-once' })
  const lags: number[] = []
  await consumer.run({ eachMessage: () => void lags.push(consumer.lag().messages) })
  await until('all are done with', () => consumer.stats().processed === 3)
  assert.deepEqual(lags, [0, 0])
  assert.equal(await engine.deadLetters('billing').count(), 1)
})

// ---------------------------------------------------------------------------------------------- lag

test('lag is known before, while and after the group runs', async (t) => {
  const engine = await openEngine(t, TWO)
  const consumer = engine.consumer(GROUP)
  assert.deepEqual(consumer.lag(), {
    messages: 0,
    ageMs: 0,
    partitions: range(2).map((partition) => ({
      topic: 'orders',
      partition,
      committedOffset: 0,
      endOffset: 0,
      messages: 0,
      ageMs: 0,
    })),
  })
  const old = { timestamp: Date.now() - 60_000 }
  await sendEach(engine, 'orders', [{ value: 1, ...old }, { value: 2 }, { value: 3, partition: 1 }])
  const { messages, ageMs, partitions } = consumer.lag()
  assert.equal(messages, 3)
  assert.ok(ageMs >= 60_000)
  assert.deepEqual(
    partitions.map((one) => [one.committedOffset, one.endOffset, one.messages]),
    [
      [0, 2, 2],
      [0, 1, 1],
    ],
  )
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await consumer.run({ eachMessage: () => held })
  assert.equal(consumer.lag().messages, 3)
  release()
  await until('all are done', () => consumer.lag().messages === 0)
  assert.equal(consumer.lag().ageMs, 0)
  await consumer.close()
  await sendEach(engine, 'orders', [{ value: 4 }])
  assert.equal(consumer.lag().messages, 1)
  const other = engine.consumer(GROUP)
  await other.seek({ topic: 'orders', partition: 1, offset: 'latest' })
  assert.equal(other.lag().messages, 1)
})

// ----------------------------------------------------------------------------------- pause, resume

test('a paused partition rests, and its messages are there when it goes on', async (t) => {
  const engine = await openEngine(t, TWO)
  const [consumer, seen] = await noting(engine)
  await consumer.pause([{ topic: 'orders', partition: 0 }])
  await sendEach(engine, 'orders', [{ value: 'a' }, { value: 'b', partition: 1 }])
  await until('the other one came', () => seen.length === 1)
  assert.deepEqual(seen, ['b'])
  await consumer.resume([{ topic: 'orders', partition: 0 }])
  await until('it came', () => seen.length === 2)
  await consumer.pause()
  await sendEach(engine, 'orders', [{ value: 'c' }, { value: 'd', partition: 1 }])
  assert.equal(consumer.lag().messages, 2)
  await consumer.resume([{ topic: 'orders' }])
  await until('both came', () => seen.length === 4)
})

test('a group may be paused before it runs, and by another consumer of it', async (t) => {
  const engine = await openEngine(t, TWO)
  const remote = engine.consumer(GROUP)
  await remote.pause()
  const journal = Journal.create()
  const consumer = engine.consumer(GROUP)
  const workerData = journal.region.buffer
  await consumer.run({ workers: 2, handler: fixture('obedient-handler'), workerData })
  const value = { action: 'handle' }
  await sendEach(engine, 'orders', [{ value }, { value, partition: 1 }])
  assert.equal(consumer.lag().messages, 2)
  await remote.resume()
  await until('both came', () => consumer.lag().messages === 0)
  assert.equal(journal.deliveries.length, 2)
})

test('a pause stops a message that waits for its next attempt', async (t) => {
  const engine = await openEngine(t, TWO)
  const consumer = engine.consumer({ ...GROUP, retry: { backoff: { initialMs: 30 } } })
  const attempts: number[] = []
  await consumer.run({
    eachMessage: async ({ attempt }) => {
      attempts.push(attempt)
      if (attempt > 1) return
      await consumer.pause()
      throw new Error('not yet')
    },
  })
  await sendTogether(engine, 'orders', ['a'])
  await until('the retry waits', () => consumer.stats().retried === 1)
  await sleep(100)
  assert.deepEqual(attempts, [1])
  assert.equal(consumer.lag().messages, 1)
  await consumer.resume()
  await until('it is handled', () => consumer.lag().messages === 0)
  assert.deepEqual(attempts, [1, 2])
})

test('a pause ends with its group', async (t) => {
  const engine = await openEngine(t, TWO)
  const [consumer] = await noting(engine)
  await consumer.pause()
  await consumer.close()
  await engine.deleteGroup('billing')
  await sendTogether(engine, 'orders', range(3))
  const [, seen] = await noting(engine, 'another')
  await until('the new one gets all', () => seen.length === 3)
})

test('pause refuses what the group does not read', async (t) => {
  const engine = await openEngine(t, { ...TWO, other: TWO.orders })
  const consumer = engine.consumer(GROUP)
  const pause = (topic: string, partition?: number) =>
    consumer.pause([partition === undefined ? { topic } : { topic, partition }])
  await assert.rejects(pause('order'), refusal('UNKNOWN_TOPIC', "'order'"))
  await assert.rejects(pause('orders', 2), refusal('INVALID_PARTITION', '0 to 1', '2'))
  await assert.rejects(pause('other'), refusal('INVALID_OPTION', 'orders', "'other'"))
})

// --------------------------------------------------------------------------------------------- seek

const BASE_MS = 1_700_000_000_000

async function sendDated(engine: Engine, count: number): Promise<void> {
  const dated = range(count).map((value) => ({ value, timestamp: BASE_MS + value * 1000 }))
  await sendEach(engine, 'orders', dated)
}

const PLACES = [
  { offset: 2 },
  { offset: 'earliest' },
  { offset: 'latest' },
  { timestamp: BASE_MS + 2500 },
  { timestamp: BASE_MS + 3000 },
  { timestamp: 0 },
  { timestamp: BASE_MS + 10_000_000 },
] as const
const FIRST_OFFSETS = [2, 0, 5, 3, 3, 0, 5]

for (const when of ['before it runs', 'while it runs', 'while workers run'] as const) {
  test(`a group seeks ${when}`, async (t) => {
    const engine = await openEngine(t, TWO)
    await sendDated(engine, 5)
    for (const [index, place] of PLACES.entries()) {
      const consumer = engine.consumer<number>({ ...GROUP, groupId: `group-${index}` })
      const journal = Journal.create()
      const run = () =>
        when === 'while workers run'
          ? consumer.run({
              workers: 1,
              handler: fixture('batch-handler'),
              workerData: journal.region.buffer,
            })
          : consumer.run({
              eachMessage: ({ message: { offset }, partition, attempt }) =>
                journal.add({ workerId: 0, partition, offset, attempt }),
            })
      if (when !== 'before it runs') {
        await run()
        await until('all came', () => consumer.lag().messages === 0)
      }
      const before = journal.offsets().length
      const first = FIRST_OFFSETS[index] as number
      assert.equal(await consumer.seek({ topic: 'orders', partition: 0, ...place }), first)
      if (when === 'before it runs') {
        assert.equal(consumer.lag().messages, 5 - first)
        await run()
      }
      await until('all came again', () => consumer.lag().messages === 0)
      await consumer.close()
      assert.deepEqual(journal.offsets().slice(before), range(5 - first, first))
    }
  })
}

test('what a handler has in hand at a seek is not committed over it', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(5))
  const consumer = engine.consumer<number>(GROUP)
  const seen: number[] = []
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.push(message.value)
      if (seen.length === 3) await consumer.seek({ topic: 'orders', partition: 0, offset: 1 })
    },
  })
  await until('all came', () => consumer.lag().messages === 0 && seen.length === 7)
  assert.deepEqual(seen, [0, 1, 2, 1, 2, 3, 4])
})

test('a handler that is still busy long after a seek counts for nothing', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(3))
  const consumer = engine.consumer<number>(GROUP)
  const seen: number[] = []
  let finish = () => {}
  await consumer.run({
    eachMessage: ({ message }) => {
      seen.push(message.value)
      if (seen.length > 1) return
      return new Promise<void>((resolve) => {
        finish = resolve
      })
    },
  })
  await until('it is busy', () => seen.length === 1)
  await consumer.seek({ topic: 'orders', partition: 0, offset: 2 })
  // Another partition's message shows that the seek is noticed by then.
  await sendEach(engine, 'orders', [{ value: 9, partition: 1 }])
  await until('the other came', () => seen.length === 2)
  finish()
  await until('it went on', () => consumer.lag().messages === 0)
  assert.deepEqual(seen, [0, 9, 2])
})

test('a seek ends the wait for a retry', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(3))
  const backoff = { initialMs: 1_000_000, maxMs: 1_000_000 }
  const consumer = engine.consumer<number>({ ...GROUP, retry: { backoff } })
  const seen: number[] = []
  await consumer.run({
    eachMessage: ({ message }) => {
      seen.push(message.value)
      if (message.value === 1) throw new Error('always')
    },
  })
  await until('it failed', () => consumer.stats().retried === 1)
  await consumer.seek({ topic: 'orders', partition: 0, offset: 2 })
  await until('it went on', () => consumer.lag().messages === 0)
  assert.deepEqual(seen, [0, 1, 2])
})

test('a seek out of the log, or to what is no place, is refused', async (t) => {
  const engine = await openEngine(t, { ...TWO, other: TWO.orders })
  await sendDated(engine, 5)
  const consumer = engine.consumer(GROUP)
  const seek = (target: object) =>
    consumer.seek({ topic: 'orders', partition: 0, ...target } as never)
  await assert.rejects(seek({ offset: 6 }), refusal('OFFSET_OUT_OF_RANGE', '6', '0 to 5'))
  await assert.rejects(seek({ topic: 'order', offset: 0 }), refusal('UNKNOWN_TOPIC', "'order'"))
  await assert.rejects(seek({ topic: 'other', offset: 0 }), refusal('INVALID_OPTION', "'other'"))
  await assert.rejects(seek({ partition: 2, offset: 0 }), refusal('INVALID_PARTITION', '0 to 1'))
  await assert.rejects(seek({ position: 0 }), refusal('UNKNOWN_OPTION', 'seek.position'))
  const noPlaces = [{}, { offset: -1 }, { offset: 1.5 }, { offset: 'end' }, { timestamp: -1 }]
  for (const target of [...noPlaces, { timestamp: '2020' }, { offset: 1, timestamp: 1 }]) {
    await assert.rejects(seek(target), refusal('INVALID_OPTION', 'seek'))
  }
  assert.equal(await seek({ offset: 5 }), 5)
})

test('the oldest records go when no group needs them, and cannot be sought any more', async (t) => {
  const engine = await openEngine(t, TWO)
  const publisher = engine.publisher<string>('orders')
  for (const value of range(200)) publisher.sendSync('k', String(value).padEnd(1000, '.'))
  await publisher.flushed()
  const consumer = engine.consumer(GROUP)
  const [full] = consumer.lag().partitions.filter(({ endOffset }) => endOffset > 0)
  assert.ok(full !== undefined && full.committedOffset > 0)
  assert.equal(full.messages, 200 - full.committedOffset)
  const { partition, committedOffset } = full
  const seek = (offset: number) => consumer.seek({ topic: 'orders', partition, offset })
  await assert.rejects(
    seek(committedOffset - 1),
    refusal('OFFSET_OUT_OF_RANGE', `${committedOffset} to 200`),
  )
  assert.equal(await seek(committedOffset), committedOffset)
})

// -------------------------------------------------------------------------------------------- close

/** A consumer whose handler is busy with its only message until it is told. */
async function busy(t: TestContext): Promise<{
  engine: Engine
  consumer: Consumer
  signal: AbortSignal
  finish: (error?: Error) => void
}> {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(2))
  const consumer = engine.consumer({ ...GROUP, retry: { backoff: { initialMs: 1_000_000 } } })
  let finish: (error?: Error) => void = () => {}
  let signal: AbortSignal | undefined
  await consumer.run({
    eachMessage: (context) => {
      signal = context.signal
      return new Promise<void>((resolve, reject) => {
        finish = (error) => (error === undefined ? resolve() : reject(error))
      })
    },
  })
  await until('it is in hand', () => signal !== undefined)
  return { engine, consumer, signal: signal as AbortSignal, finish: (error) => finish(error) }
}

test('close finishes and commits what is in hand, and no more', async (t) => {
  const { engine, consumer, signal, finish } = await busy(t)
  const closed = consumer.close()
  assert.equal(consumer.close(), closed)
  await sleep(1)
  assert.equal(consumer.lag().messages, 2)
  finish()
  await closed
  assert.equal(signal.aborted, false)
  assert.deepEqual(
    (await drain(engine, 'other', 'orders')).map(({ value }) => value),
    [0, 1],
  )
  assert.equal(consumer.lag().messages, 1)
})

test('a handler that fails while its consumer closes is not tried again by it', async (t) => {
  const { consumer, finish } = await busy(t)
  const closed = consumer.close()
  await sleep(1)
  finish(new Error('too late'))
  await closed
  assert.equal(consumer.lag().messages, 2)
  assert.equal(consumer.stats().failed, 1)
})

test('a handler that is not done by the deadline is aborted, and its message comes again', async (t) => {
  const { engine, consumer, signal, finish } = await busy(t)
  await assert.rejects(
    consumer.close({ timeoutMs: 1 }),
    refusal('CLOSE_TIMEOUT', 'billing', '1 ms'),
  )
  assert.equal(signal.aborted, true)
  // What it does from here on does not count.
  finish()
  await sleep(1)
  assert.equal(consumer.lag().messages, 2)
  const again: unknown[] = []
  const next = engine.consumer({ ...GROUP, retry: { backoff: { initialMs: 1_000_000 } } })
  await next.run({ eachMessage: ({ message }) => void again.push(message.value) })
  await until('both came', () => again.length === 2)
})

test('a failure after the deadline leaves nothing behind', async (t) => {
  const { engine, consumer, finish } = await busy(t)
  await assert.rejects(consumer.close({ timeoutMs: 0 }), refusal('CLOSE_TIMEOUT'))
  finish(new Error('much too late'))
  await sleep(1)
  assert.equal(await engine.deadLetters('billing').count(), 0)
  assert.equal(consumer.stats().retried, 0)
})

test('close refuses what is no deadline', async (t) => {
  const { consumer, finish } = await busy(t)
  assert.throws(() => consumer.close({ timeoutMs: -1 }), refusal('INVALID_OPTION', 'timeoutMs'))
  assert.throws(() => consumer.close({ timeout: 1 } as never), refusal('UNKNOWN_OPTION', 'timeout'))
  finish()
  await consumer.close({ timeoutMs: Number.POSITIVE_INFINITY }).catch(() => {})
})

test('what was done before a message that waits for its retry is committed by close', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(4))
  const options = { ...GROUP, retry: { backoff: { initialMs: 1_000_000 } } }
  const consumer = engine.consumer<number>(options)
  await consumer.run({
    eachMessage: ({ message }) => {
      if (message.value === 2) throw new Error('not now')
    },
  })
  await until('it waits', () => consumer.stats().retried === 1)
  await consumer.close()
  assert.equal(consumer.lag().messages, 2)
  const next = engine.consumer<number>(options)
  const seen: number[] = []
  await next.run({ eachMessage: ({ message }) => void seen.push(message.value) })
  await until('the rest came', () => seen.length === 2)
  assert.deepEqual(seen, [2, 3])
})

for (const what of ['consumer', 'engine'] as const) {
  test(`a handler may close its ${what}: its own message is the last one`, async (t) => {
    const engine = await openEngine(t, TWO)
    await sendTogether(engine, 'orders', range(4))
    const consumer = engine.consumer<number>(GROUP)
    const seen: number[] = []
    let isOver = false
    await consumer.run({
      eachMessage: async ({ message }) => {
        await sleep(1)
        seen.push(message.value)
        if (message.value !== 1) return
        await (what === 'consumer' ? consumer : engine).close()
        isOver = true
      },
    })
    await until('it is over', () => isOver)
    await (what === 'consumer' ? consumer : engine).close()
    assert.deepEqual(seen, [0, 1])
    assert.equal(consumer.stats().processed, 2)
  })
}

test('close before the start, during it, and by `await using`', async (t) => {
  const engine = await openEngine(t, TWO)
  const unused = engine.consumer(GROUP)
  await unused.close()
  await assert.rejects(unused.run({ eachMessage() {} }), refusal('CONSUMER_CLOSED', 'billing'))
  const starting = engine.consumer(GROUP)
  const running = starting.run({ workers: 2, handler: fixture('batch-handler') })
  const refused = assert.rejects(running, refusal('CONSUMER_CLOSED', 'billing'))
  await starting.close()
  await refused
  assert.deepEqual(starting.workers, [])
  const disposed = engine.consumer(GROUP)
  await disposed.run({ eachMessage() {} })
  await disposed[Symbol.asyncDispose]()
  await assert.rejects(disposed.run({ eachMessage() {} }), refusal('CONSUMER_CLOSED', 'billing'))
})

test('a start that goes on beyond the deadline of close leaves no workers', async (t) => {
  const engine = await openEngine(t, TWO)
  const consumer = engine.consumer(GROUP)
  consumer.on('worker:start', () => assert.fail('a worker was started after the close'))
  const running = consumer.run({ workers: 2, handler: fixture('batch-handler') })
  const refused = assert.rejects(running, refusal('CONSUMER_CLOSED', 'billing'))
  await assert.rejects(consumer.close({ timeoutMs: 0 }), refusal('CLOSE_TIMEOUT'))
  await refused
  assert.deepEqual(consumer.workers, [])
})
