import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { json } from '../core/codec/json.js'
import type { MillraceError } from '../core/errors.js'
import type { Consumer } from './consumer.js'
import type { ConsumerOptions } from './consumer-options.js'
import type { DeadLetter } from './dead-letters.js'
import type { Engine } from './engine.js'
import {
  collect,
  fixture,
  openEngine,
  refusal,
  sendEach,
  sendTogether,
  until,
} from './engine.test.helper.js'
import { Journal } from './journal.test.helper.js'

const ONE = { orders: { partitions: 1, codec: json(), memory: '64KiB' } }
const GROUP = {
  groupId: 'billing',
  topics: ['orders'],
  from: 'earliest',
  retry: { attempts: 2, backoff: { initialMs: 0 } },
  handlerTimeoutMs: 20,
} as const
const handle = { action: 'handle' }

interface Setup {
  readonly engine: Engine
  readonly consumer: Consumer
  readonly journal: Journal
  readonly crashes: Error[]
}

async function setUp(
  t: TestContext,
  handler: string,
  options: Partial<ConsumerOptions> = {},
  workers = 1,
): Promise<Setup> {
  const engine = await openEngine(t, ONE)
  const consumer = engine.consumer({ ...GROUP, ...options })
  const journal = Journal.create()
  const crashes: Error[] = []
  consumer.on('worker:crash', ({ error }) => crashes.push(error))
  const workerData = journal.region.buffer
  await consumer.run({ workers, handler: fixture(handler), workerData })
  return { engine, consumer, journal, crashes }
}

async function lettersOf(engine: Engine): Promise<Pick<DeadLetter, 'offset' | 'reason'>[]> {
  const letters = await collect(engine.deadLetters('billing').peek())
  return letters.map(({ offset, reason }) => ({ offset, reason }))
}

for (const action of ['hang', 'block']) {
  test(`a handler that is told to ${action} loses its thread, and then its message`, async (t) => {
    const { engine, consumer, journal, crashes } = await setUp(t, 'obedient-handler')
    await sendEach(engine, 'orders', [{ value: handle }, { value: { action } }, { value: handle }])
    await until('all are handled', () => consumer.lag().messages === 0)
    assert.deepEqual(await lettersOf(engine), [{ offset: 1, reason: 'handler-timeout' }])
    const [letter] = await collect(engine.deadLetters('billing').peek())
    assert.equal(letter?.attempts, 2)
    assert.match(letter?.error ?? '', /offset 1 after 20 ms/)
    assert.equal(letter?.headers['dlq-error-code'], 'HANDLER_TIMEOUT')
    const attempts = journal.deliveries.filter(({ offset }) => offset === 1)
    assert.deepEqual(
      attempts.map(({ attempt }) => attempt),
      [1, 2],
    )
    const { timedOut, failed } = consumer.stats()
    assert.deepEqual({ timedOut, failed }, { timedOut: 2, failed: 2 })
    assert.equal(crashes.length, 2)
    for (const error of crashes) {
      refusal('HANDLER_TIMEOUT', 'offset 1', '20 ms')(error)
      assert.deepEqual((error as MillraceError).details, {
        topic: 'orders',
        partition: 0,
        offset: 1,
        timeoutMs: 20,
      })
    }
  })
}

test('a handler that is done after all when its thread is ended once is tried again', async (t) => {
  const { engine, consumer, journal } = await setUp(t, 'obedient-handler', {}, 2)
  await sendEach(engine, 'orders', [{ value: { action: 'block', times: 1 } }, { value: handle }])
  await until('all are handled', () => consumer.lag().messages === 0)
  assert.deepEqual(journal.offsets(), [0, 0, 1])
  assert.deepEqual(await lettersOf(engine), [])
  assert.equal(consumer.stats().timedOut, 1)
})

test('a worker that is ended while it is asked to stop says why', async (t) => {
  const { engine, consumer, journal, crashes } = await setUp(t, 'obedient-handler')
  const failures: { workerId: number; error: Error }[] = []
  consumer.on('worker:stop-failed', (failure) => failures.push(failure))
  await sendEach(engine, 'orders', [{ value: { action: 'block' } }])
  await until('the handler blocks', () => journal.deliveries.length === 1)
  await consumer.close()
  assert.deepEqual(
    failures.map(({ workerId }) => workerId),
    [0],
  )
  refusal('HANDLER_TIMEOUT', 'offset 0', '20 ms')(failures[0]?.error)
  assert.deepEqual(crashes, [])
})

test('failures of both kinds count as attempts of one record', async (t) => {
  const retry = { attempts: 3, backoff: { initialMs: 0 } }
  const { engine, consumer, journal, crashes } = await setUp(t, 'obedient-handler', { retry })
  await sendEach(engine, 'orders', [{ value: { action: 'failThenHang' } }])
  await until('it is given up', () => consumer.lag().messages === 0)
  assert.deepEqual(
    journal.deliveries.map(({ attempt }) => attempt),
    [1, 2, 3],
  )
  assert.deepEqual(await lettersOf(engine), [{ offset: 0, reason: 'handler-timeout' }])
  assert.equal(crashes.length, 2)
})

