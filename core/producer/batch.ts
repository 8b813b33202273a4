import { nowMs } from '#clock'
import { ByteWriter } from '../codec/byte-writer.js'
import { MillraceError } from '../errors.js'
import type { FrameContent } from '../log/appender.js'
import * as layout from '../log/layout.js'
import { type Headers, writeHeaders } from '../topic/message.js'
import type { Topic } from '../topic/topic.js'

/** A batch that held a giant once gives its memory back. */
const RETAINED_BYTES_MAX = 2 ** 22

/**
 * A frame is complete when it reaches this size or 255 records. A copy of some KiB runs at full
 * speed, and frames that are small against a segment leave little of it unused.
 */
const FRAME_BYTES_TARGET = 2 ** 15
const FRAMES_PER_SEGMENT = 8

/**
 * Records of one partition, encoded one behind the other and cut into frames.
 *
 * ```
 *   bytes   [ complete frame ][ complete frame ][ records of the open frame ]
 *           ^ oldest                            ^ openFrom                  ^ writer.position
 * ```
 *
 * Appending allocates nothing once the memory has grown to its working size.
 */
export class Batch {
  private readonly topic: Topic
  private readonly frameBytesTarget: number
  private readonly recordsBytesMax: number
  private writer = new ByteWriter()

  /** Complete frames are those in [oldest, complete); the objects are used again. */
  private readonly frames: Frame[] = []
  private oldest = 0
  private complete = 0

  private openFrom = 0
  private openCount = 0
  /** Of the records that have none of their own. */
  private openTimestamp = 0
  /** How many records of the open frame have their own, and the newest of these. */
  private ownTimestamps = 0
  private openNewest = 0

  constructor(topic: Topic) {
    this.topic = topic
    this.recordsBytesMax = topic.frameBytesMax - layout.FRAME_HEADER_BYTES
    const share = topic.frameBytesMax / FRAMES_PER_SEGMENT
    this.frameBytesTarget = Math.min(FRAME_BYTES_TARGET, Math.max(share, layout.GRANULE_BYTES))
  }

  get isEmpty(): boolean {
    return this.writer.position === 0
  }

  /** Complete frames that are not taken out yet. */
  get completeFrames(): number {
    return this.complete - this.oldest
  }

  /**
   * Appends a record. Calls the codec, so it must not be called from within one.
   *
   * @param value what the codec takes, or null
   * @param keyFlags what the record says of its key: `RECORD_NO_KEY`, `RECORD_BINARY_KEY` or 0
   * @param key holds the key's bytes at [0, keyBytes)
   * @throws MillraceError `MESSAGE_TOO_LARGE`, `INVALID_HEADERS`, or what the codec throws: nothing
   *   is appended then
   */
  append(
    value: unknown,
    keyFlags: number,
    key: Uint8Array,
    keyBytes: number,
    headers?: Headers,
    timestamp?: number,
  ): void {
    const { writer } = this
    const start = writer.position
    try {
      this.write(start, value, keyFlags, key, keyBytes, headers, timestamp)
    } catch (error) {
      writer.truncate(start)
      if (this.isEmpty) this.clear()
      throw error
    }
    this.admit(start, timestamp)
  }

  private write(
    start: number,
    value: unknown,
    keyFlags: number,
    key: Uint8Array,
    keyBytes: number,
    headers: Headers | undefined,
    timestamp: number | undefined,
  ): void {
    const { writer, topic } = this
    let flags = keyFlags
    let valueFrom = start + layout.RECORD_HEADER_BYTES
    if (timestamp !== undefined) {
      flags |= layout.RECORD_HAS_TIMESTAMP
      valueFrom += 8
    }
    writer.ensure(valueFrom - start)
    writer.position = valueFrom
    if (value === null) flags |= layout.RECORD_NO_VALUE
    else topic.codec.encode(value, writer)
    // What lies there is not in the memory, and would be missed between claim and publish only.
    if (writer.position > writer.bytes.length) throw overrun(topic)
    const valueBytes = writer.position - valueFrom
    if (keyBytes > 0) appendKey(writer, key, keyBytes)
    if (headers !== undefined) flags |= appendHeaders(writer, headers)
    const end = writer.position
    if (end - valueFrom > topic.messageBytesMax) throw tooLarge(topic, end - valueFrom)

    // There is room: the memory's size is a multiple of the alignment.
    for (let at = end; (at & (layout.RECORD_ALIGNMENT - 1)) !== 0; at++) writer.bytes[at] = 0
    writer.position = layout.aligned(end)
    const { words } = writer
    words[start >>> 2] = valueBytes
    words[(start >>> 2) + 1] = layout.recordKeyWord(keyBytes, flags)
    if (timestamp !== undefined) writer.doubles[(valueFrom - 8) / 8] = timestamp
  }

