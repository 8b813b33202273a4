import { after, monotonicMs, type Timer } from '#clock'
import type { DeadLetterReason, DeadLetterWriter } from '../core/delivery/dead-letter.js'
import type { RetryPolicy } from '../core/delivery/retry.js'
import {
  clearCall,
  type FailedRecord,
  failedRecord,
  forgetFailed,
  noteFailed,
} from '../core/group/attempt.js'
import type { GroupPartition } from '../core/group/coordinator.js'
import * as cursor from '../core/group/cursor.js'
import { commitDeadLetter, type DeadLetterResult } from '../core/group/dead-letter-commit.js'
import { Appender } from '../core/log/appender.js'
import { heldPlace, placeReader } from '../core/log/finder.js'
import { SPACE_WAITERS_WORD } from '../core/log/layout.js'
import type { PartitionLog } from '../core/log/partition-log.js'
import { Reader } from '../core/log/reader.js'
import { wakeProducers } from '../core/log/recycler.js'
import { enlist, hasSleepers, withdraw } from '../core/log/wait-set.js'
import type { Producer } from '../core/producer/producer.js'
import type { Thread } from '../core/thread.js'
import { type Message, readMessage } from '../core/topic/received-message.js'
import type { Topic } from '../core/topic/topic.js'
import type { EachBatchContext, EachMessageContext, Handler } from './handler.js'
import { HandlerCall, timeoutError } from './handler-call.js'
import { RecordBatch } from './record-batch.js'
import type { MemberStats } from './worker-control.js'

/** Progress is committed after so many records or so much time, and when there is nothing to do. */
const COMMIT_RECORDS = 1000
const COMMIT_INTERVAL_MS = 100
/** Between two looks at the clock. */
const RECORDS_PER_CLOCK = 8

/** What the lanes of one member have in common. */
export interface LaneHost {
  readonly thread: Thread
  readonly gate: number
  readonly member: number
  readonly handler: Handler<unknown>
  readonly retry: RetryPolicy
  readonly isAtMostOnce: boolean
  readonly letters: DeadLetterWriter
  readonly producer: Producer
  /** Infinity if handlers may take as long as they like. */
  readonly handlerTimeoutMs: number
  readonly stats: MemberStats
  /** A handler has settled, or a pause is over: the member loop has something to do. */
  poke(): void
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] }

/**
 * One partition that a member owns: hands its records to the handler one after the other, and
 * commits behind them.
 *
 * ```
 *   offsets    | committed | processed   | reader.offset
 *   records    | done      | being done  | not handed over yet
 * ```
 *
 * A lane is busy while a handler's promise or a retry is pending; the member goes on with its other
 * lanes meanwhile. A handler that returns no promise costs none.
 */
export class Lane {
  readonly partition: GroupPartition
  readonly reader: Reader
  private readonly host: LaneHost
  private readonly topic: Topic
  private readonly messageContext: Mutable<EachMessageContext<unknown>>
  private readonly batchContext: Mutable<EachBatchContext<unknown>>
  private lettersAppender: Appender | undefined
  private epoch: number
  private committed: number
  private processed: number
  private committedAtMs = monotonicMs()
  private recordsUntilClock = RECORDS_PER_CLOCK
  private attempt = 1
  private batchOffset = 0
  private batchEnd = 0
  private readonly call: HandlerCall
  /** A record that failed with an owner before this one: its attempts go on. */
  private inherited: FailedRecord | undefined
  /** The gate has a note of the current record's failed attempts. */
  private isNoted = false
  private firstFailureMs = 0
  private pause: Timer | undefined
  /** The pause before the next attempt is over: `step` makes it, once the group is not paused. */
  private isRetryDue = false
  /** The dead letter that waits for room, if one does. */
  private burial: object | undefined
  /** A handler or a retry is pending. */
  isBusy = false
  /** The epoch is over: nothing that this lane does counts any more. */
  isFenced = false