test('a handler that gives up when its signal is aborted keeps its thread', async (t) => {
  const { engine, consumer, crashes } = await setUp(t, 'obedient-handler')
  await sendEach(engine, 'orders', [{ value: { action: 'hangUntilAborted' } }, { value: handle }])
  await until('all are handled', () => consumer.lag().messages === 0)
  assert.deepEqual(await lettersOf(engine), [{ offset: 0, reason: 'handler-timeout' }])
  assert.deepEqual(crashes, [])
  await consumer.close()
  const { timedOut, failed, retried, processed } = consumer.stats()
  assert.deepEqual(
    { timedOut, failed, retried, processed },
    { timedOut: 2, failed: 2, retried: 1, processed: 2 },
  )
})

test('a handler that finishes when its signal is aborted is done', async (t) => {
  const { engine, consumer, crashes } = await setUp(t, 'obedient-handler')
  await sendEach(engine, 'orders', [{ value: { action: 'finishWhenAborted' } }, { value: handle }])
  await until('all are handled', () => consumer.lag().messages === 0)
  assert.deepEqual(await lettersOf(engine), [])
  assert.deepEqual(crashes, [])
  await consumer.close()
  const { timedOut, failed, processed } = consumer.stats()
  assert.deepEqual({ timedOut, failed, processed }, { timedOut: 1, failed: 0, processed: 2 })
})

test('of a batch, the record at which the thread was ended is the one that dies', async (t) => {
  const { engine, consumer, journal } = await setUp(t, 'batch-handler')
  await sendTogether(engine, 'orders', ['a', 'b', 'endless', 'c'])
  await until('all are handled', () => consumer.lag().messages === 0)
  assert.deepEqual(await lettersOf(engine), [{ offset: 2, reason: 'handler-timeout' }])
  // The second time the batch ends before the suspect, which then comes alone.
  assert.deepEqual(
    journal.deliveries.map(({ offset, attempt }) => [offset, attempt]),
    [
      [0, 1],
      [1, 1],
      [2, 1],
      [0, 1],
      [1, 1],
      [2, 2],
      [3, 1],
    ],
  )
})

test('a worker that hangs can be scaled away', async (t) => {
  const engine = await openEngine(t, { orders: { ...ONE.orders, partitions: 2 } })
  const consumer = engine.consumer(GROUP)
  const journal = Journal.create()
  const workerData = journal.region.buffer
  await consumer.run({ workers: 2, handler: fixture('obedient-handler'), workerData })
  const block = { action: 'block', times: 1 }
  await sendEach(engine, 'orders', [
    { value: block, partition: 0 },
    { value: block, partition: 1 },
  ])
  await until('both hang', () => journal.deliveries.length >= 2)
  await consumer.scale(1)
  await until('all are handled', () => consumer.lag().messages === 0)
  assert.deepEqual(
    [journal.offsets(0), journal.offsets(1)],
    [
      [0, 0],
      [0, 0],
    ],
  )
})

test('a handler in the calling thread is told, and waited for', async (t) => {
  const engine = await openEngine(t, ONE)
  const consumer = engine.consumer(GROUP)
  const reasons: unknown[] = []
  let finish = () => {}
  await consumer.run({
    eachMessage: ({ signal, message }) =>
      message.offset > 0 ||
      new Promise<void>((resolve) => {
        finish = resolve
        signal.addEventListener('abort', () => reasons.push(signal.reason))
      }),
  })
  await sendEach(engine, 'orders', [{ value: 1 }, { value: 2 }])
  await until('it is told', () => reasons.length === 1)
  refusal('HANDLER_TIMEOUT', 'offset 0', '20 ms')(reasons[0])
  assert.equal(consumer.lag().messages, 2)
  finish()
  await until('all are handled', () => consumer.lag().messages === 0)
  const { timedOut, failed } = consumer.stats()
  assert.deepEqual({ timedOut, failed }, { timedOut: 1, failed: 0 })
})

test('a handler that comes back after its partition has gone is refused, and counted', async (t) => {
  const engine = await openEngine(t, ONE)
  const zombie = engine.consumer(GROUP)
  let finish = () => {}
  let calls = 0
  await zombie.run({
    eachMessage: () => {
      calls++
      return new Promise<void>((resolve) => {
        finish = resolve
      })
    },
  })
  await sendEach(engine, 'orders', [{ value: 1 }, { value: 2 }])
  await until('it has begun', () => calls === 1)
  await assert.rejects(zombie.close({ timeoutMs: 0 }), refusal('CLOSE_TIMEOUT'))
  const other = engine.consumer(GROUP)
  let handled = 0
  await other.run({ eachMessage: () => new Promise(() => handled++) })
  await until('the other has it', () => handled === 1)
  finish()
  await until('it is refused', () => zombie.stats().staleCommits === 1)
  assert.equal(other.lag().messages, 2)
  assert.equal(zombie.stats().processed, 0)
  assert.equal(calls, 1)
})
