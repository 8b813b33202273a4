import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { json } from '../core/codec/json.js'
import type { Consumer } from './consumer.js'
import type { ConsumerOptions } from './consumer-options.js'
import type { Engine } from './engine.js'
import { fixture, openEngine, range, refusal, sendEach, until } from './engine.test.helper.js'
import { Journal, START, STOP } from './journal.test.helper.js'

const FOUR = { orders: { partitions: 4, codec: json(), memory: '256KiB' } }
const GROUP = { groupId: 'billing', topics: ['orders'], from: 'earliest' } as const
const AT_ONCE = { backoff: { initialMs: 0 } }

/** What a test of workers has at hand: the obedient handler, and what it noted. */
interface Setup {
  readonly engine: Engine
  readonly consumer: Consumer
  readonly journal: Journal
  run(workers: number): Promise<void>
}

async function setUp(t: TestContext, options: Partial<ConsumerOptions> = {}): Promise<Setup> {
  const engine = await openEngine(t, FOUR)
  const consumer = engine.consumer({ ...GROUP, ...options })
  const journal = Journal.create()
  const workerData = journal.region.buffer
  const handler = fixture('obedient-handler')
  return {
    engine,
    consumer,
    journal,
    run: (workers) => consumer.run({ workers, handler, workerData }),
  }
}

const handle = { action: 'handle' }

function toAll(value: unknown, count = 1): { value: unknown; partition: number }[] {
  return range(4 * count).map((index) => ({ value, partition: index % 4 }))
}

/**
 * Sends a message to each partition, again and again, until so many workers share them: whoever
 * joins gets its share while the others work.
 *
 * @returns how often
 */
async function sendUntilShared(
  engine: Engine,
  consumer: Consumer,
  journal: Journal,
  workers: number,
): Promise<number> {
  let rounds = 0
  await until(`${workers} workers share the partitions`, async () => {
    rounds++
    await sendEach(engine, 'orders', toAll(handle))
    await until('all are handled', () => consumer.stats().processed === 4 * rounds)
    const owners = journal.deliveries.slice(-4).map(({ workerId }) => workerId)
    return new Set(owners).size === workers
  })
  return rounds
}

test('workers share the partitions, and each message is handled once', async (t) => {
  const { engine, consumer, journal, run } = await setUp(t)
  await run(2)
  const ids = consumer.workers.map(({ id }) => id)
  assert.deepEqual(ids, [0, 1])
  const rounds = await sendUntilShared(engine, consumer, journal, 2)
  await consumer.close()
  for (const partition of range(4)) assert.deepEqual(journal.offsets(partition), range(rounds))
  assert.deepEqual(journal.workers(START).sort(), [0, 1])
  assert.deepEqual(journal.workers(STOP).sort(), [0, 1])
  assert.deepEqual(consumer.workers, [])
})

test('workers beyond the partitions idle, and stop like the others', async (t) => {
  const { engine, consumer, journal, run } = await setUp(t)
  await run(6)
  await sendUntilShared(engine, consumer, journal, 4)
  await consumer.close()
  assert.equal(journal.workers(STOP).length, 6)
})

test('scaling moves only the partitions that need it', async (t) => {
  const { engine, consumer, journal, run } = await setUp(t)
  const rebalances: { moved: number; members: number }[] = []
  consumer.on('group:rebalance', ({ moved, members }) => rebalances.push({ moved, members }))
  await run(1)
  await sendEach(engine, 'orders', toAll(handle))
  await until('all are handled', () => consumer.stats().processed === 4)
  await consumer.scale(2)
  await consumer.scale(3)
  await sendEach(engine, 'orders', toAll(handle))
  await until('all are handled', () => consumer.stats().processed === 8)
  await consumer.scale(1)
  await sendEach(engine, 'orders', toAll(handle))
  await until('all are handled', () => consumer.stats().processed === 12)
  assert.deepEqual(
    consumer.workers.map(({ id }) => id),
    [0],
  )
  assert.deepEqual(rebalances.slice(0, 3), [
    { moved: 4, members: 1 },
    { moved: 2, members: 2 },
    { moved: 1, members: 3 },
  ])
  assert.equal(rebalances.at(-1)?.members, 1)
  // Two members leave, and take no more than their own partitions out of place.
  assert.ok(rebalances.slice(3).reduce((sum, { moved }) => sum + moved, 0) <= 3)
  const owners = range(4).map((partition) =>
    journal.deliveries.filter((one) => one.partition === partition).map((one) => one.workerId),
  )
  assert.equal(owners.filter(([, second]) => second === 0).length, 2)
  for (const owner of owners) assert.deepEqual([owner[0], owner[2]], [0, 0])
  for (const partition of range(4)) assert.deepEqual(journal.offsets(partition), range(3))
  assert.equal(consumer.stats().redelivered, 0)
})

