import { atEndOfTick } from '#clock'
import { ByteWriter } from '../codec/byte-writer.js'
import { MillraceError } from '../errors.js'
import { RECORD_BINARY_KEY, RECORD_NO_KEY } from '../log/layout.js'
import { describeValue } from '../options.js'
import type { Thread } from '../thread.js'
import { isBytes, type Key } from '../topic/message.js'
import type { Topic } from '../topic/topic.js'
import { Batch } from './batch.js'
import { type Consignment, PartitionWriter } from './partition-writer.js'

const NO_BYTES = new Uint8Array(0)

/** Idle batches that are kept for later sends; or one for each partition, if these are more. */
const SPARE_BATCHES_MIN = 16

/**
 * The way of one thread into one topic: chooses partitions, flushes at the end of the tick, and
 * waits for space. Its producers and publishers of the topic share one.
 *
 * At the end of each tick, what is staged is published. What a full log does not take is awaited:
 *
 * ```
 *   read signal -> enlist in the logs' wait sets -> try again -> wait for the signal -> ...
 * ```
 */
export class TopicWriter<T = unknown> {
  readonly thread: Thread
  readonly topic: Topic<T>
  /** The key that `readKey` read last: its bytes at [0, keyBytes), and what its record says of it. */
  key: Uint8Array = NO_BYTES
  keyBytes = 0
  keyFlags = RECORD_NO_KEY
  private readonly keyText = new ByteWriter(256)
  private readonly writers: (PartitionWriter | undefined)[]
  /** Those with something staged since the last flush, at [0, dirtyCount). */
  private readonly dirty: PartitionWriter[] = []
  private dirtyCount = 0
  private isFlushScheduled = false
  private awaited: PartitionWriter[] = []
  private isAwaiting = false
  private readonly spareBatches: Batch[] = []
  private stickyPartition: number
  /** Code of the user runs that must not send to this topic in between. */
  private isEncoding = false
  private failure: MillraceError | undefined

  constructor(thread: Thread, topic: Topic<T>) {
    this.thread = thread
    this.topic = topic
    this.writers = new Array<PartitionWriter | undefined>(topic.partitions).fill(undefined)
    this.stickyPartition = thread.slot % topic.partitions
  }

  /** @param partition one of the topic's */
  writer(partition: number): PartitionWriter {
    return this.writers[partition] ?? this.createWriter(partition)
  }

  private createWriter(partition: number): PartitionWriter {
    const writer = new PartitionWriter(this.thread, this.topic as Topic, partition)
    this.writers[partition] = writer
    return writer
  }

  // ---------------------------------------------------------------------------------------------
  // One message
  // ---------------------------------------------------------------------------------------------

  /** Stages one message; see `Publisher.trySend`. */
  trySend(key: Key | undefined, value: T | null): boolean {
    if (value === undefined) throw undefinedValue(this.topic.name)
    this.checkNotEncoding()
    this.readKey(key)
    if (!this.hasKey) return this.trySendSticky(value)
    return this.stage(this.writer(this.partitionOfKey()), value)
  }

  /** A message without a key may go anywhere: past partitions that are full. */
  private trySendSticky(value: T | null): boolean {
    for (let tried = 0; tried < this.writers.length; tried++) {
      const writer = this.writer(this.stickyPartition)
      if (this.stage(writer, value)) {
        if (writer.staged.isEmpty) this.advanceSticky()
        return true
      }
      this.advanceSticky()
    }
    return false
  }

  private stage(writer: PartitionWriter, value: T | null): boolean {
    if (writer.isBlocked && !this.flushBlocked(writer)) return false
    if (!writer.isDirty) this.markDirty(writer)
    const { staged } = writer
    this.isEncoding = true
    try {
      staged.append(value, this.keyFlags, this.key, this.keyBytes)
    } finally {
      this.isEncoding = false
    }
    if (staged.completeFrames > 0) this.publishComplete(writer)
    return true
  }

  /** The engine's state is looked at once for each frame and tick, not for each message. */
  private publishComplete(writer: PartitionWriter): void {
    this.checkOpen()
    try {
      writer.publishComplete()
    } catch (error) {
      throw this.fail(error)
    }
  }

  private flushBlocked(writer: PartitionWriter): boolean {
    this.checkOpen()
    return this.flushWriter(writer)
  }

