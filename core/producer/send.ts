import { after, type Timer } from '#clock'
import { type ErrorCode, MillraceError } from '../errors.js'
import { describeValue } from '../options.js'
import type { OutgoingMessage } from '../topic/message.js'
import type { Batch } from './batch.js'
import type { Consignment } from './partition-writer.js'
import { type TopicWriter, undefinedValue } from './topic-writer.js'

/** A run of messages that lie one behind the other in a partition. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** Offset of the first. */
  readonly baseOffset: number
  /** Messages, 1 or more. */
  readonly count: number
}

/** How long to wait while the log is full. */
export interface WaitOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds, 0 to 2^31 - 1. By default there is no limit. */
  readonly timeoutMs?: number | undefined
}

/**
 * A send was ended by its signal, whose reason is the `cause`. `details.written` tells which of its
 * messages are in the log nevertheless.
 */
export class SendAbortedError extends MillraceError {
  /** What code that knows about AbortSignals looks for. */
  override readonly name = 'AbortError'

  constructor(details: Readonly<Record<string, unknown>>, reason: unknown) {
    super('SEND_ABORTED', 'the send was aborted while the log was full', details, reason)
  }
}

const TIMESTAMP_MAX = 8.64e15
const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  'key',
  'value',
  'headers',
  'timestamp',
  'partition',
])

/**
 * The messages of one call of `send`, from their check until they are published.
 *
 * ```
 *   add, add, ...   validated and encoded into batches of their own: nothing is visible yet
 *   publish         all batches into their partitions, each behind what this thread sent before
 *   wait            for the batches that a full log did not take
 * ```
 */
export class Send {
  private readonly writer: TopicWriter
  private readonly parts: Part[] = []
  private readonly partOfPartition: (Part | undefined)[] = []
  private readonly written: MutableMetadata[] = []
  private unfinished = 0
  private hasSticky = false
  private onSettled: ((error?: MillraceError) => void) | undefined

  constructor(writer: TopicWriter) {
    this.writer = writer
  }

  /** What is published so far. */
  get metadata(): RecordMetadata[] {
    return this.written
  }

  /**
   * Encodes messages, within `TopicWriter.encoding`.
   *
   * @throws MillraceError for the first one that is not valid: then nothing of the send may go on
   */
  add(messages: readonly OutgoingMessage[]): void {
    try {
      for (const message of messages) this.addMessage(message)
    } catch (error) {
      this.release()
      throw error
    }
  }

  private addMessage(message: OutgoingMessage): void {
    const { writer } = this
    const { topic } = writer
    checkMessage(message, topic.name)
    const { key, value, headers, timestamp, partition } = message
    if (value === undefined) throw undefinedValue(topic.name)
    if (timestamp !== undefined) checkTimestamp(timestamp, topic.name)
    if (partition !== undefined) topic.checkPartition(partition)
    writer.readKey(key)
    const chosen = partition ?? writer.partitionOfKey()
    const { batch } = this.partOfPartition[chosen] ?? this.addPart(chosen)
    const framesBefore = batch.completeFrames
    batch.append(value, writer.keyFlags, writer.key, writer.keyBytes, headers, timestamp)
    if (partition === undefined && !writer.hasKey) {
      this.hasSticky = true
      if (batch.completeFrames !== framesBefore) this.advanceSticky()
    }
  }

  /** Waits, without messages, until what is staged for a partition is published. */
  addMarker(partition: number): void {
    this.addPart(partition)
  }

  private addPart(partition: number): Part {
    const part = new Part(this, partition, this.writer.takeBatch())
    this.parts.push(part)
    this.partOfPartition[partition] = part
    return part
  }

  private advanceSticky(): void {
    this.hasSticky = false
    this.writer.advanceSticky()
  }

  /** @returns false if a full log did not take all of it: then the rest waits for its turn */
  publish(): boolean {
    if (this.hasSticky) this.advanceSticky()
    this.unfinished = this.parts.length
    for (const part of this.parts) {
      part.batch.cut()
      this.writer.publish(part.partition, part)
    }
    return this.unfinished === 0
  }

