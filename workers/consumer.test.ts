import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '../core/codec/json.js'
import { RetryAfterError, UnrecoverableError } from '../core/errors.js'
import {
  collect,
  openEngine,
  range,
  sendEach,
  sendTogether,
  sleep,
  until,
} from './engine.test.helper.js'

const ONE = { orders: { partitions: 1, codec: json(), memory: '64KiB' } }
const FOUR = { orders: { partitions: 4, codec: json(), memory: '256KiB' } }
const GROUP = { groupId: 'billing', topics: ['orders'], from: 'earliest' } as const
const AT_ONCE = { backoff: { initialMs: 0 } }

test('a handler in this thread gets each message with all that belongs to it', async (t) => {
  const engine = await openEngine(t, FOUR)
  const [run] = await engine.producer().send({
    topic: 'orders',
    messages: [{ key: 'c-17', value: { amount: 3 }, headers: { source: 'web' }, timestamp: 1234 }],
  })
  const consumer = engine.consumer(GROUP)
  const seen: unknown[] = []
  await consumer.run({
    eachMessage: ({ topic, partition, message, attempt, signal }) => {
      seen.push({ topic, partition, message, attempt, isAborted: signal.aborted })
    },
  })
  await until('the message came', () => seen.length === 1)
  const partition = run?.partition
  assert.deepEqual(seen, [
    {
      topic: 'orders',
      partition,
      message: {
        topic: 'orders',
        partition,
        offset: 0,
        key: 'c-17',
        value: { amount: 3 },
        headers: { source: 'web' },
        timestamp: 1234,
      },
      attempt: 1,
      isAborted: false,
    },
  ])
})

test('messages of one partition come one after the other, those of several overlap', async (t) => {
  const engine = await openEngine(t, FOUR)
  const messages = range(40).map((value) => ({ value, partition: value % 4 }))
  await engine.producer().send({ topic: 'orders', messages })
  const running = new Set<number>()
  const handled: number[] = []
  let together = 0
  const consumer = engine.consumer<number>(GROUP)
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      assert.equal(running.has(partition), false)
      running.add(partition)
      together = Math.max(together, running.size)
      await sleep(1)
      running.delete(partition)
      handled.push(message.value)
    },
  })
  await until('all are handled', () => handled.length === 40)
  assert.equal(together, 4)
  for (const partition of range(4)) {
    const own = handled.filter((value) => value % 4 === partition)
    assert.deepEqual(
      own,
      [...own].sort((a, b) => a - b),
    )
  }
  assert.deepEqual(consumer.stats(), { ...consumer.stats(), processed: 40, failed: 0, retried: 0 })
})

test('a batch gives the records of a frame in place, for as long as its handler runs', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', ['a', 'b', 'c'])
  const last = [
    { key: 'k', value: null, headers: { h: '1' }, timestamp: 5 },
    { key: Buffer.from([0, 255]), value: 'e', timestamp: 6 },
  ]
  await engine.producer().send({ topic: 'orders', messages: last })
  const seen: unknown[] = []
  const consumer = engine.consumer<string | null>(GROUP)
  await consumer.run({
    eachBatch: async ({ batch, topic, partition }) => {
      assert.deepEqual([batch.topic, batch.partition], [topic, partition])
      const frame: unknown[] = []
      while (batch.next()) {
        await sleep(1)
        const { offset, key, value, headers, remaining } = batch
        frame.push([offset, key, value, headers, remaining])
        const bytes = batch.bytes.toString('utf8', batch.valueFrom, batch.valueTo)
        assert.equal(bytes, value === null ? '' : JSON.stringify(value))
        assert.equal(batch.keyTo - batch.keyFrom, key === null ? 0 : key.length)
        if (offset >= 3) assert.equal(batch.timestamp, offset + 2)
      }
      seen.push(frame)
    },
  })
  await until('both frames came', () => seen.length === 2)
  assert.deepEqual(seen, [
    [
      [0, null, 'a', {}, 2],
      [1, null, 'b', {}, 1],
      [2, null, 'c', {}, 0],
    ],
    [
      [3, 'k', null, { h: '1' }, 1],
      [4, Buffer.from([0, 255]), 'e', {}, 0],
    ],
  ])
})

test('a batch handler that returns early is done with the whole batch', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', range(5))
  await sendTogether(engine, 'orders', range(5, 5))
  const first: unknown[] = []
  const consumer = engine.consumer(GROUP)
  await consumer.run({
    eachBatch: ({ batch }) => {
      batch.next()
      first.push(batch.value)
    },
  })
  await until('both came', () => consumer.stats().processed === 10)
  assert.deepEqual(first, [0, 5])
})

