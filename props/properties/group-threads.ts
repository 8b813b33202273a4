/** The threads of {@link GroupMachine}: shipped code that one thread runs by hand. */
import type { Codec } from '../../core/codec/codec.js'
import { RetryPolicy } from '../../core/delivery/retry.js'
import type { GroupPartition } from '../../core/group/coordinator.js'
import { Death } from '../../core/log/frames.test.helper.js'
import type { PartitionLog } from '../../core/log/partition-log.js'
import { Batch } from '../../core/producer/batch.js'
import { type Consignment, PartitionWriter } from '../../core/producer/partition-writer.js'
import { Producer } from '../../core/producer/producer.js'
import { Thread } from '../../core/thread.js'
import type { ThreadTable } from '../../core/thread-table.js'
import type { Topic } from '../../core/topic/topic.js'
import type { Handler } from '../../workers/handler.js'
import type { Lane } from '../../workers/lane.js'
import { Member } from '../../workers/member.js'
import type { OwnedPartition } from './group-trace.js'
import { Life, MortalLog } from './mortal-log.js'

/** A thread that is never woken by itself: whoever runs it decides when it looks again. */
export class SleepyThread extends Thread {
  /** What its signal was when it went to sleep. */
  asleepOn: number | undefined

  override whenWoken(signal: number): Promise<void> {
    if (this.signal !== signal) return Promise.resolve()
    this.asleepOn = signal
    return new Promise(() => {})
  }
}

/** A topic whose logs are seen through the views of one thread. */
export function topicThrough(topic: Topic, views: readonly PartitionLog[]): Topic {
  return Object.create(topic, { logs: { value: views } }) as Topic
}

/** Runs a step of a thread. @returns false if it died in it */
export function survives(life: Life, step: () => void): boolean {
  try {
    step()
  } catch (error) {
    if (!(error instanceof Death) && !(error instanceof Error && error.cause instanceof Death)) {
      throw error
    }
  }
  return !life.isDead
}

interface OutgoingRecord {
  readonly key: string
  readonly content: unknown
}

/** A thread that sends. */
export class ProducerThread {
  readonly life = new Life()
  readonly name: string
  readonly slot: number
  /** It sleeps in the middle of a send. */
  isBusy = false
  /** Batches that a full log did not take yet. */
  waiting = 0
  private readonly topic: Topic
  private readonly writers: readonly PartitionWriter[]

  constructor(name: string, table: ThreadTable, topic: Topic) {
    this.name = name
    this.slot = table.takeSlot()
    const views = topic.logs.map((log) => new MortalLog(log, this.life))
    this.topic = topicThrough(topic, views)
    const thread = new SleepyThread(table, this.slot)
    this.writers = views.map((_, partition) => new PartitionWriter(thread, this.topic, partition))
  }

  /** Sends records as one batch, behind whatever waits. */
  send(
    partition: number,
    records: readonly OutgoingRecord[],
    written: (baseOffset: number, count: number) => void,
  ): void {
    const batch = new Batch(this.topic)
    for (const { key, content } of records) {
      const bytes = Buffer.from(key)
      batch.append(content, 0, bytes, bytes.length)
    }
    batch.cut()
    this.waiting++
    const consignment: Consignment = {
      batch,
      written,
      delivered: () => {
        this.waiting--
      },
      failed: () => {},
    }
    const writer = this.writers[partition] as PartitionWriter
    writer.enqueue(consignment)
    writer.flush()
  }

  flush(): void {
    for (const writer of this.writers) writer.flush()
  }
}

/** What {@link Member} does in each turn of its loop. */
interface MemberSteps {
  readonly lanes: ReadonlyMap<GroupPartition, Lane>
  followAssignment(): void
  stepLanes(): boolean
  idle(): Promise<void>
  finish(): Promise<void>
}

/** What a lane knows of its place: the gate may be ahead of it. */
interface LaneState {
  readonly epoch: number
  readonly committed: number
}

interface MemberThreadOptions {
  readonly table: ThreadTable
  readonly slot: number
  readonly member: number
  readonly gate: number
  readonly topic: Topic
  readonly partitions: readonly GroupPartition[]
  readonly attempts: number
  readonly handler: (thread: MemberThread) => Handler<unknown>
}

/** A thread that is a member of the group. */
export class MemberThread {
  readonly life = new Life()
  readonly name: string
  readonly slot: number
  readonly member: number
  readonly thread: SleepyThread
  readonly steps: MemberSteps
  /** It sleeps in the middle of its work. */
  isBusy = false
  isZombie = false
  /** It works on the partitions that it owns. */
  hasOwned = false
  /** What was last told of its partitions, with the places where it began. */
  noted: readonly OwnedPartition[] = []
  hasLeft = false
  private readonly shipped: Member

  constructor(options: MemberThreadOptions) {
    const { table, slot, member, gate, topic, attempts } = options
    this.name = `member ${member}`
    this.slot = slot
    this.member = member
    this.thread = new SleepyThread(table, slot)
    const partitions = options.partitions.map((partition) => ({
      ...partition,
      log: new MortalLog(partition.log, this.life),
      letters: partition.letters && new MortalLog(partition.letters, this.life),
    }))
    const view = topicThrough(
      topic,
      partitions.map(({ log }) => log),
    )
    this.shipped = new Member({
      thread: this.thread,
      groupId: 'group',
      gate,
      member,
      partitions,
      topicOf: () => view,
      handler: options.handler(this),
      retry: new RetryPolicy({ attempts, backoff: { initialMs: 0 } }),
      isAtMostOnce: false,
      handlerTimeoutMs: Number.POSITIVE_INFINITY,
      producer: new Producer(new Map()),
      mayBlock: false,
      shouldStop: () => false,
      leave: async () => {},
    })
    // The parts of its loop, one by one: the loop itself would run until it has nothing to do.
    this.steps = this.shipped as unknown as MemberSteps
  }

  get staleCommits(): number {
    return this.shipped.stats.staleCommits
  }

  /** A retry is pending. */
  get isPending(): boolean {
    return [...this.steps.lanes.values()].some(({ isBusy }) => isBusy)
  }

  epochOf(partition: number): number | undefined {
    return this.owned.find((one) => one.partition === partition)?.epoch
  }

  /** With the place that each of them has committed. */
  get owned(): OwnedPartition[] {
    return [...this.steps.lanes.values()].map((lane) => {
      const { epoch, committed } = lane as unknown as LaneState
      return { partition: lane.partition.partition, epoch, from: committed }
    })
  }
}

/** Texts of records as a topic's values and back. */
export function contentOf(codec: Codec<unknown>, text: string): unknown {
  if (codec.name === 'bytes') return Buffer.from(text)
  return codec.name === 'json' ? { text } : text
}

export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  return (value as { readonly text: string }).text
}
