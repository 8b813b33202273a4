import * as memory from '#memory'
import * as layout from './layout.js'
import type { PartitionLog } from './partition-log.js'

/**
 * Follows the chain of one partition log from frame to frame, and the records inside each frame.
 *
 * The caller has made sure that what it reads is not recycled: by a gate at or below the reader's
 * offset, or by a pin.
 *
 * A reader is one object that moves, so that reading allocates nothing:
 *
 * @example
 * while (reader.next()) {
 *   while (reader.nextRecord()) handle(log.bytes, reader.valueFrom, reader.valueTo)
 * }
 */
export class Reader {
  readonly log: PartitionLog
  /** Where the next frame begins. */
  position: number
  /** Offset of the next record: behind the last one read, and behind any gap that follows it. */
  offset: number

  /** The record that `nextRecord` moved to: its bytes lie in `log.bytes`, live. */
  recordOffset = 0
  valueFrom = 0
  valueTo = 0
  keyFrom = 0
  keyTo = 0
  flags = 0
  headersFrom = 0

  /** Position of the frame that `next` moved to. */
  framePosition = 0
  /** Records left in it. */
  remaining = 0
  private from = 0
  private frameLong = 0
  private record = 0
  private currentRecord = 0

  constructor(log: PartitionLog, position: number, offset: number) {
    this.log = log
    this.position = position
    this.offset = offset
  }

  /** Starts again at the beginning of a frame; records before `from`, if any, are passed over. */
  moveTo(position: number, offset: number, from = offset): void {
    this.position = position
    this.offset = offset
    this.from = from
    this.remaining = 0
  }

  /**
   * Moves to the next published frame, over pads and aborted frames.
   *
   * The load of the tag pairs with the compare-exchange of `Appender.publish`.
   *
   * @returns false if there is none yet
   */
  next(): boolean {
    const { log } = this
    for (;;) {
      // Until the segment is opened, its tags are those of the lap before.
      if (log.isSegmentStart(this.position) && !this.isReadable()) return false
      const tag = memory.load(log.words, log.tagWord(this.position))
      if (!layout.isSettled(tag)) return false
      const start = this.position
      this.position = (start + layout.granulesOf(tag)) | 0
      if (layout.isPublished(tag)) {
        this.enterFrame(start, layout.countOf(tag))
        return true
      }
      this.offset += layout.countOf(tag)
    }
  }

  /** Whether `next` would find a frame to move to, or over. */
  hasNext(): boolean {
    const { log } = this
    if (log.isSegmentStart(this.position) && !this.isReadable()) return false
    return layout.isSettled(memory.load(log.words, log.tagWord(this.position)))
  }

  /**
   * At the start of a segment. It may be sealed under a reader whose gate still holds it, by a
   * recycler that is about to find that out.
   */
  private isReadable(): boolean {
    const { log } = this
    const word = layout.segmentStateWord(log.segmentOf(this.position))
    return memory.load(log.words, word) >>> 1 === log.lapOf(this.position)
  }

  private enterFrame(position: number, count: number): void {
    const { log } = this
    const start = log.dataByte(position)
    this.framePosition = position
    this.frameLong = start / 8
    this.remaining = count
    this.record = start + layout.FRAME_HEADER_BYTES
    const sizeBytes = memory.read(log.words, start / 4)
    memory.observe(log.bytes, start, start + sizeBytes)
    while (this.offset < this.from && this.nextRecord());
  }

  /** Moves to the next record of the frame. @returns false behind the last one */
  nextRecord(): boolean {
    if (this.remaining === 0) return false
    const { words } = this.log
    const { record } = this
    const valueBytes = words[record >>> 2] as number
    const keyWord = words[(record >>> 2) + 1] as number
    const flags = layout.recordFlags(keyWord)
    const value =
      record + layout.RECORD_HEADER_BYTES + (flags & layout.RECORD_HAS_TIMESTAMP ? 8 : 0)
    const key = value + valueBytes
    const end = key + layout.recordKeyBytes(keyWord)
    this.currentRecord = record
    this.flags = flags
    this.valueFrom = value
    this.valueTo = key
    this.keyFrom = key
    this.keyTo = end
    this.headersFrom = end
    this.record = layout.aligned(flags & layout.RECORD_HAS_HEADERS ? this.headersTo : end)
    this.recordOffset = this.offset++
    this.remaining--
    return true
  }

  /** Steps back, so that `nextRecord` moves to the same record again. */
  stepBack(): void {
    this.record = this.currentRecord
    this.offset = this.recordOffset
    this.remaining++
  }

  /** Skips the rest of the frame. */
  skipFrame(): void {
    this.offset += this.remaining
    this.remaining = 0
  }

  get hasKey(): boolean {
    return (this.flags & layout.RECORD_NO_KEY) === 0
  }

  get hasValue(): boolean {
    return (this.flags & layout.RECORD_NO_VALUE) === 0
  }

  get hasHeaders(): boolean {
    return (this.flags & layout.RECORD_HAS_HEADERS) !== 0
  }

  /** End of the record's headers, which begin at `headersFrom` with their size in bytes. */
  get headersTo(): number {
    return this.headersFrom + 4 + this.log.bytes.readInt32LE(this.headersFrom)
  }

  /** Milliseconds since 1970: the record's own timestamp, or its frame's. */
  get timestamp(): number {
    const { doubles } = this.log
    const own = (this.flags & layout.RECORD_HAS_TIMESTAMP) !== 0
    const index = own ? (this.valueFrom - 8) / 8 : this.frameLong + layout.FRAME_TIMESTAMP / 8
    return doubles[index] as number
  }

  /** Newest timestamp in the frame. */
  get newestTimestamp(): number {
    return this.log.doubles[this.frameLong + layout.FRAME_NEWEST_TIMESTAMP / 8] as number
  }
}