  constructor(host: LaneHost, partition: GroupPartition, topic: Topic, owned: cursor.Ownership) {
    this.host = host
    this.partition = partition
    this.topic = topic
    this.epoch = owned.epoch
    this.committed = owned.committed
    this.processed = owned.committed
    this.reader = new Reader(partition.log, 0, 0)
    this.call = new HandlerCall(partition.log, host.gate, host.handlerTimeoutMs)
    const shared = {
      topic: partition.topic,
      partition: partition.partition,
      producer: host.producer,
      signal: undefined as never,
    }
    this.messageContext = { ...shared, attempt: 1, message: undefined as never }
    const onMove = this.isLimited ? () => this.markDelivered(this.reader.offset) : undefined
    const batch = new RecordBatch<unknown>(topic, partition.partition, this.reader, onMove)
    this.batchContext = { ...shared, attempt: 1, batch }
    clearCall(partition.log, host.gate)
    this.inherited = failedRecord(partition.log, host.gate)
    this.countRedeliveries(owned.committed)
    this.place(owned.committed)
  }

  /** They may have found the log full because of what this lane held until now. */
  private wakeProducers(): void {
    wakeProducers(this.partition.log, this.host.thread.table)
  }

  private get isLimited(): boolean {
    return this.host.handlerTimeoutMs !== Number.POSITIVE_INFINITY
  }

  private markDelivered(offset: number): void {
    cursor.markDelivered(this.partition.log, this.host.gate, offset)
  }

  private get isPerMessage(): boolean {
    return this.host.handler.eachMessage !== undefined
  }

  /** What the owner before had begun. */
  private countRedeliveries(committed: number): void {
    const { host, partition } = this
    const ahead = cursor.deliveredOffset(partition.log, host.gate) - committed
    if (ahead > 0) host.stats.redelivered += ahead
    else if (host.isAtMostOnce) host.stats.maybeLost -= ahead
  }

  /** Puts the reader on an offset that the gate holds. */
  private place(offset: number): void {
    placeReader(this.reader, heldPlace(this.partition.log, offset), offset)
    this.attempt = 1
    this.wakeProducers()
  }

  /** Whether `step` would hand something over. */
  get hasWork(): boolean {
    if (this.isBusy || this.isPaused) return false
    return this.isRetryDue || this.reader.remaining > 0 || this.reader.hasNext()
  }

  get isPaused(): boolean {
    return cursor.isPaused(this.partition.log, this.host.gate)
  }

  /** Hands over records up to the end of one frame. @returns whether there were any */
  step(): boolean {
    const worked = this.handOverFrame()
    if (this.reader.offset > this.committed) {
      // Also while this lane waits, or has handled all: other lanes may keep the member from its rest.
      if (this.isAwaited) this.commitProgress()
      else if (!worked) this.commitIfDue()
    }
    return worked
  }

  /** A producer found the log full: it may wait for what is done here and not committed yet. */
  private get isAwaited(): boolean {
    return hasSleepers(this.partition.log.words, SPACE_WAITERS_WORD)
  }

  private handOverFrame(): boolean {
    const { reader } = this
    if (this.isBusy || this.isPaused) return false
    if (this.isRetryDue) {
      if (!this.isFenced) this.tryAgain()
      return true
    }
    if (reader.remaining === 0) {
      const hasFrame = reader.next()
      // The gate holds what is not committed; this holds what is, but is still being read. Also when
      // there was nothing but gaps, which would otherwise be held until the next frame.
      cursor.hold(this.partition.log, this.host.gate, reader.offset)
      this.wakeProducers()
      if (!hasFrame) return false
    }
    if (this.host.isAtMostOnce) this.commitTo(reader.offset + reader.remaining)
    if (this.isFenced) return true
    if (this.isPerMessage) this.handOverAll()
    else this.callBatch()
    return true
  }

  // ------------------------------------------------------------------------------ eachMessage

