import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../core/codec/utf8.js'
import { RetryPolicy } from '../core/delivery/retry.js'
import { Coordinator } from '../core/group/coordinator.js'
import { committedOffset } from '../core/group/cursor.js'
import { Producer } from '../core/producer/producer.js'
import { TopicWriter } from '../core/producer/topic-writer.js'
import { Thread } from '../core/thread.js'
import { ThreadTable } from '../core/thread-table.js'
import { Topic } from '../core/topic/topic.js'
import { Member } from './member.js'

/** More rounds than a member needs to come to rest. */
const ROUNDS_MAX = 100_000

test('a poke while it works does not keep a member from its rest, in which it commits', async () => {
  const table = ThreadTable.create()
  const [supervisor, thread] = [table, table].map((one) => new Thread(one, one.takeSlot()))
  assert.ok(supervisor && thread)
  const topic = Topic.create('topic', { partitions: 1, codec: utf8() })
  const [log] = topic.logs
  assert.ok(log)
  const writer = new TopicWriter(thread, topic)
  for (const value of ['a', 'b', 'c']) writer.trySend(null, value)
  writer.flush()

  const coordinator = new Coordinator(supervisor)
  const partitions = [{ topic: 'topic', partition: 0, log, letters: undefined }]
  const settings = { topics: ['topic'], from: 'earliest', deadLetter: false, policy: '' } as const
  const gate = coordinator.openGroup('group', settings, () => partitions)
  let rounds = 0
  const member: Member = new Member({
    thread,
    groupId: 'group',
    gate,
    member: coordinator.join('group', thread.slot).member,
    partitions,
    topicOf: () => topic,
    handler: { eachMessage: () => member.poke() },
    retry: new RetryPolicy({ attempts: 1 }),
    isAtMostOnce: false,
    handlerTimeoutMs: Number.POSITIVE_INFINITY,
    producer: new Producer(new Map()),
    // So that it spins before it sleeps.
    mayBlock: true,
    shouldStop: () => committedOffset(log, gate) === 3 || ++rounds > ROUNDS_MAX,
    leave: async () => {},
  })
  await member.run()
  assert.ok(rounds <= ROUNDS_MAX, 'it goes round and round')
})