// --------------------------------------------------------------------------------------- failures

for (const way of ['throws', 'rejects'] as const) {
  test(`a handler that ${way} gets the message again, before any later one`, async (t) => {
    const engine = await openEngine(t, ONE)
    await sendTogether(engine, 'orders', range(4))
    const calls: [number, number][] = []
    const consumer = engine.consumer<number>({ ...GROUP, retry: AT_ONCE })
    const eachMessage = ({ message, attempt }: { message: { value: number }; attempt: number }) => {
      calls.push([message.value, attempt])
      if (message.value === 1 && attempt < 3) throw new Error('not yet')
    }
    await consumer.run({
      eachMessage: way === 'throws' ? eachMessage : async (context) => eachMessage(context),
    })
    await until('all are handled', () => consumer.stats().processed === 4)
    assert.deepEqual(calls, [
      [0, 1],
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
      [3, 1],
    ])
    const { failed, retried, deadLettered } = consumer.stats()
    assert.deepEqual({ failed, retried, deadLettered }, { failed: 2, retried: 2, deadLettered: 0 })
  })
}

test('while a message waits for its retry, other partitions go on', async (t) => {
  const engine = await openEngine(t, FOUR)
  await sendEach(engine, 'orders', [{ value: 'bad' }, { value: 'good', partition: 1 }])
  const handled: string[] = []
  const consumer = engine.consumer<string>({ ...GROUP, retry: { backoff: { initialMs: 100_000 } } })
  await consumer.run({
    eachMessage: ({ message }) => {
      if (message.value === 'bad') throw new Error('always')
      handled.push(message.value)
    },
  })
  await until('the good one is handled', () => handled.length === 1)
  assert.equal(consumer.stats().retried, 1)
})

test('a message is dead after its attempts, an unrecoverable one at once', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', ['failing', 'refused', 'good'])
  const calls: string[] = []
  const consumer = engine.consumer<string>({ ...GROUP, retry: { attempts: 3, ...AT_ONCE } })
  await consumer.run({
    eachMessage: ({ message: { value } }) => {
      calls.push(value)
      if (value === 'failing') throw new Error('always')
      if (value === 'refused') throw new UnrecoverableError()
    },
  })
  await until('the good one is handled', () => consumer.stats().processed === 3)
  assert.deepEqual(calls, ['failing', 'failing', 'failing', 'refused', 'good'])
  assert.equal(consumer.stats().deadLettered, 2)
})

test('a handler may say when it wants the message again', async (t) => {
  const engine = await openEngine(t, ONE)
  await sendTogether(engine, 'orders', ['later'])
  const attempts: number[] = []
  // With this back-off alone, the second attempt would not be before tomorrow.
  const retry = { backoff: { initialMs: 100_000_000, maxMs: 100_000_000 } }
  const consumer = engine.consumer({ ...GROUP, retry })
  await consumer.run({
    eachMessage: ({ attempt }) => {
      attempts.push(attempt)
      if (attempt < 3) throw new RetryAfterError(1)
    },
  })
  await until('it is handled', () => consumer.stats().processed === 1)
  assert.deepEqual(attempts, [1, 2, 3])
})

for (const way of ['sync', 'async'] as const) {
  test(`a batch that fails in its middle goes on from there (${way})`, async (t) => {
    const engine = await openEngine(t, ONE)
    await sendTogether(engine, 'orders', ['a', 'shaky', 'c', 'bad', 'e'])
    await sendTogether(engine, 'orders', ['f'])
    const calls: [string, number][] = []
    const consumer = engine.consumer<string>({ ...GROUP, retry: { attempts: 2, ...AT_ONCE } })
    await consumer.run({
      eachBatch: ({ batch, attempt }) => {
        const work = () => {
          while (batch.next()) {
            calls.push([batch.value, attempt])
            if (batch.value === 'shaky' && attempt === 1) throw new Error('once')
            if (batch.value === 'bad') throw new Error('always')
          }
        }
        return way === 'sync' ? work() : sleep(0).then(work)
      },
    })
    await until('all are handled', () => consumer.stats().processed === 6)
    assert.deepEqual(calls, [
      ['a', 1],
      ['shaky', 1],
      ['shaky', 2],
      ['c', 2],
      ['bad', 2],
      ['bad', 2],
      ['e', 1],
      ['f', 1],
    ])
    assert.equal(consumer.stats().deadLettered, 1)
    const letters = await collect(engine.deadLetters('billing').peek())
    assert.deepEqual(
      letters.map(({ offset, reason, attempts }) => ({ offset, reason, attempts })),
      [{ offset: 3, reason: 'attempts', attempts: 2 }],
    )
  })
}