  private handOverAll(): void {
    while (!this.isBusy && !this.isFenced && this.reader.nextRecord()) this.handOver()
  }

  private handOver(): void {
    this.markDelivered(this.reader.offset)
    if (this.inherited !== undefined && this.isSpent(this.inherited)) return
    let message: Message<unknown>
    try {
      message = readMessage(this.topic, this.partition.partition, this.reader)
    } catch (error) {
      this.firstFailureMs = monotonicMs()
      this.bury('decode', error)
      return
    }
    this.messageContext.message = message
    this.callMessage()
  }

  private callMessage(): void {
    this.messageContext.attempt = this.attempt
    this.messageContext.signal = this.call.begin()
    let result: unknown
    try {
      result = this.host.handler.eachMessage?.(this.messageContext)
    } catch (error) {
      if (this.isInTime()) this.fail(error)
      return
    }
    if (isPromise(result)) this.await(result)
    else if (this.isInTime()) this.succeed()
  }

  // -------------------------------------------------------------------------------- eachBatch

  private callBatch(): void {
    const { reader } = this
    this.batchOffset = reader.offset
    this.batchEnd = reader.offset + reader.remaining
    if (this.inherited !== undefined && this.isSpentInBatch(this.inherited)) return
    this.batchContext.batch.endAt(this.batchEnd)
    // Of a batch whose thread is ended, the record that it last moved to is the one that failed.
    this.markDelivered(this.isLimited ? reader.offset + 1 : this.batchEnd)
    this.batchContext.attempt = this.attempt
    this.batchContext.signal = this.call.begin()
    let result: unknown
    try {
      result = this.host.handler.eachBatch?.(this.batchContext)
    } catch (error) {
      if (this.isInTime()) this.fail(error)
      return
    }
    if (isPromise(result)) this.await(result)
    else if (this.isInTime()) this.succeed()
  }

  // ------------------------------------------------------------------- attempts before this owner

  /** For a batch: it ends before the record that failed, or begins with it. */
  private isSpentInBatch(inherited: FailedRecord): boolean {
    const { reader } = this
    const ahead = (inherited.offsetLow - reader.offset) | 0
    if (ahead > 0) {
      this.batchEnd = Math.min(this.batchEnd, reader.offset + ahead)
      return false
    }
    reader.nextRecord()
    if (this.isSpent(inherited)) return true
    reader.stepBack()
    return false
  }

  /**
   * Goes on with the attempts of a record, once it is the current one. What failed for good without
   * being dead had its thread ended.
   *
   * @returns whether they are used up: then the record is dead
   */
  private isSpent({ offsetLow, attempts }: FailedRecord): boolean {
    const { host, reader } = this
    const ahead = (offsetLow - reader.recordOffset) | 0
    if (ahead > 0) return false
    this.inherited = undefined
    if (ahead < 0) return false
    // Its thread may be ended again: what was handled before it shall not come again then.
    this.commitTo(this.processed)
    this.isNoted = true
    this.firstFailureMs = monotonicMs()
    this.attempt = Math.min(attempts + 1, host.retry.attempts)
    if (attempts < host.retry.attempts) return false
    this.bury('handler-timeout', timeoutError(host.handlerTimeoutMs, reader.recordOffset))
    return true
  }

  // ----------------------------------------------------------------------------------- outcome

  private await(result: PromiseLike<unknown>): void {
    this.isBusy = true
    this.call.watch(this.isPerMessage ? this.reader.recordOffset : this.batchOffset)
    result.then(
      () => this.settle(() => this.succeed()),
      (error: unknown) => this.settle(() => this.fail(error)),
    )
  }

  private settle(outcome: () => void): void {
    if (!this.isInTime()) return
    this.isBusy = false
    if (this.isFenced) this.host.stats.staleCommits++
    else outcome()
    this.host.poke()
  }