  /** The caller has checked that the engine is open. */
  private flushWriter(writer: PartitionWriter): boolean {
    try {
      return writer.flush()
    } catch (error) {
      throw this.fail(error)
    }
  }

  /**
   * Reads a key into `key`, `keyBytes` and `keyFlags`.
   *
   * @throws MillraceError `INVALID_KEY`
   */
  readKey(key: Key | undefined): void {
    if (key === null || key === undefined) {
      this.key = NO_BYTES
      this.keyBytes = 0
      this.keyFlags = RECORD_NO_KEY
    } else if (typeof key === 'string') {
      const { keyText } = this
      keyText.truncate(0)
      if (!keyText.tryUtf8(key)) throw invalidKey(this.topic.name, 'well-formed text', key)
      this.key = keyText.bytes
      this.keyBytes = keyText.position
      this.keyFlags = 0
    } else {
      if (!isBytes(key)) throw invalidKey(this.topic.name, 'a string, a Uint8Array or null', key)
      this.key = key
      this.keyBytes = key.length
      this.keyFlags = RECORD_BINARY_KEY
    }
  }

  get hasKey(): boolean {
    return this.keyFlags !== RECORD_NO_KEY
  }

  /** The partition of the key that was read. */
  partitionOfKey(): number {
    if (!this.hasKey) return this.stickyPartition
    this.isEncoding = true
    try {
      return this.topic.partitionOfKey(this.key, this.keyBytes)
    } finally {
      this.isEncoding = false
    }
  }

  /**
   * Sends messages without a key to the next partition. As in Kafka this happens with each batch,
   * so that batches are full although messages are spread.
   */
  advanceSticky(): void {
    if (++this.stickyPartition >= this.writers.length) this.stickyPartition = 0
  }

  // ---------------------------------------------------------------------------------------------
  // Batches of sends
  // ---------------------------------------------------------------------------------------------

  /** Runs code that encodes messages of this topic, and refuses to be called from within. */
  encoding<R>(encode: () => R): R {
    this.checkNotEncoding()
    this.isEncoding = true
    try {
      return encode()
    } finally {
      this.isEncoding = false
    }
  }

  private checkNotEncoding(): void {
    if (!this.isEncoding) return
    throw new MillraceError(
      'INVALID_VALUE',
      `a codec or partitioner of topic ${this.topic.name} must not send to the topic while it runs`,
      { topic: this.topic.name },
    )
  }

  /** An empty batch. */
  takeBatch(): Batch {
    return this.spareBatches.pop() ?? new Batch(this.topic as Topic)
  }

  /** Takes a batch back for later use. */
  giveBatch(batch: Batch): void {
    batch.clear()
    const max = Math.max(SPARE_BATCHES_MIN, this.writers.length)
    if (this.spareBatches.length < max) this.spareBatches.push(batch)
  }

  /** Publishes a batch behind everything that this thread sent to the partition before. */
  publish(partition: number, consignment: Consignment): void {
    this.checkOpen()
    const writer = this.writer(partition)
    writer.enqueue(consignment)
    if (!this.flushWriter(writer)) this.awaitSpace(writer)
  }

  // ---------------------------------------------------------------------------------------------
  // Flushing and waiting
  // ---------------------------------------------------------------------------------------------

  /** Publishes what is staged. @returns false if a full log did not take all of it */
  flush(): boolean {
    this.checkOpen()
    const count = this.dirtyCount
    this.dirtyCount = 0
    let isPublished = true
    for (let index = 0; index < count; index++) {
      const writer = this.dirty[index] as PartitionWriter
      if (this.flushDirty(writer)) continue
      isPublished = false
      this.awaitSpace(writer)
    }
    for (const writer of this.awaited) if (!this.flushWriter(writer)) isPublished = false
    return isPublished
  }

  private flushDirty(writer: PartitionWriter): boolean {
    writer.isDirty = false
    const isSticky = writer.partition === this.stickyPartition && !writer.staged.isEmpty
    if (isSticky) this.advanceSticky()
    return this.flushWriter(writer)
  }

  /** The partitions whose log did not take everything. */
  blockedPartitions(): number[] {
    const partitions: number[] = []
    for (const writer of this.writers) if (writer?.isBlocked) partitions.push(writer.partition)
    return partitions
  }

