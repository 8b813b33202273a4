import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { json } from '../core/codec/json.js'
import type { Message } from '../core/topic/received-message.js'
import {
  collect,
  drain,
  openEngine,
  range,
  refusal,
  sendEach,
  sendTogether,
  until,
} from './engine.test.helper.js'

const TWO = { orders: { partitions: 2, codec: json(), memory: '64KiB' } }
const GROUP = { groupId: 'billing', topics: ['orders'], from: 'earliest' } as const

function valuesOf(messages: readonly Message[]): unknown[] {
  return messages.map(({ value }) => value)
}

test('an iteration with an end goes up to what was there when it began', async (t) => {
  const engine = await openEngine(t, TWO)
  const both = range(10).map((value) => ({ value, partition: value % 2 }))
  await sendEach(engine, 'orders', both)
  const consumer = engine.consumer<number>(GROUP)
  const seen: number[] = []
  for await (const { value } of consumer.consume({ until: 'end' })) {
    seen.push(value)
    if (value < 10) await sendEach(engine, 'orders', [{ value: value + 10, partition: value % 2 }])
    if (seen.length > 100) assert.fail('it does not end')
  }
  assert.deepEqual(
    seen.filter((value) => value < 10).sort((a, b) => a - b),
    range(10),
  )
  // What came later than that is there for the next one, unless it was seen already.
  const rest = valuesOf(await drain(engine, 'billing', 'orders')) as number[]
  assert.deepEqual(
    [...seen, ...rest].sort((a, b) => a - b),
    range(20),
  )
  await assert.rejects(consumer.run({ eachMessage() {} }), refusal('CONSUMER_CLOSED'))
})

test('an iteration with an end ends at once where there is nothing', async (t) => {
  const engine = await openEngine(t, TWO)
  assert.deepEqual(await drain(engine, 'billing', 'orders'), [])
  await sendTogether(engine, 'orders', range(3))
  assert.deepEqual(valuesOf(await drain(engine, 'billing', 'orders')), range(3))
  assert.deepEqual(await drain(engine, 'billing', 'orders'), [])
  const late = engine.consumer({ groupId: 'late', topics: ['orders'] })
  assert.deepEqual(await collect(late.consume({ until: 'end' })), [])
})

test('the message at which an iteration is left comes again, those before it do not', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(6))
  const consumer = engine.consumer<number>(GROUP)
  for await (const { value } of consumer.consume()) if (value === 3) break
  assert.equal(consumer.lag().messages, 3)
  assert.deepEqual(valuesOf(await drain(engine, 'billing', 'orders')), [3, 4, 5])
})

test('an iteration that throws leaves the same behind as one that breaks', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(4))
  const consumer = engine.consumer<number>(GROUP)
  const iterate = async () => {
    for await (const { value } of consumer.consume()) if (value === 2) throw new Error('enough')
  }
  await assert.rejects(iterate(), /enough/)
  assert.deepEqual(valuesOf(await drain(engine, 'billing', 'orders')), [2, 3])
})

test('an iteration is a source of streams', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendTogether(engine, 'orders', range(50))
  const consumer = engine.consumer<number>(GROUP)
  const stream = Readable.from(consumer.consume({ until: 'end' }))
  const doubled = stream.map((message: Message<number>) => message.value * 2)
  assert.deepEqual(
    await doubled.toArray(),
    range(50).map((value) => value * 2),
  )
})

test('an iteration without an end waits for more, and ends when its consumer is closed', async (t) => {
  const engine = await openEngine(t, TWO)
  const consumer = engine.consumer<number>(GROUP)
  const seen: number[] = []
  const iterate = async () => {
    for await (const { value } of consumer.consume()) seen.push(value)
  }
  const over = iterate()
  for (const value of range(3)) {
    await sendTogether(engine, 'orders', [value])
    await until('it came', () => seen.length === value + 1)
  }
  await consumer.close()
  await over
  assert.deepEqual(seen, range(3))
  assert.deepEqual(await drain(engine, 'billing', 'orders'), [])
})

test('messages that wait for the iteration when it is closed come again', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendEach(engine, 'orders', [{ value: 'a' }, { value: 'b', partition: 1 }])
  const consumer = engine.consumer(GROUP)
  const iteration = consumer.consume()
  const first = await iteration.next()
  const closed = consumer.close()
  assert.deepEqual(await iteration.next(), { done: true, value: undefined })
  await closed
  const rest = valuesOf(await drain(engine, 'billing', 'orders'))
  assert.deepEqual([first.value?.value, ...rest].sort(), ['a', 'b'])
})

test('consume refuses what it does not know, and a consumer that does something else', async (t) => {
  const engine = await openEngine(t, TWO)
  const consumer = engine.consumer(GROUP)
  const begin = (options: unknown) => consumer.consume(options as never).next()
  await assert.rejects(begin({ until: 'midnight' }), refusal('INVALID_OPTION', "'end'", 'midnight'))
  await assert.rejects(begin({ to: 'end' }), refusal('UNKNOWN_OPTION', 'consume.to', 'until'))
  await consumer.run({ eachMessage() {} })
  await assert.rejects(begin({}), refusal('CONSUMER_RUNNING', 'billing'))
  await consumer.close()
  await assert.rejects(begin({}), refusal('CONSUMER_CLOSED', 'billing'))
})

test('several iterations of a group share its messages, and all of them reach the end', async (t) => {
  const engine = await openEngine(t, TWO)
  await sendEach(
    engine,
    'orders',
    range(20).map((value) => ({ value, partition: value % 2 })),
  )
  const iterate = () => collect(engine.consumer(GROUP).consume({ until: 'end' }))
  const shares = await Promise.all([iterate(), iterate()])
  const values = shares.flatMap(valuesOf) as number[]
  // A partition may move before what was read of it is done: then that comes again.
  assert.deepEqual(
    [...new Set(values)].sort((a, b) => a - b),
    range(20),
  )
})
