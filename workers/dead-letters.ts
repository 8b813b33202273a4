import { nextTurn } from '#clock'
import { attach } from '#memory'
import type { DeadLetterReason } from '../core/delivery/dead-letter.js'
import { MillraceError } from '../core/errors.js'
import * as cursor from '../core/group/cursor.js'
import { LagMeter } from '../core/group/lag.js'
import { latestOffset, seekGroup } from '../core/group/seek.js'
import { pinOffset, placeReader, unpin } from '../core/log/finder.js'
import { PartitionLog } from '../core/log/partition-log.js'
import { Reader } from '../core/log/reader.js'
import type { ReceivedHeaders } from '../core/topic/message.js'
import { readKey, readRecordHeaders } from '../core/topic/received-message.js'
import type { EngineParts } from './group-membership.js'
import type { GroupDescription } from './supervisor-protocol.js'

/** A message that a group could not handle. */
export interface DeadLetter {
  /** The message's own place. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly reason: DeadLetterReason
  /** How often the handler was called with it. */
  readonly attempts: number
  /** What the last attempt threw. */
  readonly error: string
  readonly key: string | Buffer | null
  /** The value's bytes, as they were; null for a message without a value. */
  readonly value: Buffer | null
  /** Those of the message, and those about its death, which begin with `dlq-`. */
  readonly headers: ReceivedHeaders
}

interface LetterLog {
  readonly log: PartitionLog
  readonly topic: string
  readonly partition: number
}

/**
 * The dead letters of one group. They are kept until they are discarded; when there is no room for
 * another, the partition that needs it waits.
 *
 * @example
 * for await (const letter of engine.deadLetters('billing').peek()) console.log(letter.error)
 */
export class DeadLetters {
  private readonly parts: EngineParts
  private readonly groupId: string

  constructor(parts: EngineParts, groupId: string) {
    this.parts = parts
    this.groupId = groupId
  }

  /** How many there are. */
  async count(): Promise<number> {
    const { gate, logs } = await this.open()
    const { thread } = this.parts.local
    return logs
      .map(({ log, topic, partition }) =>
        new LagMeter(log, thread).measure(topic, partition, gate, 'earliest'),
      )
      .reduce((sum, { messages }) => sum + messages, 0)
  }

  /**
   * Looks at all that are there now, partition by partition, and leaves them there. These are the
   * letters of all records that the group's lag does not count any more.
   *
   * @throws MillraceError `UNKNOWN_GROUP`, `ENGINE_CLOSED`
   */
  async *peek(): AsyncGenerator<DeadLetter, void, undefined> {
    const { gate, logs } = await this.open()
    for (const { log } of logs) {
      const end = latestOffset(log, this.parts.local.thread)
      let offset = cursor.committedOffset(log, gate)
      while (offset < end) {
        const frame = this.readFrame(log, offset)
        if (frame === undefined) break
        yield* frame.letters
        // Its place is taken, and its record may be committed already: it is about to be there.
        if (frame.next === offset) await this.nextTurn()
        offset = frame.next
      }
    }
  }

  /** Whoever writes a letter does not stop in between, but may be dead when all is closed. */
  private nextTurn(): Promise<void> {
    if (!this.parts.local.thread.isOpen) {
      throw new MillraceError('ENGINE_CLOSED', 'the engine is closed')
    }
    return nextTurn()
  }

  /**
   * The letters of one frame, copied under a pin that is not held while others look at them. None,
   * and nothing next, while the frame is unfinished.
   *
   * @returns undefined if they were discarded meanwhile
   */
  private readFrame(
    log: PartitionLog,
    offset: number,
  ): { letters: DeadLetter[]; next: number } | undefined {
    const { table, slot } = this.parts.local.thread
    const place = pinOffset(log, table, slot, offset)
    if (place === undefined) return undefined
    const reader = new Reader(log, place.position, place.offset)
    placeReader(reader, place, offset)
    const letters: DeadLetter[] = []
    if (reader.remaining > 0 || reader.next()) {
      while (reader.nextRecord()) letters.push(readLetter(reader))
    }
    unpin(log, table, slot)
    return { letters, next: reader.offset }
  }

  /** Drops all that are there now, and makes their room free. @returns how many */
  async discard(): Promise<number> {
    const { gate, logs } = await this.open()
    const count = await this.count()
    for (const { log } of logs) {
      seekGroup(log, this.parts.local.thread, gate, { offset: 'latest' })
    }
    return count
  }

  private async open(): Promise<{ gate: number; logs: LetterLog[] }> {
    const { groupId } = this
    const { index, letters } = await this.parts
      .link()
      .request<GroupDescription>({ type: 'describe-group', groupId })
    const logs = letters.flatMap(({ name, buffers }) =>
      buffers.map((buffer, partition) => ({
        log: new PartitionLog(attach(buffer)),
        topic: name,
        partition,
      })),
    )
    return { gate: index, logs }
  }
}

function readLetter(reader: Reader): DeadLetter {
  const headers = readRecordHeaders(reader)
  const { bytes } = reader.log
  return {
    topic: String(headers['dlq-topic']),
    partition: Number(headers['dlq-partition']),
    offset: Number(headers['dlq-offset']),
    timestamp: Number(headers['dlq-timestamp']),
    reason: String(headers['dlq-reason']) as DeadLetterReason,
    attempts: Number(headers['dlq-attempts']),
    error: String(headers['dlq-error-message']),
    key: readKey(reader),
    value: reader.hasValue ? Buffer.from(bytes.subarray(reader.valueFrom, reader.valueTo)) : null,
    headers,
  }
}
