import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '../core/codec/json.js'
import { type RecordOf, record } from '../core/codec/record.js'
import {
  collect,
  drain,
  fixture,
  openEngine,
  range,
  refusal,
  sendTogether,
  until,
} from './engine.test.helper.js'
import { Journal } from './journal.test.helper.js'

const trade = record({ symbol: 'text', size: 'uint32', note: 'text?' })
type Trade = RecordOf<typeof trade>

const TRADES = { trades: { partitions: 1, codec: trade, memory: '64KiB' } }
const GROUP = { groupId: 'billing', topics: ['trades'], from: 'earliest' } as const

test('a view is one object that shows each record in turn, over all batches', async (t) => {
  const engine = await openEngine(t, TRADES)
  await sendTogether(engine, 'trades', [
    { symbol: 'IBM', size: 1 },
    { symbol: 'SAP', size: 2, note: 'late' },
  ])
  await sendTogether(engine, 'trades', [{ symbol: 'ABB', size: 3 }])
  const views = new Set<unknown>()
  const seen: unknown[] = []
  const kept: Trade[] = []
  const consumer = engine.consumer<Trade>(GROUP)
  await consumer.run({
    eachBatch({ batch }) {
      const { view } = batch
      while (batch.next()) {
        views.add(view).add(batch.view)
        seen.push([view.symbol, view.size, view.note])
        kept.push(view.toObject())
        assert.deepEqual(view.toObject(), batch.value)
      }
    },
  })
  await until('all three came', () => seen.length === 3)
  assert.equal(views.size, 1)
  assert.deepEqual(seen, [
    ['IBM', 1, undefined],
    ['SAP', 2, 'late'],
    ['ABB', 3, undefined],
  ])
  assert.deepEqual(kept, [
    { symbol: 'IBM', size: 1, note: undefined },
    { symbol: 'SAP', size: 2, note: 'late' },
    { symbol: 'ABB', size: 3, note: undefined },
  ])
})

test('a view that is first asked for in the middle shows the current record', async (t) => {
  const engine = await openEngine(t, TRADES)
  await sendTogether(engine, 'trades', [
    { symbol: 'IBM', size: 1 },
    { symbol: 'SAP', size: 2 },
  ])
  const seen: string[] = []
  await engine.consumer<Trade>(GROUP).run({
    eachBatch({ batch }) {
      batch.next()
      batch.next()
      seen.push(batch.view.symbol)
    },
  })
  await until('they came', () => seen.length === 1)
  assert.deepEqual(seen, ['SAP'])
})

test('a tombstone says so, and has no fields to read', async (t) => {
  const engine = await openEngine(t, TRADES)
  await sendTogether(engine, 'trades', [{ symbol: 'IBM', size: 1 }, null])
  const seen: unknown[] = []
  await engine.consumer<Trade>(GROUP).run({
    eachBatch({ batch }) {
      while (batch.next()) {
        seen.push(batch.hasValue)
        if (batch.hasValue) continue
        assert.throws(() => batch.view.size, refusal('UNDECODABLE_VALUE', 'the 0 bytes'))
      }
    },
  })
  await until('both came', () => seen.length === 2)
  assert.deepEqual(seen, [true, false])
})

test('a codec without views says what to do instead', async (t) => {
  const engine = await openEngine(t, { trades: { ...TRADES.trades, codec: json() } })
  await sendTogether(engine, 'trades', ['a'])
  let refused = false
  await engine.consumer<object>(GROUP).run({
    eachBatch({ batch }) {
      const expected = refusal('INVALID_OPTION', 'codec json of topic trades', 'batch.value')
      assert.throws(() => batch.view, expected)
      refused = true
    },
  })
  await until('it came', () => refused)
})

test('eachMessage and consume get objects of their own', async (t) => {
  const engine = await openEngine(t, TRADES)
  const trades: Trade[] = range(3).map((size) => ({ symbol: 'IBM', size, note: 'n' }))
  await sendTogether(engine, 'trades', trades)
  const messages = await drain(engine, 'billing', 'trades')
  assert.deepEqual(
    messages.map(({ value }) => value),
    trades,
  )
  const heard: unknown[] = []
  const consumer = engine.consumer({ ...GROUP, groupId: 'other' })
  await consumer.run({ eachMessage: ({ message }) => heard.push(message.value) })
  await until('all came', () => heard.length === 3)
  assert.deepEqual(heard, trades)
})

test('a worker thread reads in place, and what fails there is a dead letter', async (t) => {
  const engine = await openEngine(t, TRADES)
  const symbols = ['IBM', 'SAP', 'bad', 'ABB']
  await sendTogether(
    engine,
    'trades',
    symbols.map((symbol, index) => ({ symbol, size: 100 + index })),
  )
  const journal = Journal.create()
  const retry = { attempts: 2, backoff: { initialMs: 0 } }
  const consumer = engine.consumer<Trade>({ ...GROUP, retry })
  const handler = fixture('view-handler')
  await consumer.run({ workers: 1, handler, workerData: journal.region.buffer })
  await until('all are handled', () => consumer.lag().messages === 0)
  await consumer.close()
  const sizes = journal.deliveries.map(({ workerId }) => workerId)
  assert.deepEqual(sizes, [100, 101, 103])
  const [letter, ...others] = await collect(engine.deadLetters('billing').peek())
  assert.deepEqual(others, [])
  assert.ok(letter?.value)
  assert.equal(letter.offset, 2)
  const value = trade.decode(letter.value, 0, letter.value.length)
  assert.deepEqual(value, { symbol: 'bad', size: 102, note: undefined })
})

test('a value that does not fit is refused before anything is sent', async (t) => {
  const engine = await openEngine(t, TRADES)
  const fits = { symbol: 'IBM', size: 1 }
  const sent = sendTogether(engine, 'trades', [fits, { symbol: 'IBM', size: -1 }])
  await assert.rejects(sent, refusal('INVALID_VALUE', 'size', '-1'))
  const publisher = engine.publisher<Trade>('trades')
  assert.equal(publisher.trySend(null, fits), true)
  assert.throws(
    () => publisher.trySend(null, { symbol: 'half \ud83d', size: 1 }),
    refusal('INVALID_VALUE', 'symbol'),
  )
  await publisher.flushed()
  assert.equal((await drain(engine, 'billing', 'trades')).length, 1)
})
