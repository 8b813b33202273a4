import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { json } from '../core/codec/json.js'
import { msgpack } from '../core/codec/msgpack.js'
import type { Engine } from './engine.js'
import {
  drain,
  fixture,
  openEngine,
  range,
  refusal,
  sendTogether,
  until,
} from './engine.test.helper.js'
import { Journal } from './journal.test.helper.js'

const TOPICS = { orders: { partitions: 2, codec: json(), memory: '64KiB' } }
const GROUP = { groupId: 'billing', topics: ['orders'], from: 'earliest' } as const

/** A thread of the user's that takes part in an engine. */
class Guest {
  readonly thread: Worker
  readonly journal = Journal.create()

  constructor(t: TestContext, engine: Engine) {
    const handle = engine.handle()
    const handler = fixture('obedient-handler').href
    const journal = this.journal.region.buffer
    this.thread = new Worker(fixture('attached-thread'), {
      workerData: { engine: handle, handler, journal },
      transferList: [...handle.transferList],
    })
    t.after(() => this.thread.terminate())
  }

  async ask(command: object): Promise<unknown> {
    this.thread.postMessage(command)
    const [answer] = await once(this.thread, 'message')
    if ('error' in answer) throw new Error(String(answer.error))
    return answer.result
  }
}

test('a thread of the user produces and consumes like the one that made the engine', async (t) => {
  const engine = await openEngine(t, TOPICS)
  const guest = new Guest(t, engine)
  const sent = await guest.ask({ do: 'send', topic: 'orders', values: ['a', 'b', 'c'] })
  const counts = (sent as { count: number }[]).map(({ count }) => count)
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    3,
  )
  const here = (await drain(engine, 'here', 'orders')).map(({ value }) => value)
  assert.deepEqual(here.sort(), ['a', 'b', 'c'])
  const there = await guest.ask({ do: 'drain', topic: 'orders', groupId: 'there' })
  assert.deepEqual((there as string[]).sort(), ['a', 'b', 'c'])
  await assert.rejects(guest.ask({ do: 'send', topic: 'x', values: [1] }), /UNKNOWN_TOPIC/)
})

test('structures of msgpack are the same in every thread, also in one that comes later', async (t) => {
  const codec = msgpack({ structures: [['x', 'y'], ['id']] })
  const engine = await openEngine(t, { orders: { ...TOPICS.orders, codec } })
  const values = [{ x: 1, y: new Date(5) }, { id: 7 }, { y: 1, x: 2 }]
  const first = new Guest(t, engine)
  await first.ask({ do: 'send', topic: 'orders', values })
  await first.thread.terminate()
  await sendTogether(engine, 'orders', values)
  const second = new Guest(t, engine)
  const there = await second.ask({ do: 'drain', topic: 'orders', groupId: 'there' })
  const here = (await drain(engine, 'here', 'orders')).map(({ value }) => value)
  assert.deepEqual(there, here)
  for (const value of values) assert.equal(here.filter((other) => isSame(other, value)).length, 2)
})

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

test('threads share a group, and one that ends leaves its part to the others', async (t) => {
  const engine = await openEngine(t, TOPICS)
  const deaths: number[] = []
  engine.on('thread:death', ({ slot }) => deaths.push(slot))
  const guest = new Guest(t, engine)
  await guest.ask({ do: 'run', topic: 'orders', groupId: 'billing' })
  const consumer = engine.consumer(GROUP)
  const moves: number[] = []
  consumer.on('group:rebalance', ({ members }) => moves.push(members))
  const seen: unknown[] = []
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.value) })
  const messages = range(10).map((value) => ({ value, partition: value % 2 }))
  await engine.producer().send({ topic: 'orders', messages })
  await until('all are handled', () => consumer.lag().messages === 0)
  assert.equal(seen.length, 5)
  await guest.thread.terminate()
  await until('its death is known', () => deaths.length === 1)
  await engine.producer().send({ topic: 'orders', messages })
  await until('all are handled again', () => seen.length === 15)
  assert.equal(moves.at(-1), 1)
})

test('a thread of the user leaves by closing its engine, which closes nobody else', async (t) => {
  const engine = await openEngine(t, TOPICS)
  const guest = new Guest(t, engine)
  await guest.ask({ do: 'run', topic: 'orders', groupId: 'billing' })
  await guest.ask({ do: 'close' })
  await assert.rejects(guest.ask({ do: 'send', topic: 'orders', values: [1] }), /ENGINE_CLOSED/)
  await sendTogether(engine, 'orders', range(3))
  assert.equal((await drain(engine, 'billing', 'orders')).length, 3)
})

for (const way of ['run', 'run-workers'] as const) {
  test(`when the owner closes the engine, it is closed for its guests (${way})`, async (t) => {
    const engine = await openEngine(t, TOPICS)
    const guest = new Guest(t, engine)
    const errors: unknown[] = []
    guest.thread.on('error', (error) => errors.push(error))
    await guest.ask({ do: way, topic: 'orders', groupId: 'billing' })
    await sendTogether(engine, 'orders', [{ action: 'handle' }])
    await until('it is handled', async () => {
      const stats = (await guest.ask({ do: 'stats' })) as { processed: number }
      return stats.processed === 1
    })
    await engine.close()
    await assert.rejects(guest.ask({ do: 'send', topic: 'orders', values: [1] }), /ENGINE_CLOSED/)
    await guest.ask({ do: 'close' })
    assert.deepEqual(errors, [])
  })
}

test('a codec that says where it is goes to other threads', async (t) => {
  const { default: codec } = await import(fixture('point-codec').href)
  const engine = await openEngine(t, { points: { partitions: 1, codec, memory: '64KiB' } })
  const guest = new Guest(t, engine)
  await guest.ask({ do: 'send', topic: 'points', values: [{ x: 1, y: 2 }] })
  assert.deepEqual(
    (await drain(engine, 'here', 'points')).map(({ value }) => value),
    [{ x: 1, y: 2 }],
  )
})

test('a codec whose module does not load there is no codec there', async (t) => {
  const { default: codec } = await import(fixture('point-codec').href)
  const lost = { ...codec, module: fixture('no-such-codec') }
  const engine = await openEngine(t, { points: { partitions: 1, codec: lost, memory: '64KiB' } })
  const consumer = engine.consumer({ groupId: 'readers', topics: ['points'] })
  await assert.rejects(
    consumer.run({ workers: 1, handler: fixture('obedient-handler') }),
    refusal('CODEC_NOT_PORTABLE', 'point', 'no-such-codec'),
  )
})
