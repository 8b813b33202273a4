import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from './codec/utf8.js'
import { ThreadEngine } from './engine.js'
import { pinOldest } from './log/finder.js'
import { Reader } from './log/reader.js'
import { Thread } from './thread.js'
import { ThreadTable } from './thread-table.js'
import { Topic } from './topic/topic.js'

const OPTIONS = { codec: utf8(), partitions: 1 }

function createEngine() {
  const table = ThreadTable.create()
  const topics = ['orders', 'payments'].map((name) => Topic.create(name, OPTIONS) as Topic)
  const engine = new ThreadEngine(new Thread(table, table.takeSlot()), topics)
  return { engine, table, topics }
}

/** How many records a topic has. */
function countOf(topic: Topic, table: ThreadTable): number {
  const [log] = topic.logs
  assert.ok(log)
  const { position, offset } = pinOldest(log, table, table.takeSlot())
  const reader = new Reader(log, position, offset)
  let count = 0
  while (reader.next()) while (reader.nextRecord()) count++
  return count
}

const CLOSED = { code: 'ENGINE_CLOSED', message: 'the engine is closed' }

test('an engine knows its topics by name', () => {
  const { engine, topics } = createEngine()
  assert.deepEqual(engine.topics, topics)
  assert.equal(engine.topic('payments'), topics[1])
  for (const ask of [() => engine.topic('refunds'), () => engine.publisher('refunds')]) {
    assert.throws(ask, {
      code: 'UNKNOWN_TOPIC',
      message: "there is no topic 'refunds'; there are orders, payments",
      details: { topic: 'refunds', known: ['orders', 'payments'] },
    })
  }
})

test('flush publishes what is staged in every topic', () => {
  const { engine, table, topics } = createEngine()
  engine.publisher<string>('orders').trySend(null, 'a')
  engine.publisher<string>('payments').trySend(null, 'b')
  assert.deepEqual(
    topics.map((topic) => countOf(topic, table)),
    [0, 0],
  )
  engine.flush()
  assert.deepEqual(
    topics.map((topic) => countOf(topic, table)),
    [1, 1],
  )
})

test('producers and publishers of a thread share its way into a topic', async () => {
  const { engine, table, topics } = createEngine()
  const publisher = engine.publisher<string>('orders')
  publisher.trySend(null, 'first')
  const written = await engine.producer().send({ topic: 'orders', messages: [{ value: 'a' }] })
  assert.deepEqual(written, [{ topic: 'orders', partition: 0, baseOffset: 1, count: 1 }])
  assert.equal(countOf(topics[0] as Topic, table), 2)
})

test('a thread that leaves gives up what it has staged, in every topic', async () => {
  const { engine, table, topics } = createEngine()
  const publishers = topics.map(({ name }) => engine.publisher<string>(name))
  for (const publisher of publishers) publisher.trySend(null, 'staged')
  engine.close()
  assert.equal(engine.thread.isOpen, false)
  assert.equal(table.closed, false, 'other threads go on')
  for (const publisher of publishers) assert.throws(() => publisher.trySend(null, 'x'), CLOSED)
  assert.throws(() => engine.flush(), CLOSED)
  await assert.rejects(
    engine.producer().send({ topic: 'payments', messages: [{ value: 'x' }] }),
    CLOSED,
  )
  assert.deepEqual(
    topics.map((topic) => countOf(topic, table)),
    [0, 0],
  )
})
