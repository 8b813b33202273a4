import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monotonicMs, nextTurn } from '#clock'
import { utf8 } from '../core/codec/utf8.js'
import { RetryPolicy } from '../core/delivery/retry.js'
import { Coordinator } from '../core/group/coordinator.js'
import { committedOffset, seekCursor, setPaused } from '../core/group/cursor.js'
import { Appender } from '../core/log/appender.js'
import { frameOfValues } from '../core/log/frames.test.helper.js'
import { SPACE_WAITERS_WORD } from '../core/log/layout.js'
import { PartitionLog } from '../core/log/partition-log.js'
import { enlist } from '../core/log/wait-set.js'
import { Producer } from '../core/producer/producer.js'
import { Thread } from '../core/thread.js'
import { ThreadTable } from '../core/thread-table.js'
import type { Message } from '../core/topic/received-message.js'
import { Topic } from '../core/topic/topic.js'
import { Member } from './member.js'

/** More rounds than a member needs to come to rest, and more turns than anything takes here. */
const ROUNDS_MAX = 100_000
const PATIENCE_MS = 30_000
/** Frames of one granule fill the first log. */
const FRAMES = 8
const GROUP = 'group'

interface MemberSettings {
  readonly eachMessage: (message: Message<string>) => unknown
  readonly shouldStop: () => boolean
  readonly leave?: () => void
}

/** One member, the partitions of a topic, and a producer that waits for space in the first one. */
class Stage {
  readonly table = ThreadTable.create()
  readonly logs: readonly PartitionLog[]
  readonly gate: number
  private readonly coordinator = new Coordinator(this.takeThread())
  private readonly thread = this.takeThread()
  private readonly producer = this.takeThread()
  private readonly partitions
  private signal: number | undefined

  constructor(partitions: number) {
    this.logs = Array.from({ length: partitions }, (_, partition) =>
      PartitionLog.create({
        segmentCount: 4,
        segmentGranules: partition === 0 ? FRAMES / 4 : 1024,
      }),
    )
    this.partitions = this.logs.map((log, partition) => {
      return { topic: 'topic', partition, log, letters: undefined }
    })
    const settings = { topics: ['topic'], from: 'earliest', deadLetter: false, policy: '' } as const
    this.gate = this.coordinator.openGroup(GROUP, settings, () => this.partitions)
  }

  private takeThread(): Thread {
    return new Thread(this.table, this.table.takeSlot())
  }

  get firstLog(): PartitionLog {
    return this.logs[0] as PartitionLog
  }

  get generation(): number {
    return this.table.generation(this.gate)
  }

  committed(partition = 0): number {
    return committedOffset(this.logs[partition] as PartitionLog, this.gate)
  }

  /** Appends frames of one record. @returns whether there was room */
  append(partition: number, frames = 1): boolean {
    const log = this.logs[partition] as PartitionLog
    const appender = new Appender(log, this.table, this.producer.slot)
    for (let frame = 0; frame < frames; frame++) {
      if (!appender.append(frameOfValues([`${frame}`]))) return false
    }
    return true
  }

  /** The producer finds the first log full, and is about to sleep. */
  waitForSpace(): void {
    this.signal = this.producer.signal
    enlist(this.firstLog.words, SPACE_WAITERS_WORD, this.producer.slot)
    assert.equal(this.append(0), false)
  }

  get isWoken(): boolean {
    return this.signal !== undefined && this.producer.signal !== this.signal
  }

  member({ eachMessage, shouldStop, leave }: MemberSettings): Member {
    return new Member({
      thread: this.thread,
      groupId: GROUP,
      gate: this.gate,
      member: this.coordinator.join(GROUP, this.thread.slot).member,
      partitions: this.partitions,
      topicOf: () => Topic.create('topic', { partitions: this.logs.length, codec: utf8() }),
      handler: {
        eachMessage: ({ message }) => eachMessage(message as Message<string>) as undefined,
      },
      retry: new RetryPolicy({ attempts: 1 }),
      isAtMostOnce: false,
      handlerTimeoutMs: Number.POSITIVE_INFINITY,
      producer: new Producer(new Map()),
      // So that it spins before it sleeps.
      mayBlock: true,
      shouldStop,
      leave: async () => leave?.(),
    })
  }
}