  /** @returns false if the handler settled too late: then its thread is about to be ended */
  private isInTime(): boolean {
    if (this.call.end()) {
      if (this.call.isOverdue) this.host.stats.timedOut++
      return true
    }
    this.isBusy = true
    this.becomeFenced()
    return false
  }

  private succeed(): void {
    if (!this.isPerMessage) this.skipBatch()
    this.completeUpTo(this.reader.offset)
    this.commitIfDue()
  }

  private skipBatch(): void {
    const { reader, batchEnd } = this
    if (reader.offset + reader.remaining === batchEnd) reader.skipFrame()
    while (reader.offset < batchEnd) reader.nextRecord()
  }

  private fail(error: unknown): void {
    const { host, reader } = this
    host.stats.failed++
    if (!this.isPerMessage) {
      // A batch that failed before its first record failed at that one.
      if (reader.offset === this.batchOffset) reader.nextRecord()
      this.completeUpTo(reader.recordOffset)
    }
    if (this.attempt === 1) this.firstFailureMs = monotonicMs()
    if (host.isAtMostOnce) {
      host.stats.maybeLost++
      this.completeUpTo(reader.offset)
      return
    }
    const verdict = host.retry.judge(error, this.attempt)
    if (verdict.action === 'dead') this.bury(this.reasonOf(verdict.reason), error)
    else this.retryAfter(verdict.delayMs)
  }

  private reasonOf(reason: DeadLetterReason): DeadLetterReason {
    return reason === 'attempts' && this.call.isOverdue ? 'handler-timeout' : reason
  }

  private completeUpTo(offset: number): void {
    if (offset === this.processed) return
    this.host.stats.processed += offset - this.processed
    this.processed = offset
    this.attempt = 1
    if (this.isNoted) this.forgetFailed()
  }

  private forgetFailed(): void {
    forgetFailed(this.partition.log, this.host.gate)
    this.isNoted = false
  }

  private retryAfter(delayMs: number): void {
    // The gate has room for one record that failed: none before it may come again, and fail.
    this.commitTo(this.processed)
    if (this.isFenced) return
    this.isBusy = true
    this.isNoted = true
    noteFailed(this.partition.log, this.host.gate, this.reader.recordOffset, this.attempt)
    this.host.stats.retried++
    this.pause = after(delayMs, () => {
      this.pause = undefined
      this.isBusy = false
      this.isRetryDue = true
      this.host.poke()
    })
  }

  private tryAgain(): void {
    this.isRetryDue = false
    this.attempt++
    if (this.isPerMessage) {
      this.callMessage()
    } else {
      this.reader.stepBack()
      this.callBatch()
    }
  }

  /** Sends the current record to the dead letters and commits behind it, in one step. */
  private bury(reason: DeadLetterReason, error: unknown): void {
    const { letters } = this.partition
    if (letters === undefined) {
      this.host.stats.discarded++
      this.completeUpTo(this.reader.offset)
      this.commitTo(this.reader.offset)
      return
    }
    const result = this.tryBury(letters, reason, error)
    if (result === 'full') void this.buryLater(letters, reason, error)
    else this.finishBurial(result)
  }

  private tryBury(
    letters: PartitionLog,
    reason: DeadLetterReason,
    error: unknown,
  ): DeadLetterResult {
    const { host, partition, reader } = this
    const { table, slot } = host.thread
    const content = host.letters.write(partition.topic, partition.partition, reader, {
      reason,
      error,
      attempts: this.attempt,
      failingForMs: monotonicMs() - this.firstFailureMs,
    })
    this.lettersAppender ??= new Appender(letters, table, slot)
    return commitDeadLetter(
      this.lettersAppender,
      content,
      partition.log,
      table,
      host.gate,
      this.epoch,
      this.committed,
      this.burialEnd,
    )
  }

  /** With at-most-once delivery, the whole frame was committed before. */
  private get burialEnd(): number {
    return Math.max(this.committed, this.reader.offset)
  }

