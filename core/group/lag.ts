import { nowMs } from '#clock'
import { Appender } from '../log/appender.js'
import { pinOffset, pinOldest, placeReader, unpin } from '../log/finder.js'
import { countGaps } from '../log/gaps.js'
import type { PartitionLog } from '../log/partition-log.js'
import { Reader } from '../log/reader.js'
import type { Place } from '../log/tail.js'
import type { Thread } from '../thread.js'
import { committedOffset, isActive } from './cursor.js'

/** How far a group is behind in one partition. */
export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** Offset of the next record that the group has to handle. */
  readonly committedOffset: number
  /** Offset that the next record to be appended will get. */
  readonly endOffset: number
  /** Records between the two. Offsets that a dead producer left empty do not count. */
  readonly messages: number
  /** How long ago the first of them was appended, in milliseconds; 0 if there is none. */
  readonly ageMs: number
}

/** How far a group is behind. */
export interface Lag {
  /** Records in all partitions. */
  readonly messages: number
  /** The oldest of them, in milliseconds. */
  readonly ageMs: number
  readonly partitions: readonly PartitionLag[]
}

/**
 * Measures lag in one partition from shared memory alone, without asking the threads that work on
 * it: also while they are busy, or dead.
 */
export class LagMeter {
  private readonly log: PartitionLog
  private readonly thread: Thread
  private readonly end: Appender
  private readonly reader: Reader

  constructor(log: PartitionLog, thread: Thread) {
    this.log = log
    this.thread = thread
    this.end = new Appender(log, thread.table, thread.slot)
    this.reader = new Reader(log, 0, 0)
  }

  /** Offset that the next record will get. */
  endOffset(): number {
    return this.end.endOffset()
  }

  /**
   * @param gate of the group
   * @param from where a group begins that has not read this partition yet
   */
  measure(
    topic: string,
    partition: number,
    gate: number | undefined,
    from: 'earliest' | 'latest',
  ): PartitionLag {
    const { log, thread } = this
    const isKnown = gate !== undefined && isActive(log, gate)
    // Committed first: the end is never behind it then.
    const committed = isKnown ? committedOffset(log, gate) : undefined
    const endOffset = this.endOffset()
    const begin = committed ?? (from === 'latest' ? endOffset : this.oldestOffset())
    const place = begin < endOffset ? pinOffset(log, thread.table, thread.slot, begin) : undefined
    if (place === undefined) {
      const messages = endOffset - begin
      return { topic, partition, committedOffset: begin, endOffset, messages, ageMs: 0 }
    }
    const messages = endOffset - begin - countGaps(log, place, begin, endOffset)
    const ageMs = messages === 0 ? 0 : this.ageMs(place, begin)
    unpin(log, thread.table, thread.slot)
    return { topic, partition, committedOffset: begin, endOffset, messages, ageMs }
  }

  private oldestOffset(): number {
    const { table, slot } = this.thread
    const { offset } = pinOldest(this.log, table, slot)
    unpin(this.log, table, slot)
    return offset
  }

  /** Of the first record from `offset` on. It lies in the pinned segment, or is not looked at. */
  private ageMs(place: Place, offset: number): number {
    const { reader } = this
    placeReader(reader, place, offset)
    if (!reader.next()) return 0
    reader.nextRecord()
    return Math.max(0, nowMs() - reader.timestamp)
  }
}

/** Adds up what was measured in each partition. */
export function totalLag(partitions: readonly PartitionLag[]): Lag {
  const messages = partitions.reduce((sum, partition) => sum + partition.messages, 0)
  const ageMs = partitions.reduce((oldest, partition) => Math.max(oldest, partition.ageMs), 0)
  return { messages, ageMs, partitions }
}