  /** @throws MillraceError `ENGINE_CLOSED` once the engine is closed or the thread given up */
  checkOpen(): void {
    if (this.failure === undefined && !this.thread.isOpen) this.fail(engineClosed())
    if (this.failure !== undefined) throw this.failure
  }

  /** Gives up what waits. Every later call is refused. */
  close(): void {
    this.fail(engineClosed())
  }

  private markDirty(writer: PartitionWriter): void {
    this.checkOpen()
    writer.isDirty = true
    this.dirty[this.dirtyCount++] = writer
    if (this.isFlushScheduled) return
    this.isFlushScheduled = true
    atEndOfTick(this.endTick)
  }

  private readonly endTick = (): void => {
    this.isFlushScheduled = false
    try {
      this.flush()
    } catch {
      // Nobody is there to catch it: it has reached those who wait, and will meet every later call.
    }
  }

  private awaitSpace(writer: PartitionWriter): void {
    if (writer.isAwaited) return
    writer.isAwaited = true
    this.awaited.push(writer)
    // A loop that sleeps already has to enlist for this one, too.
    if (this.isAwaiting) this.thread.table.wake(this.thread.slot)
    else void this.publishWhenWoken()
  }

  private async publishWhenWoken(): Promise<void> {
    this.isAwaiting = true
    try {
      while (this.awaited.length > 0) {
        const { signal } = this.thread
        // Before enlisting: a thread that has left has no slot any more.
        this.checkOpen()
        for (const writer of this.awaited) writer.enlist()
        this.awaited = this.awaited.filter(isStillBlocked)
        if (this.awaited.length > 0) await this.thread.whenWoken(signal)
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.isAwaiting = false
    }
  }

  /**
   * Blocks the thread until `attempt` returns true.
   *
   * @returns false if the time was over before
   */
  blockUntil(attempt: () => boolean, remainingMs: () => number): boolean {
    try {
      for (;;) {
        const { signal } = this.thread
        for (const writer of this.writers) if (writer?.isBlocked) writer.enlist()
        if (attempt()) return true
        const timeoutMs = remainingMs()
        if (timeoutMs <= 0) return false
        this.thread.waitBlocking(signal, timeoutMs)
      }
    } finally {
      for (const writer of this.writers) if (writer && !writer.isAwaited) writer.withdraw()
    }
  }

  /** Gives up for good. @returns the error for whoever calls */
  private fail(cause: unknown): MillraceError {
    const failure = cause instanceof MillraceError ? cause : engineClosed(cause)
    this.failure ??= failure
    for (const writer of this.awaited) {
      writer.isAwaited = false
      writer.withdraw()
    }
    this.awaited = []
    for (const writer of this.writers) {
      if (writer === undefined) continue
      for (const consignment of writer.abandon()) consignment.failed(failure)
    }
    return failure
  }
}

function isStillBlocked(writer: PartitionWriter): boolean {
  writer.isAwaited = false
  if (writer.flush()) writer.withdraw()
  else writer.isAwaited = true
  return writer.isAwaited
}

/**
 * Finds the writer of a topic.
 *
 * @throws MillraceError `UNKNOWN_TOPIC`
 */
export function findWriter(writers: ReadonlyMap<string, TopicWriter>, topic: string): TopicWriter {
  const writer = writers.get(topic)
  if (writer !== undefined) return writer
  const known = [...writers.keys()]
  const message = `there is no topic ${describeValue(topic)}; there are ${known.join(', ')}`
  throw new MillraceError('UNKNOWN_TOPIC', message, { topic, known })
}

/** The error of a value that was left out. A tombstone is `null`. */
export function undefinedValue(topic: string): MillraceError {
  const message = `a value of topic ${topic} is undefined; a message without a value has null`
  return new MillraceError('INVALID_VALUE', message, { topic, received: undefined })
}

function invalidKey(topic: string, expected: string, received: unknown): MillraceError {
  const message = `a key of topic ${topic} must be ${expected}, but is ${describeValue(received)}`
  return new MillraceError('INVALID_KEY', message, { topic, received })
}

function engineClosed(cause?: unknown): MillraceError {
  return new MillraceError('ENGINE_CLOSED', 'the engine is closed', {}, cause)
}