test('scale is for consumers with workers, and for numbers of them', async (t) => {
  const { consumer, run } = await setUp(t)
  await assert.rejects(consumer.scale(2), refusal('CONSUMER_CLOSED', 'billing'))
  await run(1)
  await assert.rejects(consumer.scale(0), refusal('INVALID_OPTION', 'workers', '1 to 200', '0'))
  await consumer.close()
  await assert.rejects(consumer.scale(2), refusal('CONSUMER_CLOSED', 'billing'))
})

for (const action of ['exit', 'throwUncaught', 'rejectUnhandled'] as const) {
  test(`a worker that dies (${action}) is replaced, and its message comes again`, async (t) => {
    const { engine, consumer, journal, run } = await setUp(t)
    const crashes: { workerId: number; error: Error; restartMs: number }[] = []
    const starts: number[] = []
    consumer.on('worker:crash', (crash) => crashes.push(crash))
    consumer.on('worker:start', ({ workerId, threadId }) => {
      starts.push(workerId)
      assert.ok(threadId > 0)
    })
    await run(1)
    await sendEach(engine, 'orders', toAll(handle))
    await until('all are handled', () => consumer.stats().processed === 4)
    await sendEach(engine, 'orders', [{ value: { action, times: 1 } }, ...toAll(handle)])
    await until('all are handled', () => consumer.lag().messages === 0)
    assert.equal(crashes.length, 1)
    const [crash] = crashes
    assert.deepEqual([crash?.workerId, crash?.restartMs], [0, 100])
    const expected = {
      exit: /exit/,
      throwUncaught: /^uncaught as/,
      rejectUnhandled: /^unhandled as/,
    }
    assert.match(crash?.error.message ?? '', expected[action])
    assert.deepEqual(starts, [0, 0])
    assert.equal(journal.countOf(0, 1), 2)
    assert.deepEqual(journal.workers(START), [0, 0])
    await consumer.close()
    assert.ok(consumer.stats().redelivered >= 1)
    for (const partition of range(4)) {
      assert.deepEqual([...new Set(journal.offsets(partition))], range(partition === 0 ? 3 : 2))
    }
  })
}

test('a worker that runs out of its memory dies alone, and its message comes again', async (t) => {
  const { engine, consumer, journal } = await setUp(t)
  const codes: unknown[] = []
  consumer.on('worker:crash', ({ error }) => codes.push(Reflect.get(error, 'code')))
  await consumer.run({
    workers: 1,
    handler: fixture('obedient-handler'),
    workerData: journal.region.buffer,
    resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
  })
  await sendEach(engine, 'orders', [{ value: { action: 'exhaust', times: 1 } }, ...toAll(handle)])
  await until('all are handled', () => consumer.lag().messages === 0)
  assert.deepEqual(codes, ['ERR_WORKER_OUT_OF_MEMORY'])
  assert.equal(journal.countOf(0, 0), 2)
})

test('the partitions of a killed worker go on at once, in the others', async (t) => {
  const { engine, consumer, journal, run } = await setUp(t)
  await run(2)
  await sendEach(engine, 'orders', toAll(handle))
  await until('all are handled', () => consumer.stats().processed === 4)
  const [victim] = consumer.workers
  await victim?.terminate()
  await victim?.terminate()
  await sendEach(engine, 'orders', toAll(handle))
  await until('all are handled', () => consumer.lag().messages === 0)
  await until('it is replaced', () => consumer.workers.length === 2)
  await consumer.close()
  for (const partition of range(4)) {
    assert.deepEqual([...new Set(journal.offsets(partition))], [0, 1])
  }
})

test('a worker that dies again and again waits longer each time, and degrades its group', async (t) => {
  const { engine, consumer, journal, run } = await setUp(t)
  const waits: number[] = []
  const degraded: unknown[] = []
  consumer.on('worker:crash', ({ restartMs }) => waits.push(restartMs))
  consumer.on('group:degraded', (event) => degraded.push(event))
  await run(1)
  await sendEach(engine, 'orders', [{ value: { action: 'exit', times: 6 } }, { value: handle }])
  await until('the message is handled at last', () => consumer.lag().messages === 0)
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200])
  const event = { groupId: 'billing', workerId: 0, crashes: 5 }
  assert.deepEqual(degraded, [event])
  assert.equal(journal.countOf(0, 0), 7)
  // What it has handled in between makes it healthy: the next time is told again.
  await sendEach(engine, 'orders', [{ value: { action: 'exit', times: 5 } }])
  await until('it is handled, too', () => consumer.lag().messages === 0)
  assert.deepEqual(degraded, [event, event])
})

test('a worker that handled something between its deaths begins with the short wait again', async (t) => {
  const { engine, consumer, run } = await setUp(t)
  const waits: number[] = []
  consumer.on('worker:crash', ({ restartMs }) => waits.push(restartMs))
  await run(1)
  const exit = { action: 'exit', times: 1 }
  for (const expected of [1, 2, 3]) {
    await sendEach(engine, 'orders', [{ value: handle }])
    await until('it is handled', () => consumer.lag().messages === 0)
    await sendEach(engine, 'orders', [{ value: exit }])
    await until('it died', () => waits.length === expected)
  }
  await until('all are handled', () => consumer.lag().messages === 0)
  assert.deepEqual(waits, [100, 100, 100])
})

