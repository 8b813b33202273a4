/** no-lost-wakeup: shipped sleepers, stopped at every step by wakers that may die themselves. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { utf8 } from '../../core/codec/utf8.js'
import { Coordinator, type GroupPartition } from '../../core/group/coordinator.js'
import * as cursor from '../../core/group/cursor.js'
import { Appender } from '../../core/log/appender.js'
import { frameOfValues } from '../../core/log/frames.test.helper.js'
import { TopicWriter } from '../../core/producer/topic-writer.js'
import { Thread } from '../../core/thread.js'
import { ThreadTable } from '../../core/thread-table.js'
import { Topic } from '../../core/topic/topic.js'
import {
  MemberThread,
  ProducerThread,
  SleepyThread,
  survives,
  topicThrough,
} from './group-threads.js'
import { Life, MortalLog } from './mortal-log.js'
import { type Property, property, type Run } from './property.js'

const GROUP = 'group'
const GATE = 0
const GRANULE_BYTES = 64
const WAKE_DROPPED = 'a wake is dropped'

interface WakeCase {
  /** What the sleeper waits for. */
  readonly wanted: 'data' | 'space'
  /** Before which of its accesses the waker comes; beyond the last one: while it sleeps. */
  readonly step: number
  /** At which of its own accesses the waker dies, if it does. */
  readonly deathStep: number | undefined
  readonly partitions: number
}

const wakeCase: fc.Arbitrary<WakeCase> = fc.record({
  wanted: fc.constantFrom('data' as const, 'space' as const),
  step: fc.integer({ min: 1, max: 60 }),
  deathStep: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  partitions: fc.integer({ min: 1, max: 3 }),
})

/** A topic with a group, whose supervisor buries at once. */
class World {
  readonly table = ThreadTable.create()
  readonly coordinator = new Coordinator(new Thread(this.table, this.table.takeSlot()))
  readonly topic: Topic
  readonly partitions: readonly GroupPartition[]

  constructor(partitions: number) {
    const memory = partitions * 16 * GRANULE_BYTES
    this.topic = Topic.create('topic', { partitions, codec: utf8(), memory }) as Topic
    this.partitions = this.topic.logs.map((log, partition) => {
      this.coordinator.addLog(log)
      return { topic: 'topic', partition, log, letters: undefined }
    })
    const settings = { topics: ['topic'], from: 'earliest', deadLetter: false, policy: '' } as const
    this.coordinator.openGroup(GROUP, settings, () => this.partitions)
  }

  dropWakes(): void {
    this.table.wake = () => {}
  }
}

/** A member goes to sleep while a producer publishes, or dies in it. */
function checkData({ step, deathStep, partitions }: WakeCase, run: Run): void {
  const world = new World(partitions)
  const { table, topic, coordinator } = world
  const slot = table.takeSlot()
  const { member } = coordinator.join(GROUP, slot)
  let handled = 0
  const sleeper = new MemberThread({
    table,
    slot,
    member,
    gate: GATE,
    topic,
    partitions: world.partitions,
    attempts: 1,
    handler: () => ({
      eachMessage: () => {
        handled++
      },
    }),
  })
  sleeper.steps.followAssignment()
  if (run.fault !== undefined) world.dropWakes()

  let published = 0
  const publish = (): void => {
    const producer = new ProducerThread('producer', table, topic)
    if (deathStep !== undefined) producer.life.before(deathStep, () => producer.life.die())
    const isAlive = survives(producer.life, () => {
      for (let partition = 0; partition < partitions; partition++) {
        const records = [{ key: 'key', content: 'value' }]
        producer.send(partition, records, (_, count) => {
          published += count
        })
      }
    })
    run.sometimes('the waker died', !isAlive)
    // A funeral wakes everyone, so only who has died gets one.
    if (!isAlive) coordinator.buryThread(producer.slot)
  }
  sleeper.life.before(step, publish)
  void sleeper.steps.idle()
  run.sometimes('woken on the way to sleep', sleeper.life.isTaken)
  if (!sleeper.life.isTaken) publish()
  sleeper.life.release()

  // Now it goes on for as long as it is awake.
  const { thread } = sleeper
  for (let turn = 0; thread.asleepOn === undefined || thread.asleepOn !== thread.signal; turn++) {
    assert.ok(turn < 100, 'it never sleeps')
    thread.asleepOn = undefined
    sleeper.steps.followAssignment()
    while (sleeper.steps.stepLanes());
    void sleeper.steps.idle()
  }
  assert.ok(handled >= published, `asleep, though ${published - handled} records are there`)
}

/** A producer goes to sleep before a full log while the group commits, or dies in it. */
function checkSpace({ step, deathStep, partitions }: WakeCase, run: Run): void {
  const world = new World(partitions)
  const { table, topic, coordinator } = world
  const filler = new Thread(table, table.takeSlot())
  for (const log of topic.logs) {
    const appender = new Appender(log, table, filler.slot)
    while (appender.append(frameOfValues(['fill'])));
  }
  const life = new Life()
  const thread = new SleepyThread(table, table.takeSlot())
  const views = topic.logs.map((log) => new MortalLog(log, life))
  const writer = new TopicWriter(thread, topicThrough(topic, views))
  // Joins beforehand: that wakes everyone, too.
  const slot = table.takeSlot()
  const { member } = coordinator.join(GROUP, slot)
  if (run.fault !== undefined) world.dropWakes()

  const commit = (): void => {
    const committer = new Life()
    if (deathStep !== undefined) committer.before(deathStep, () => committer.die())
    const isAlive = survives(committer, () => {
      for (const log of topic.logs) {
        const end = new Appender(log, table, filler.slot).endOffset()
        const view = new MortalLog(log, committer)
        const owned = cursor.acquire(view, GATE, member)
        if (owned === undefined) continue
        cursor.commit(view, table, GATE, owned.epoch, owned.committed, end)
      }
    })
    run.sometimes('the waker died', !isAlive)
    if (!isAlive) coordinator.buryThread(slot)
  }
  life.before(step, commit)
  for (let partition = 0; partition < partitions; partition++) {
    const key = keyOf(topic, partition)
    writer.trySend(key, 'value')
  }
  const isPublished = writer.flush()
  run.sometimes('woken on the way to sleep', life.isTaken)
  if (!life.isTaken) commit()
  life.release()
  const sleeps = thread.asleepOn !== undefined && thread.asleepOn === thread.signal
  run.sometimes('asleep before a full log', sleeps)
  if (isPublished || !sleeps) return
  for (const partition of writer.blockedPartitions()) {
    const appender = new Appender(topic.logs[partition] as never, table, filler.slot)
    const hasRoom = appender.append(frameOfValues(['probe']))
    assert.ok(!hasRoom, `asleep, though partition ${partition} has room`)
  }
}

function keyOf(topic: Topic, partition: number): string {
  for (let number = 0; ; number++) {
    const key = `${number}`
    const bytes = Buffer.from(key)
    if (topic.partitionOfKey(bytes, bytes.length) === partition) return key
  }
}

export const WAKEUP_PROPERTIES: readonly Property[] = [
  property({
    name: 'no-lost-wakeup',
    claim: 'Nobody sleeps while what it waits for is there, whenever it came and whoever died.',
    generator: wakeCase,
    runs: 600,
    oracle: (drawn, run) =>
      drawn.wanted === 'data' ? checkData(drawn, run) : checkSpace(drawn, run),
    reaches: ['woken on the way to sleep', 'the waker died', 'asleep before a full log'],
    faults: [WAKE_DROPPED],
  }),
]