  /**
   * Resolves once all of it is published.
   *
   * Errors: `SEND_TIMEOUT`, `SEND_ABORTED`, or what the send is failed with. Their
   * `details.written` is the metadata of what was published until then.
   */
  wait(signal: AbortSignal | undefined, timeoutMs: number): Promise<RecordMetadata[]> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.settle(new SendAbortedError(this.details(), signal?.reason))
      let timer: Timer | undefined
      if (Number.isFinite(timeoutMs)) timer = after(timeoutMs, () => this.timeOut(timeoutMs))
      signal?.addEventListener('abort', onAbort, { once: true })
      this.onSettled = (error) => {
        timer?.cancel()
        signal?.removeEventListener('abort', onAbort)
        if (error === undefined) resolve(this.written)
        else reject(error)
      }
    })
  }

  private timeOut(timeoutMs: number): void {
    this.fail('SEND_TIMEOUT', `the log was full for ${timeoutMs} ms`)
  }

  /** Ends the wait. What was not published yet never will be. */
  fail(code: ErrorCode, message: string): void {
    this.settle(new MillraceError(code, message, this.details()))
  }

  private details(): Readonly<Record<string, unknown>> {
    return { topic: this.writer.topic.name, written: this.written.map((run) => ({ ...run })) }
  }

  private settle(error?: MillraceError): void {
    const { onSettled } = this
    if (onSettled === undefined) return
    this.onSettled = undefined
    if (error !== undefined) this.cancel()
    onSettled(error)
  }

  private cancel(): void {
    for (const part of this.parts) this.writer.writer(part.partition).cancel(part)
    this.release()
  }

  private release(): void {
    for (const part of this.parts) this.writer.giveBatch(part.batch)
    this.parts.length = 0
  }

  /** A frame of a part is published. @returns the run that it belongs to */
  recordWritten(
    run: MutableMetadata | undefined,
    partition: number,
    offset: number,
    count: number,
  ) {
    if (run !== undefined && run.baseOffset + run.count === offset) {
      run.count += count
      return run
    }
    const next = { topic: this.writer.topic.name, partition, baseOffset: offset, count }
    this.written.push(next)
    return next
  }

  /** All of a part is published. */
  recordDelivered(): void {
    if (--this.unfinished > 0) return
    this.release()
    this.settle()
  }
}

type MutableMetadata = { -readonly [Field in keyof RecordMetadata]: RecordMetadata[Field] }

/** The messages of one send for one partition. */
class Part implements Consignment {
  readonly partition: number
  readonly batch: Batch
  private readonly send: Send
  private run: MutableMetadata | undefined

  constructor(send: Send, partition: number, batch: Batch) {
    this.send = send
    this.partition = partition
    this.batch = batch
  }

  written(baseOffset: number, count: number): void {
    this.run = this.send.recordWritten(this.run, this.partition, baseOffset, count)
  }

  delivered(): void {
    this.send.recordDelivered()
  }

  failed(cause: MillraceError): void {
    this.send.fail(cause.code, cause.message)
  }
}

function checkMessage(message: OutgoingMessage, topic: string): void {
  if (typeof message !== 'object' || message === null) {
    const text = `a message for topic ${topic} must be an object, but is ${describeValue(message)}`
    throw new MillraceError('INVALID_OPTION', text, { topic, field: 'messages', received: message })
  }
  for (const field in message) {
    // The two that nearly all messages have, without a look-up: an eighth of a send's own time.
    if (field === 'value' || field === 'key' || MESSAGE_FIELDS.has(field)) continue
    throw unknownField(field)
  }
}

function unknownField(field: string): MillraceError {
  const allowed = [...MESSAGE_FIELDS]
  const text = `a message has no field ${field}; allowed are ${allowed.join(', ')}`
  return new MillraceError('UNKNOWN_OPTION', text, { field, allowed })
}

function checkTimestamp(timestamp: number, topic: string): void {
  if (typeof timestamp === 'number' && timestamp >= 0 && timestamp <= TIMESTAMP_MAX) return
  throw new MillraceError(
    'INVALID_TIMESTAMP',
    `a timestamp of topic ${topic} must be milliseconds from 0 to ${TIMESTAMP_MAX}, but is ` +
      describeValue(timestamp),
    { topic, received: timestamp, max: TIMESTAMP_MAX },
  )
}