  private finishBurial(result: Exclude<DeadLetterResult, 'full'>): void {
    if (result === 'fenced') {
      this.becomeFenced()
      return
    }
    this.host.stats.deadLettered++
    this.committed = this.burialEnd
    this.committedAtMs = monotonicMs()
    this.completeUpTo(this.reader.offset)
  }

  /**
   * Nothing is committed before the dead letter has its place: waits until some are discarded.
   * Enlisted first, then looked again: a discard that found nobody to wake came before this look.
   */
  private async buryLater(
    letters: PartitionLog,
    reason: DeadLetterReason,
    error: unknown,
  ): Promise<void> {
    const { thread } = this.host
    const burial = {}
    this.isBusy = true
    this.burial = burial
    for (;;) {
      const { signal } = thread
      enlist(letters.words, SPACE_WAITERS_WORD, thread.slot)
      const result = this.tryBury(letters, reason, error)
      if (result !== 'full') {
        withdraw(letters.words, SPACE_WAITERS_WORD, thread.slot)
        this.burial = undefined
        this.isBusy = false
        this.finishBurial(result)
        this.host.poke()
        return
      }
      await thread.whenWoken(signal)
      // The lane was given back, or sought elsewhere: its record is another one by now.
      if (this.burial !== burial) return
    }
  }

  // ------------------------------------------------------------------------------------ commit

  private commitIfDue(): void {
    if (this.processed - this.committed >= COMMIT_RECORDS || this.isCommitTime()) {
      this.commitProgress()
    }
  }

  private isCommitTime(): boolean {
    if (--this.recordsUntilClock > 0) return false
    this.recordsUntilClock = RECORDS_PER_CLOCK
    return monotonicMs() - this.committedAtMs >= COMMIT_INTERVAL_MS
  }

  /** Commits what is done; when nothing is left of the frame, also the gap behind it. */
  commitProgress(): void {
    const isCaughtUp = !this.isBusy && !this.isRetryDue && this.reader.remaining === 0
    this.commitTo(isCaughtUp ? this.reader.offset : this.processed)
  }

  private commitTo(offset: number): void {
    if (offset <= this.committed || this.isFenced) return
    const { host, partition, epoch, committed } = this
    const { table } = host.thread
    if (cursor.commit(partition.log, table, host.gate, epoch, committed, offset)) {
      this.committed = offset
      this.committedAtMs = monotonicMs()
    } else {
      this.becomeFenced()
    }
  }

  private becomeFenced(): void {
    this.isFenced = true
    this.host.stats.staleCommits++
  }

  // --------------------------------------------------------------------------- seek and revoke

  /** Whether somebody moved the cursor: what was read before does not count. */
  get isStale(): boolean {
    return cursor.currentEpoch(this.partition.log, this.host.gate) !== this.epoch
  }

  /** After a seek, by the owner: goes on from where the cursor is now. */
  restart(): void {
    const owned = cursor.follow(this.partition.log, this.host.gate)
    this.epoch = owned.epoch
    this.committed = owned.committed
    this.processed = owned.committed
    this.isFenced = false
    this.inherited = undefined
    this.forgetFailed()
    this.place(owned.committed)
  }

  /** Ends the wait for a retry or for a dead letter's place: the next owner begins with the record. */
  cancelPause(): void {
    if (this.pause === undefined && this.burial === undefined && !this.isRetryDue) return
    this.pause?.cancel()
    this.pause = undefined
    this.isRetryDue = false
    this.burial = undefined
    this.isBusy = false
    this.abandon()
  }

  /** Commits what is done. Whatever the handler in hand still does will not count. */
  abandon(): void {
    this.commitTo(this.processed)
    this.isFenced = true
  }

  /** Waits no longer for the handler in hand, and tells it so. */
  desert(): void {
    this.call.abort()
    this.abandon()
  }

  /** Commits and gives the partition back. The lane is done with. */
  release(): void {
    this.abandon()
    cursor.release(this.partition.log, this.host.gate, this.host.member)
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}
