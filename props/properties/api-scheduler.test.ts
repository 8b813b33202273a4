/**
 * The asynchronous API in every order: sends that wait for space, aborts, a producer that closes, a
 * consumer that polls, seeks and closes. `fc.scheduler` decides what comes next.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextTurn } from '#clock'
import { createEngine, MillraceError, type RecordMetadata, utf8 } from '../../workers/index.js'
import { until } from '../chaos/until.js'

const { MILLRACE_RUNS = '1' } = process.env
const RUNS = 40
const TOPIC = 'orders'
const TINY_BYTES = 1024
/** Of each record: a frame of one takes two granules of the log's sixteen. */
const FILLER = '.'.repeat(40)

interface SendPlan {
  readonly records: number
  /** Somebody aborts it, some time. */
  readonly isAborted: boolean
}

interface Plan {
  readonly sends: readonly SendPlan[]
  readonly closes: 'producer' | 'nothing'
  readonly seeks: number
  /** Consumers, one after the other; each is closed at a time of its own. */
  readonly consumers: number
}

const plan: fc.Arbitrary<Plan> = fc.record({
  sends: fc.array(fc.record({ records: fc.integer({ min: 1, max: 8 }), isAborted: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  }),
  closes: fc.constantFrom('producer' as const, 'nothing' as const),
  seeks: fc.nat(2),
  consumers: fc.integer({ min: 1, max: 3 }),
})

/** What became of a send: where its records lie that were written. */
interface Outcome {
  readonly values: readonly string[]
  readonly written: readonly RecordMetadata[]
  readonly code: string | undefined
}

async function outcomeOf(
  values: readonly string[],
  sending: Promise<RecordMetadata[]>,
): Promise<Outcome> {
  try {
    return { values, written: await sending, code: undefined }
  } catch (error) {
    assert.ok(error instanceof MillraceError, String(error))
    const { written } = error.details as { written: RecordMetadata[] }
    return { values, written, code: error.code }
  }
}

type Delivery = readonly [offset: number, value: string]

/** Offset and value of all that the senders were told is written. */
function writtenBy(outcomes: readonly Outcome[]): Map<number, string> {
  const written = new Map<number, string>()
  for (const outcome of outcomes) {
    let next = 0
    for (const { baseOffset, count } of outcome.written) {
      for (let number = 0; number < count; number++) {
        assert.ok(!written.has(baseOffset + number), 'two sends have one offset')
        written.set(baseOffset + number, outcome.values[next++] as string)
      }
    }
    if (outcome.code === undefined) assert.equal(next, outcome.values.length, 'all of it is there')
    else assert.ok(['SEND_ABORTED', 'PRODUCER_CLOSED'].includes(outcome.code), outcome.code)
  }
  return written
}

/** The senders' and the consumers' stories are one, and begin where they should. */
function compare(outcomes: readonly Outcome[], deliveries: readonly Delivery[], seeks: number) {
  const written = writtenBy(outcomes)
  const delivered = new Map<number, string>()
  let rewinds = 0
  let last = -1
  for (const [offset, value] of deliveries) {
    assert.equal(value, delivered.get(offset) ?? value)
    assert.ok(offset <= last + 1, `${offset} came after ${last}`)
    if (offset <= last) rewinds++
    delivered.set(offset, value)
    last = offset
  }
  assert.ok(rewinds <= seeks, `${rewinds} rewinds for ${seeks} seeks`)
  assert.deepEqual([...delivered].sort(byOffset), [...written].sort(byOffset))
}

function byOffset([a]: Delivery, [b]: Delivery): number {
  return a - b
}

interface Result {
  readonly outcomes: readonly Outcome[]
  readonly deliveries: readonly Delivery[]
  readonly seeks: number
}

async function play({ sends, closes, seeks, consumers }: Plan, s: fc.Scheduler): Promise<Result> {
  await using engine = await createEngine({
    topics: { [TOPIC]: { partitions: 1, codec: utf8(), memory: TINY_BYTES } },
  })
  const options = { groupId: 'group', topics: [TOPIC], from: 'earliest' } as const
  const producer = engine.producer()
  const deliveries: Delivery[] = []
  let sought = 0
  // From here on the group holds the log.
  await engine.consumer(options).resume()

  const later = (label: string): Promise<void> => s.schedule(Promise.resolve(), label)
  const sending = sends.map(async ({ records, isAborted }, index) => {
    await later(`send ${index}`)
    const values = Array.from({ length: records }, (_, number) => `${index}.${number} ${FILLER}`)
    const abort = new AbortController()
    if (isAborted) void later(`abort ${index}`).then(() => abort.abort())
    const messages = values.map((value) => ({ value }))
    return outcomeOf(values, producer.send({ topic: TOPIC, messages, signal: abort.signal }))
  })
  const closing = later(closes).then(() => (closes === 'producer' ? producer.close() : undefined))
  const eachMessage = ({ message }: { message: { offset: number; value: unknown } }) => {
    deliveries.push([message.offset, message.value as string])
    return later(`handled ${message.offset}`)
  }
  const seeking = Array.from({ length: seeks }, async (_, index) => {
    await later(`seek ${index}`)
    sought++
    await engine.consumer(options).seek({ topic: TOPIC, partition: 0, offset: 'earliest' })
  })
  const polling = (async () => {
    for (let number = 0; number < consumers; number++) {
      await later(`consumer ${number}`)
      const consumer = engine.consumer(options)
      await consumer.run({ eachMessage })
      await later(`close ${number}`)
      await consumer.close()
    }
    // The last one stays until everything is done.
    const consumer = engine.consumer(options)
    await consumer.run({ eachMessage })
    const settled = await Promise.all([...sending, closing, ...seeking])
    await until('the group drained', () => consumer.lag().messages === 0)
    await consumer.close()
    return settled.slice(0, sends.length) as Outcome[]
  })()
  let isOver = false
  const over = Promise.allSettled([polling]).then(() => {
    isOver = true
  })
  while (!isOver) {
    if (s.count() > 0) await s.waitOne()
    else await nextTurn()
  }
  await over
  return { outcomes: await polling, deliveries, seeks: sought }
}

test('in whatever order calls meet, all sends settle, and the group gets what they wrote', async () => {
  const property = fc.asyncProperty(plan, fc.scheduler(), async (drawn, scheduler) => {
    const { outcomes, deliveries, seeks } = await play(drawn, scheduler)
    compare(outcomes, deliveries, seeks)
  })
  await fc.assert(property, { numRuns: RUNS * Number(MILLRACE_RUNS) })
})

test('the comparison notices a record that is lost, invented, skipped or repeated', () => {
  const metadata = { topic: TOPIC, partition: 0, baseOffset: 0, count: 3 }
  const values = ['a', 'b', 'c']
  const outcomes = [{ values, written: [metadata], code: undefined }]
  const all: Delivery[] = [
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ]
  compare(outcomes, all, 0)
  assert.throws(() => compare(outcomes, all.slice(0, 2), 0))
  assert.throws(() => compare(outcomes, [...all, [3, 'd']], 0))
  assert.throws(() => compare(outcomes, [all[0] as Delivery, all[2] as Delivery], 0), /came after/)
  assert.throws(() => compare(outcomes, [...all, ...all.slice(1)], 0), /rewinds/)
  const half = { values, written: [{ ...metadata, count: 2 }], code: undefined }
  assert.throws(() => compare([half], all.slice(0, 2), 0), /all of it is there/)
})
