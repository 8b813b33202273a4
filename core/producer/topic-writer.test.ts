import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Codec } from '../codec/codec.js'
import { json } from '../codec/json.js'
import { utf8 } from '../codec/utf8.js'
import { Thread } from '../thread.js'
import { Fixture } from './fixture.test.helper.js'
import { Producer } from './producer.js'
import { TopicWriter } from './topic-writer.js'

/** Four segments of 256 bytes: a message of 199 characters fills one. */
const TINY = { codec: utf8(), memory: 1024 }

function big(name: string) {
  return { value: name.padEnd(199, '.') }
}

function names(received: readonly { readonly value: unknown }[]): string[] {
  return received.map(({ value }) => String(value).replace(/\.+$/, ''))
}

/** Lets everything run that does not need to wait. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('what another thread wrote in between divides a send into two runs', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  await fixture.producer.send({ topic: 'orders', messages: ['a', 'b', 'c'].map(big) })
  const sent = fixture.producer.send({ topic: 'orders', messages: ['d', 'e'].map(big) })
  await turn()
  const received = names(fixture.drain())
  // There is room now, and this thread has not woken up yet.
  const { table, topic } = fixture
  const other = new TopicWriter(new Thread(table, table.takeSlot()), topic)
  assert.ok(other.trySend(null, big('x').value) && other.flush())
  assert.deepEqual(await sent, [
    { topic: 'orders', partition: 0, baseOffset: 3, count: 1 },
    { topic: 'orders', partition: 0, baseOffset: 5, count: 1 },
  ])
  received.push(...names(fixture.drain()))
  assert.deepEqual(received, ['a', 'b', 'c', 'd', 'x', 'e'])
})

test('a codec that sends to its own topic is refused, and nothing is written', async () => {
  const codec: Codec<unknown> = {
    ...json(),
    encode(value, target) {
      if (value === 'nested') fixture.publisher.trySend(null, 'inner')
      json().encode(value, target)
    },
  }
  const fixture = new Fixture({ codec })
  const messages = [{ value: 'before' }, { value: 'nested' }]
  await assert.rejects(fixture.producer.send({ topic: 'orders', messages }), {
    code: 'INVALID_VALUE',
    message: 'a codec or partitioner of topic orders must not send to the topic while it runs',
  })
  await turn()
  assert.deepEqual(fixture.drain(), [])
})

test('the topics that there are are listed', async () => {
  const { writer } = new Fixture({ codec: utf8() })
  const writers = new Map(['orders', 'users'].map((name) => [name, writer as TopicWriter]))
  await assert.rejects(new Producer(writers).send({ topic: 'order', messages: [] }), {
    message: "there is no topic 'order'; there are orders, users",
  })
})

test('a few batches are kept, and used by the next sends', async () => {
  const { writer, producer } = new Fixture({ codec: utf8(), partitions: 20 })
  const batches = Array.from({ length: 21 }, () => writer.takeBatch())
  for (const batch of batches) writer.giveBatch(batch)
  await producer.send({ topic: 'orders', messages: [{ value: 'a' }] })
  const again = Array.from({ length: 21 }, () => writer.takeBatch())
  // Numbers, as what batches hold takes long to print.
  const kept = batches.map((batch, index) => (again.includes(batch) ? index : -1))
  assert.deepEqual(kept, [...batches.keys()].slice(0, 20).concat(-1), 'one for each partition')
})