  /** Makes the record at `start` part of the open frame, or of a new one. */
  private admit(start: number, timestamp: number | undefined): void {
    const end = this.writer.position
    if (end - this.openFrom > this.recordsBytesMax && this.openCount > 0) this.closeFrame(start)
    // Reading the clock for each message would cost as much as the rest of its way.
    if (this.openCount === 0) this.openTimestamp = nowMs()
    if (timestamp !== undefined) this.noteTimestamp(timestamp)
    const isFull = ++this.openCount === layout.FRAME_RECORDS_MAX
    if (isFull || end - this.openFrom >= this.frameBytesTarget) this.closeFrame(end)
  }

  private noteTimestamp(timestamp: number): void {
    if (this.ownTimestamps++ === 0 || timestamp > this.openNewest) this.openNewest = timestamp
  }

  private closeFrame(end: number): void {
    const frame = this.frames[this.complete] ?? new Frame()
    this.frames[this.complete++] = frame
    frame.from = this.openFrom
    frame.to = end
    frame.count = this.openCount
    frame.timestamp = this.openTimestamp
    frame.newestTimestamp = this.newestTimestamp
    this.openFrom = end
    this.openCount = 0
    this.ownTimestamps = 0
  }

  private get newestTimestamp(): number {
    if (this.ownTimestamps === 0) return this.openTimestamp
    if (this.ownTimestamps === this.openCount) return this.openNewest
    return Math.max(this.openNewest, this.openTimestamp)
  }

  /** The open frame is complete as it is. */
  cut(): void {
    if (this.openCount > 0) this.closeFrame(this.writer.position)
  }

  /** The oldest complete frame. Valid until the batch changes. */
  peek(): FrameContent {
    const frame = this.frames[this.oldest] as Frame
    frame.bytes = this.writer.bytes
    frame.longs = this.writer.longs
    return frame
  }

  /** Takes the oldest complete frame out. */
  shift(): void {
    this.oldest++
    if (this.oldest < this.complete) return
    if (this.openCount === 0) this.clear()
    else this.moveOpenFrameDown()
  }

  /** Takes everything out. */
  clear(): void {
    if (this.writer.bytes.length > RETAINED_BYTES_MAX) this.writer = new ByteWriter()
    this.writer.truncate(0)
    this.oldest = 0
    this.complete = 0
    this.openFrom = 0
    this.openCount = 0
    this.ownTimestamps = 0
  }

  /** Keeps the memory from growing while the batch never becomes empty. */
  private moveOpenFrameDown(): void {
    const { writer, openFrom } = this
    writer.bytes.copyWithin(0, openFrom, writer.position)
    writer.truncate(writer.position - openFrom)
    this.oldest = 0
    this.complete = 0
    this.openFrom = 0
  }
}

class Frame implements FrameContent {
  bytes: Buffer = NO_BYTES
  longs: BigInt64Array = NO_LONGS
  from = 0
  to = 0
  count = 0
  timestamp = 0
  newestTimestamp = 0
}

const NO_BYTES = Buffer.alloc(0)
const NO_LONGS = new BigInt64Array(0)

/** Below this length a loop is faster than a call of V8's copy. */
const SHORT_KEY = 64

function appendKey(writer: ByteWriter, key: Uint8Array, keyBytes: number): void {
  writer.ensure(keyBytes)
  const { bytes, position } = writer
  if (keyBytes <= SHORT_KEY) {
    for (let at = 0; at < keyBytes; at++) bytes[position + at] = key[at] as number
  } else {
    bytes.set(key.length === keyBytes ? key : key.subarray(0, keyBytes), position)
  }
  writer.position = position + keyBytes
}

function appendHeaders(writer: ByteWriter, headers: Headers): number {
  const start = writer.position
  writer.ensure(4)
  writer.position += 4
  if (!writeHeaders(headers, writer)) {
    writer.truncate(start)
    return 0
  }
  writer.bytes.writeInt32LE(writer.position - start - 4, start)
  return layout.RECORD_HAS_HEADERS
}

function overrun(topic: Topic): MillraceError {
  const message = `codec '${topic.codec.name}' wrote beyond its memory: it must call ensure before`
  return new MillraceError('INVALID_VALUE', message, { topic: topic.name, codec: topic.codec.name })
}

function tooLarge(topic: Topic, sizeBytes: number): MillraceError {
  const limitBytes = topic.messageBytesMax
  return new MillraceError(
    'MESSAGE_TOO_LARGE',
    `a message of topic ${topic.name} has at most ${limitBytes} bytes of value, key and headers, ` +
      `but this one has ${sizeBytes}`,
    { topic: topic.name, sizeBytes, limitBytes },
  )
}
