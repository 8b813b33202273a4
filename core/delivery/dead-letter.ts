import { nowMs } from '#clock'
import { ByteWriter } from '../codec/byte-writer.js'
import type { FrameContent } from '../log/appender.js'
import * as layout from '../log/layout.js'
import type { Reader } from '../log/reader.js'
import { writeHeaders } from '../topic/message.js'
import { readRecordHeaders } from '../topic/received-message.js'

/** Why a message is dead. */
export type DeadLetterReason = 'rejected' | 'attempts' | 'decode' | 'handler-timeout'

/** What is known of the failure. */
export interface Failure {
  readonly reason: DeadLetterReason
  /** What the last attempt threw. */
  readonly error: unknown
  readonly attempts: number
  /** Since the first attempt failed, in milliseconds. */
  readonly failingForMs: number
}

const STACK_CHARACTERS_MAX = 4096
const TEXT_CHARACTERS_MAX = 512

/**
 * Makes dead letters: key and value byte for byte, the headers of the message, and headers that
 * begin with `dlq-` about its origin and its death.
 */
export class DeadLetterWriter {
  private readonly groupId: string
  private readonly workerId: number
  private readonly writer = new ByteWriter()

  /** @param workerId slot of the thread, for the headers */
  constructor(groupId: string, workerId: number) {
    this.groupId = groupId
    this.workerId = workerId
  }

  /** @returns valid until the next call */
  write(topic: string, partition: number, reader: Reader, failure: Failure): FrameContent {
    const { writer } = this
    const { bytes } = reader.log
    const timestamp = nowMs()
    writer.truncate(0)
    writer.ensure(layout.RECORD_HEADER_BYTES)
    writer.position = layout.RECORD_HEADER_BYTES
    writer.blob(bytes.subarray(reader.valueFrom, reader.valueTo))
    writer.blob(bytes.subarray(reader.keyFrom, reader.keyTo))
    const headersAt = writer.position
    writer.ensure(4)
    writer.position += 4
    writeHeaders(
      { ...readRecordHeaders(reader), ...this.headers(topic, partition, reader, failure) },
      writer,
    )
    writer.bytes.writeInt32LE(writer.position - headersAt - 4, headersAt)
    const end = layout.aligned(writer.position)
    writer.ensure(end - writer.position)
    writer.bytes.fill(0, writer.position, end)
    writer.position = end
    const flags = (reader.flags & ~layout.RECORD_HAS_TIMESTAMP) | layout.RECORD_HAS_HEADERS
    const keyWord = layout.recordKeyWord(reader.keyTo - reader.keyFrom, flags)
    writer.bytes.writeInt32LE(reader.valueTo - reader.valueFrom, layout.RECORD_VALUE_BYTES)
    writer.bytes.writeInt32LE(keyWord, layout.RECORD_KEY_BYTES)
    return {
      bytes: writer.bytes,
      longs: writer.longs,
      from: 0,
      to: end,
      count: 1,
      timestamp,
      newestTimestamp: timestamp,
    }
  }

  private headers(
    topic: string,
    partition: number,
    reader: Reader,
    { reason, error, attempts, failingForMs }: Failure,
  ): Record<string, string> {
    const now = nowMs()
    return {
      'dlq-topic': topic,
      'dlq-partition': String(partition),
      'dlq-offset': String(reader.recordOffset),
      'dlq-timestamp': String(reader.timestamp),
      'dlq-group': this.groupId,
      'dlq-reason': reason,
      'dlq-attempts': String(attempts),
      'dlq-first-failure': String(Math.round(now - failingForMs)),
      'dlq-last-failure': String(now),
      'dlq-worker': String(this.workerId),
      ...describeError(error),
    }
  }
}

function describeError(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { 'dlq-error-message': text(error, TEXT_CHARACTERS_MAX) }
  const headers: Record<string, string> = {
    'dlq-error-name': text(error.name, TEXT_CHARACTERS_MAX),
    'dlq-error-message': text(error.message, TEXT_CHARACTERS_MAX),
    'dlq-error-stack': text(error.stack ?? '', STACK_CHARACTERS_MAX),
  }
  const code: unknown = Reflect.get(error, 'code')
  if (code !== undefined) headers['dlq-error-code'] = text(code, TEXT_CHARACTERS_MAX)
  return headers
}

/** Whatever was thrown, as well-formed text of limited length. */
function text(value: unknown, charactersMax: number): string {
  return textOf(value).slice(0, charactersMax).toWellFormed()
}

/** An object may have no text, or one that throws. */
function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
