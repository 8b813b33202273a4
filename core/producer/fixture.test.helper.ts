import * as memory from '#memory'
import type { Codec } from '../codec/codec.js'
import { pin, pinOldest, unpin } from '../log/finder.js'
import * as layout from '../log/layout.js'
import type { LogGeometry, PartitionLog } from '../log/partition-log.js'
import { Reader } from '../log/reader.js'
import { wakeSleepers } from '../log/wait-set.js'
import { Thread } from '../thread.js'
import { ThreadTable } from '../thread-table.js'
import { type ReceivedHeaders, readHeaders } from '../topic/message.js'
import { Topic, type TopicOptions } from '../topic/topic.js'
import { Producer } from './producer.js'
import { Publisher } from './publisher.js'
import { TopicWriter } from './topic-writer.js'

/** A record as a test looks at it. */
export interface Received {
  readonly partition: number
  readonly offset: number
  readonly key: string | Buffer | null
  readonly value: unknown
  readonly headers: ReceivedHeaders
  readonly timestamp: number
  /** Number of the frame since the consumer began. */
  readonly frame: number
}

/** Everything that one thread needs to send to a topic called `orders`. */
export class Fixture<T> {
  readonly table = ThreadTable.create()
  readonly thread = new Thread(this.table, this.table.takeSlot())
  readonly topic: Topic<T>
  readonly writer: TopicWriter<T>
  readonly publisher: Publisher<T>
  readonly producer: Producer
  /** One for each partition. None of them holds the log until it is told to. */
  readonly consumers: readonly Consumer[]

  constructor(
    options: Omit<TopicOptions<T>, 'partitions'> & { readonly partitions?: number },
    start: Pick<LogGeometry, 'startPosition' | 'startOffset'> = {},
  ) {
    this.topic = Topic.create('orders', { partitions: 1, ...options }, start)
    this.writer = new TopicWriter(this.thread, this.topic)
    this.publisher = new Publisher(this.writer)
    this.producer = new Producer(this.writers())
    const slot = this.table.takeSlot()
    this.consumers = this.topic.logs.map(
      (log, partition) =>
        new Consumer(log, this.topic.codec as Codec<unknown>, partition, this.table, slot),
    )
  }

  writers(): ReadonlyMap<string, TopicWriter> {
    return new Map([['orders', this.writer as TopicWriter]])
  }

  /** From now on, logs keep what their consumer has not read. */
  hold(): void {
    for (const consumer of this.consumers) consumer.hold()
  }

  /** Reads all that is new, partition by partition, and lets it go. */
  drain(): Received[] {
    return this.consumers.flatMap((consumer) => consumer.drain())
  }
}

/** Stands for a group: reads one partition, and holds it by a pin of a thread of its own. */
export class Consumer {
  private readonly log: PartitionLog
  private readonly codec: Codec<unknown>
  private readonly partition: number
  private readonly table: ThreadTable
  private readonly slot: number
  private readonly reader: Reader
  private isHolding = false
  private frames = 0

  constructor(
    log: PartitionLog,
    codec: Codec<unknown>,
    partition: number,
    table: ThreadTable,
    slot: number,
  ) {
    this.log = log
    this.codec = codec
    this.partition = partition
    this.table = table
    this.slot = slot
    const { position, offset } = pinOldest(log, table, slot)
    unpin(log, table, slot)
    this.reader = new Reader(log, position, offset)
  }

  hold(): void {
    const { log, table, slot } = this
    this.isHolding = true
    if (!pin(log, table, slot, this.held)) throw new Error('the log went on without its consumer')
  }

  /** Holds nothing any more. */
  release(): void {
    this.isHolding = false
    unpin(this.log, this.table, this.slot)
  }

  drain(): Received[] {
    const received: Received[] = []
    for (; this.reader.next(); this.frames++) {
      while (this.reader.nextRecord()) received.push(this.read())
    }
    if (this.isHolding) this.moveHold()
    return received
  }

  /** Where the pin belongs: before a segment that is not open yet, the one before has to do. */
  private get held(): number {
    const { position } = this.reader
    return this.log.isOpen(position) ? position : (position - 1) | 0
  }

  /**
   * Moves the pin on, without a moment in which nothing is held, as another thread may be sending.
   * Not by `pin`, which gives up when it meets a seal: segments are reused in their order, so until
   * this store the old pin held the newer segment, too, and whoever seals it later finds the new one
   * and takes the seal off again.
   */
  private moveHold(): void {
    const { log, slot } = this
    memory.store(log.words, layout.PINS_WORD + slot, log.segmentOf(this.held) + 1)
    wakeSleepers(log.words, layout.SPACE_WAITERS_WORD, this.table)
  }

  private read(): Received {
    const { reader, partition, frames: frame } = this
    const { bytes } = this.log
    const { recordOffset: offset, timestamp, valueFrom, valueTo } = reader
    return {
      partition,
      offset,
      key: this.readKey(),
      value: reader.hasValue ? this.codec.decode(bytes, valueFrom, valueTo) : null,
      headers: reader.hasHeaders
        ? readHeaders(bytes, reader.headersFrom + 4, reader.headersTo)
        : {},
      timestamp,
      frame,
    }
  }

  private readKey(): string | Buffer | null {
    const { reader } = this
    if (!reader.hasKey) return null
    const key = Buffer.from(this.log.bytes.subarray(reader.keyFrom, reader.keyTo))
    return (reader.flags & layout.RECORD_BINARY_KEY) === 0 ? key.toString() : key
  }
}