test('close ends the wait for a replacement', async (t) => {
  const { engine, consumer, journal, run } = await setUp(t)
  let crashes = 0
  consumer.on('worker:crash', () => crashes++)
  await run(1)
  await sendEach(engine, 'orders', [{ value: { action: 'exit' } }])
  await until('it waits for a while', () => crashes === 4)
  await consumer.close()
  assert.equal(journal.workers(START).length, 4)
  assert.equal(consumer.lag().messages, 1)
})

test('retries and dead letters in workers are counted where the consumer is', async (t) => {
  const { engine, consumer, run } = await setUp(t, { retry: { attempts: 3, ...AT_ONCE } })
  await run(2)
  const values = [
    { action: 'fail', times: 2 },
    { action: 'fail' },
    { action: 'reject' },
    { action: 'retryAtOnce', times: 1 },
    { action: 'wait' },
    handle,
  ]
  await sendEach(
    engine,
    'orders',
    values.map((value) => ({ value })),
  )
  await until('all are handled', () => consumer.stats().processed === 6)
  await consumer.close()
  assert.deepEqual(consumer.stats(), {
    processed: 6,
    redelivered: 0,
    failed: 7,
    timedOut: 0,
    retried: 5,
    deadLettered: 2,
    discarded: 0,
    maybeLost: 0,
    staleCommits: 0,
  })
  assert.equal(await engine.deadLetters('billing').count(), 2)
})

test('batches in workers fail where they fail', async (t) => {
  const engine = await openEngine(t, FOUR)
  const consumer = engine.consumer({ ...GROUP, retry: { attempts: 2, ...AT_ONCE } })
  const journal = Journal.create()
  const workerData = journal.region.buffer
  await consumer.run({ workers: 1, handler: fixture('batch-handler'), workerData })
  const messages = ['a', 'bad', 'c'].map((value) => ({ value, partition: 0 }))
  await engine.producer().send({ topic: 'orders', messages })
  await until('all are handled', () => consumer.stats().processed === 3)
  assert.deepEqual(journal.offsets(), [0, 1, 1, 2])
  assert.equal(await engine.deadLetters('billing').count(), 1)
})

test('what was in hand at close is finished, and nothing comes again after it', async (t) => {
  const { engine, consumer, journal, run } = await setUp(t)
  await run(2)
  await sendEach(engine, 'orders', toAll({ action: 'wait' }, 5))
  await until('some are in hand', () => journal.deliveries.length > 0)
  await consumer.close()
  const before = journal.deliveries.length
  assert.equal(consumer.stats().processed, before)
  assert.equal(consumer.lag().messages, 20 - before)
  const next = engine.consumer(GROUP)
  const workerData = journal.region.buffer
  await next.run({ workers: 2, handler: fixture('obedient-handler'), workerData })
  await until('the rest is handled', () => next.lag().messages === 0)
  await next.close()
  for (const partition of range(4)) assert.deepEqual(journal.offsets(partition), range(5))
  assert.equal(next.stats().redelivered, 0)
})

test('a handler that hangs is not waited for beyond the deadline', async (t) => {
  const { engine, consumer, journal, run } = await setUp(t)
  await run(2)
  await sendEach(engine, 'orders', [{ value: { action: 'hang' } }])
  await until('it is in hand', () => journal.deliveries.length === 1)
  const closed = consumer.close({ timeoutMs: 50 })
  await assert.rejects(closed, refusal('CLOSE_TIMEOUT', 'billing', '50'))
  await assert.rejects(consumer.close(), refusal('CLOSE_TIMEOUT'))
  assert.deepEqual(consumer.workers, [])
  assert.equal(consumer.lag().messages, 1)
  // Its partition is free, and the message comes again.
  const next = engine.consumer(GROUP)
  const again: number[] = []
  await next.run({ eachMessage: ({ message }) => void again.push(message.offset) })
  await until('it came again', () => again.length === 1)
})

test('workerData that cannot be cloned is refused', async (t) => {
  const engine = await openEngine(t, FOUR)
  const consumer = engine.consumer(GROUP)
  const handler = fixture('obedient-handler')
  const options = { workers: 1, handler, workerData: () => {} }
  await assert.rejects(consumer.run(options), /could not be cloned/)
})

test('what onStop throws is told, and closing goes on', async (t) => {
  const engine = await openEngine(t, FOUR)
  const consumer = engine.consumer(GROUP)
  const failures: { workerId: number; error: Error }[] = []
  consumer.on('worker:stop-failed', (failure) => failures.push(failure))
  await consumer.run({ workers: 1, handler: fixture('failing-stop') })
  await sendEach(engine, 'orders', toAll(1))
  await until('all are handled', () => consumer.lag().messages === 0)
  await consumer.close()
  assert.deepEqual(
    failures.map(({ workerId, error }) => [workerId, error.name, error.message]),
    [[0, 'RangeError', 'cannot stop']],
  )
})
