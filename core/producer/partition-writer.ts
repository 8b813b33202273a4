import type { MillraceError } from '../errors.js'
import { Appender } from '../log/appender.js'
import { SPACE_WAITERS_WORD } from '../log/layout.js'
import type { PartitionLog } from '../log/partition-log.js'
import { enlist, withdraw } from '../log/wait-set.js'
import type { Thread } from '../thread.js'
import type { Topic } from '../topic/topic.js'
import { Batch } from './batch.js'

/** A batch that waits for its turn in one partition, and what hears of its progress. */
export interface Consignment {
  readonly batch: Batch
  /** A frame of it was published. */
  written(baseOffset: number, count: number): void
  /** All of it was published. */
  delivered(): void
  /** The rest of it will never be published. */
  failed(cause: MillraceError): void
}

/**
 * The way of one thread into one partition. All its producers and publishers share it, so that the
 * order in the log is the order of their calls.
 *
 * ```
 *   log  <-  staged: what publishers append to  <-  waiting: batches of sends, first in, first out
 * ```
 *
 * While it is blocked nothing is staged, so what waits is younger than what is staged.
 */
export class PartitionWriter {
  readonly partition: number
  readonly staged: Batch
  /** The log was full when this writer last tried, and something is left to be published. */
  isBlocked = false
  /** It is on the list of those to be flushed at the end of the tick. */
  isDirty = false
  /** Somebody waits asynchronously for it to get on. */
  isAwaited = false
  private readonly thread: Thread
  private readonly words: Int32Array
  private readonly appender: Appender
  private readonly waiting: Consignment[] = []

  constructor(thread: Thread, topic: Topic, partition: number) {
    const log = topic.logs[partition] as PartitionLog
    this.thread = thread
    this.partition = partition
    this.words = log.words
    this.appender = new Appender(log, thread.table, thread.slot)
    this.staged = new Batch(topic)
  }

  /**
   * Publishes the complete frames of the staged batch; the records of the open one stay.
   *
   * @returns false when the log is full: what is left stays staged, in order
   */
  publishComplete(): boolean {
    const { staged, appender } = this
    while (staged.completeFrames > 0) {
      if (!appender.append(staged.peek())) {
        this.isBlocked = true
        return false
      }
      staged.shift()
    }
    return true
  }

  /** Publishes everything. @returns false when the log is full */
  flush(): boolean {
    this.staged.cut()
    if (!this.publishComplete() || !this.publishWaiting()) return false
    if (this.isBlocked) this.unblock()
    return true
  }

  /** Lets a batch wait for its turn: `flush` next. */
  enqueue(consignment: Consignment): void {
    this.waiting.push(consignment)
  }

  private publishWaiting(): boolean {
    const { waiting } = this
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (!this.publishConsignment(next)) {
        this.isBlocked = true
        return false
      }
      waiting.shift()
      next.delivered()
    }
    return true
  }

  private publishConsignment(consignment: Consignment): boolean {
    const { batch } = consignment
    const { appender } = this
    while (batch.completeFrames > 0) {
      const frame = batch.peek()
      if (!appender.append(frame)) return false
      consignment.written(appender.claimedOffset, frame.count)
      batch.shift()
    }
    return true
  }

  /** Takes a waiting batch out, with what is left of it. */
  cancel(consignment: Consignment): void {
    const index = this.waiting.indexOf(consignment)
    if (index >= 0) this.waiting.splice(index, 1)
    const isDone = this.waiting.length === 0 && this.staged.isEmpty
    if (isDone && this.isBlocked) this.unblock()
  }

  /** Gives everything up. @returns the batches that waited */
  abandon(): Consignment[] {
    this.staged.clear()
    this.isBlocked = true
    return this.waiting.splice(0)
  }

  /** Whoever waits would otherwise wait for a change of the log that may never come. */
  private unblock(): void {
    this.isBlocked = false
    if (this.isAwaited) this.thread.table.wake(this.thread.slot)
  }

  /** Announces that this thread is about to wait for space here. */
  enlist(): void {
    enlist(this.words, SPACE_WAITERS_WORD, this.thread.slot)
  }

  /** It waits no longer. */
  withdraw(): void {
    withdraw(this.words, SPACE_WAITERS_WORD, this.thread.slot)
  }
}