/** @returns whether it came to this; others go on meanwhile */
async function comesTo(condition: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < ROUNDS_MAX; turn++) {
    if (condition()) return true
    await nextTurn()
  }
  return false
}

test('a poke while it works does not keep a member from its rest, in which it commits', async () => {
  const stage = new Stage(1)
  stage.append(0, 3)
  let rounds = 0
  const member: Member = stage.member({
    eachMessage: () => member.poke(),
    shouldStop: () => stage.committed() === 3 || ++rounds > ROUNDS_MAX,
  })
  await member.run()
  assert.ok(rounds <= ROUNDS_MAX, 'it goes round and round')
})

test('a producer has its space once the reader leaves the segment', async () => {
  const stage = new Stage(1)
  stage.append(0, FRAMES)
  let isWoken: boolean | undefined
  const member = stage.member({
    eachMessage({ offset }) {
      // Its commit does not help yet: the reader is in the segment still.
      if (offset === FRAMES / 4) stage.waitForSpace()
      if (offset !== FRAMES / 4 + 1) return undefined
      return comesTo(() => stage.isWoken).then((woken) => {
        isWoken = woken
      })
    },
    shouldStop: () => isWoken !== undefined,
  })
  await member.run()
  assert.equal(isWoken, true)
})

test('a producer has its space once the owner has followed a seek, in a pause too', async () => {
  const stage = new Stage(1)
  stage.append(0, FRAMES)
  let rounds = 0
  const member = stage.member({
    eachMessage() {
      seekCursor(stage.firstLog, stage.table, stage.gate, FRAMES)
      setPaused(stage.firstLog, stage.gate, true)
      stage.table.advanceGeneration(stage.gate)
      // The owner still reads.
      stage.waitForSpace()
    },
    shouldStop: () => stage.isWoken || ++rounds > ROUNDS_MAX,
  })
  await member.run()
  assert.ok(rounds <= ROUNDS_MAX)
})

for (const state of ['has handled all', 'waits for a handler'] as const) {
  test(`a producer has its space while a partition ${state} and another one has work`, async () => {
    const stage = new Stage(2)
    stage.append(0, FRAMES)
    stage.append(1)
    let handled = 0
    let others = 0
    const member = stage.member({
      eachMessage({ partition }) {
        if (partition === 0) {
          const isLast = ++handled === FRAMES
          return isLast && state === 'waits for a handler'
            ? comesTo(() => stage.isWoken)
            : undefined
        }
        if (handled === FRAMES && others++ === 2) stage.waitForSpace()
        stage.append(1)
        return undefined
      },
      shouldStop: () => stage.isWoken || others > ROUNDS_MAX,
    })
    await member.run()
    // By the next round, and not because some time is over.
    assert.ok(others <= 5, `${others} others`)
  })
}

test('progress is committed after some time, though the member never rests', async () => {
  const stage = new Stage(2)
  stage.append(0, 3)
  stage.append(1)
  const deadlineMs = monotonicMs() + PATIENCE_MS
  let isCommitted = false
  const member = stage.member({
    eachMessage({ partition }) {
      if (partition === 1) stage.append(1)
    },
    shouldStop() {
      isCommitted ||= stage.committed() === 3
      return isCommitted || monotonicMs() > deadlineMs
    },
  })
  await member.run()
  assert.ok(isCommitted)
})

test('what a member gives back at its end goes to others at once, though it waits for a handler', async () => {
  const stage = new Stage(2)
  stage.append(0)
  stage.append(1)
  let handled = 0
  let leftAt = Number.NaN
  let isTold: boolean | undefined
  const member = stage.member({
    async eachMessage({ partition }) {
      handled++
      if (partition === 0) return
      isTold = await comesTo(() => stage.generation > leftAt)
    },
    shouldStop: () => handled === 2,
    leave() {
      leftAt = stage.generation
    },
  })
  await member.run()
  assert.equal(isTold, true)
})
