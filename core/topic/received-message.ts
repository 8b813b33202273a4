import { readUtf8 } from '../codec/text.js'
import { MillraceError } from '../errors.js'
import { RECORD_BINARY_KEY } from '../log/layout.js'
import type { Reader } from '../log/reader.js'
import { type ReceivedHeaders, readHeaders } from './message.js'
import type { Topic } from './topic.js'

/** A message as a consumer gets it. It holds copies only, and may be kept. */
export interface Message<T = unknown> {
  readonly topic: string
  readonly partition: number
  /** Position in its partition. Topic, partition and offset identify a message for ever. */
  readonly offset: number
  /** As it was given to the producer: a text, bytes, or null. */
  readonly key: string | Buffer | null
  /** Decoded by the topic's codec; null for a message without a value. */
  readonly value: T
  readonly headers: ReceivedHeaders
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

const NO_HEADERS: ReceivedHeaders = Object.freeze({})

/** The reader's record as an object. @throws MillraceError `UNDECODABLE_VALUE` */
export function readMessage(topic: Topic, partition: number, reader: Reader): Message {
  return {
    topic: topic.name,
    partition,
    offset: reader.recordOffset,
    key: readKey(reader),
    value: readValue(topic, reader),
    headers: readRecordHeaders(reader),
    timestamp: reader.timestamp,
  }
}

export function readKey(reader: Reader): string | Buffer | null {
  if (!reader.hasKey) return null
  const { keyFrom, keyTo } = reader
  const { bytes } = reader.log
  const isText = (reader.flags & RECORD_BINARY_KEY) === 0
  const text = isText ? readUtf8(bytes, keyFrom, keyTo) : undefined
  return text ?? Buffer.from(bytes.subarray(keyFrom, keyTo))
}

/** @throws MillraceError `UNDECODABLE_VALUE` that names the message, whatever the codec threw */
export function readValue(topic: Topic, reader: Reader): unknown {
  if (!reader.hasValue) return null
  try {
    return topic.codec.decode(reader.log.bytes, reader.valueFrom, reader.valueTo)
  } catch (cause) {
    const { recordOffset: offset } = reader
    throw new MillraceError(
      'UNDECODABLE_VALUE',
      `codec '${topic.codec.name}' cannot read the value at offset ${offset} of '${topic.name}'`,
      { topic: topic.name, offset, codec: topic.codec.name },
      cause,
    )
  }
}

export function readRecordHeaders(reader: Reader): ReceivedHeaders {
  if (!reader.hasHeaders) return NO_HEADERS
  return readHeaders(reader.log.bytes, reader.headersFrom + 4, reader.headersTo)
}
