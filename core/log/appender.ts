import * as memory from '#memory'
import { MillraceError } from '../errors.js'
import type { ThreadTable } from '../thread-table.js'
import { announceGap } from './gaps.js'
import * as layout from './layout.js'
import type { PartitionLog } from './partition-log.js'
import { Opening, openSegment, wakeProducers } from './recycler.js'
import { advanceTail, readTail } from './tail.js'
import { wakeSleepers } from './wait-set.js'

/** Encoded records, ready to become one frame. */
export interface FrameContent {
  /** Private memory with the records, as two views. */
  readonly bytes: Buffer
  readonly longs: BigInt64Array
  readonly from: number
  readonly to: number
  /** Records, 1 to 255. */
  readonly count: number
  /** Milliseconds since 1970 of the records without a timestamp of their own. */
  readonly timestamp: number
  /** The newest timestamp of all. */
  readonly newestTimestamp: number
}

/**
 * Appends frames to a partition log. Each thread that produces has one for each log.
 *
 * ```
 *   claim    compare-exchange of the tag at the end of the chain: FREE -> CLAIMED
 *   fill     plain writes of header and records into the claimed granules
 *   publish  compare-exchange CLAIMED -> PUBLISHED, then wake who sleeps
 * ```
 *
 * The claim is the linearization point: owner, length and number of records become visible in one
 * instant, so a thread may die after any instruction and the chain still leads on.
 *
 * The appender remembers the end of the chain as it last saw it and follows the tags from there.
 * A thread that is alone thus needs no shared position: one compare-exchange claims and one
 * publishes. (Agrona, Aeron and the Disruptor pass every claim through one shared counter.)
 */
export class Appender {
  private readonly log: PartitionLog
  private readonly threads: ThreadTable
  private readonly slot: number
  /** End of the chain as far as this thread followed it, and the offset there. */
  private position = 0
  private offset = 0
  /** The segment that this thread entered last, and which use of it that was. */
  private segment = 0
  private use = 0
  private framesSinceTail = 0
  /** The frame claimed last. */
  private claimed = 0
  private claimedTag = 0
  /** Offset of the first record of the frame claimed last. */
  claimedOffset = 0

  /** @param slot the calling thread's slot in `threads`: it alone may use this appender */
  constructor(log: PartitionLog, threads: ThreadTable, slot: number) {
    this.log = log
    this.threads = threads
    this.slot = slot
    this.restart()
  }

  /** Position of the frame claimed last. */
  get claimedPosition(): number {
    return this.claimed
  }

  /**
   * Appends one frame, whole or not at all.
   *
   * @returns false when the log is full: nothing was written
   * @throws MillraceError `ENGINE_CLOSED` if this thread is held for dead: nothing was written
   */
  append(content: FrameContent): boolean {
    if (!this.claim(content)) return false
    this.fill(content)
    if (this.publish()) return true
    throw new MillraceError('ENGINE_CLOSED', 'this thread was declared dead')
  }

  /**
   * Claims room for a frame at the end of the chain. It must be filled and published next; no code
   * of a user may run in between.
   *
   * Whatever was read on the way is validated by the compare-exchange: the tag holds FREE of the
   * position's lap only at the end of the chain, and segments do not go back to an older lap, so
   * the chain that led here was that lap's.
   *
   * @returns false when the log is full
   * @throws RangeError for a frame that fits no segment, or a count that fits no tag: batches and dead
   *   letters are cut so that there is none
   */
  claim(content: FrameContent): boolean {
    const { log } = this
    const frameBytes = layout.FRAME_HEADER_BYTES + content.to - content.from
    // Padded from segment to segment, it would take the log with it.
    if (frameBytes > log.frameBytesMax || content.count > layout.FRAME_RECORDS_MAX) {
      throw new RangeError(
        `a frame has at most ${log.frameBytesMax} bytes and ${layout.FRAME_RECORDS_MAX} records, ` +
          `but this one has ${frameBytes} and ${content.count}`,
      )
    }
    const granules = layout.granulesFor(frameBytes)
    const wanted = layout.claimedTag(this.slot, granules, content.count)
    this.refresh()
    for (;;) {
      if (log.isSegmentStart(this.position) && !this.enterSegment()) return false
      const room = log.segmentGranules - (this.position & log.segmentMask)
      const fits = granules <= room
      const free = layout.freeTag(log.lapOf(this.position))
      const replacement = fits ? wanted : layout.padTag(room)
      const found = memory.compareExchange(log.words, log.tagWord(this.position), free, replacement)
      if (found === free) {
        if (fits) return this.claimSucceeded(granules, content.count, wanted)
        this.follow(replacement)
      } else if (layout.isFree(found)) {
        this.restart()
      } else {
        this.follow(found)
      }
    }
  }

  private claimSucceeded(granules: number, count: number, tag: number): true {
    this.claimed = this.position
    this.claimedOffset = this.offset
    this.claimedTag = tag
    this.position = (this.position + granules) | 0
    this.offset += count
    // Before the publish: while this thread's claim stands the log cannot run a lap ahead of it.
    if (++this.framesSinceTail >= layout.TAIL_LAG_FRAMES) this.moveTail()
    return true
  }

  /** Writes the claimed frame. */
  fill(content: FrameContent): void {
    const { log } = this
    const sizeBytes = layout.FRAME_HEADER_BYTES + content.to - content.from
    const start = log.dataByte(this.claimed)
    const word = start / layout.WORD_BYTES
    const long = start / 8
    const { words, doubles } = log
    memory.write(words, word + layout.FRAME_SIZE / 4, sizeBytes)
    memory.write(words, word + layout.FRAME_OFFSET_LOW / 4, this.claimedOffset | 0)
    memory.writeDouble(doubles, long + layout.FRAME_TIMESTAMP / 8, content.timestamp)
    memory.writeDouble(doubles, long + layout.FRAME_NEWEST_TIMESTAMP / 8, content.newestTimestamp)
    const high = Math.floor(this.claimedOffset / 2 ** 32)
    memory.write(words, word + layout.FRAME_OFFSET_HIGH / 4, high)
    memory.write(words, word + layout.FRAME_FLAGS / 4, 0)
    memory.write(words, word + layout.FRAME_PRODUCER_ID / 4, 0)
    memory.write(words, word + layout.FRAME_PRODUCER_SEQUENCE / 4, 0)
    const records = start + layout.FRAME_HEADER_BYTES
    memory.copy(log, records, content, content.from, content.to)
  }

  /**
   * Makes the claimed frame readable and wakes who waits for it. Pairs with the load of the tag in
   * `Reader.next`: the records are read only after it.
   *
   * @returns false if the frame was aborted, which happens to a thread that is held for dead
   */
  publish(): boolean {
    const { log, claimedTag } = this
    const { words } = log
    const published = layout.publishedTag(layout.granulesOf(claimedTag), layout.countOf(claimedTag))
    const word = log.tagWord(this.claimed)
    if (memory.compareExchange(words, word, claimedTag, published) !== claimedTag) return false
    this.wakeSleepers()
    return true
  }

  private wakeSleepers(): void {
    wakeSleepers(this.log.words, layout.DATA_WAITERS_WORD, this.threads)
    // A producer may have found the log full because this frame was unfinished.
    wakeProducers(this.log, this.threads)
  }

  /** Gives the claimed frame up instead: its offsets become a gap. */
  withdraw(): void {
    const { log, claimedTag } = this
    const aborted = layout.abortedTag(layout.granulesOf(claimedTag), layout.countOf(claimedTag))
    announceGap(log, this.claimedOffset + layout.countOf(claimedTag))
    memory.compareExchange(log.words, log.tagWord(this.claimed), claimedTag, aborted)
    this.wakeSleepers()
  }

  /** Offset behind the last record of the log, as far as frames are claimed. */
  endOffset(): number {
    const { log } = this
    this.refresh()
    for (;;) {
      if (log.isSegmentStart(this.position)) {
        if (!log.isOpen(this.position)) {
          if (this.isCurrent()) return this.offset
          this.restart()
          continue
        }
        this.enter(log.segmentOf(this.position))
      }
      const tag = memory.load(log.words, log.tagWord(this.position))
      if (tag === layout.freeTag(log.lapOf(this.position))) return this.offset
      if (layout.isFree(tag)) this.restart()
      else this.follow(tag)
    }
  }

  /** At the start of a segment that is not open: whether the one before it is the newest. */
  private isCurrent(): boolean {
    return this.log.isOpen((this.position - this.log.segmentGranules) | 0)
  }

  private follow(tag: number): void {
    this.position = (this.position + layout.granulesOf(tag)) | 0
    this.offset += layout.countOf(tag)
    this.framesSinceTail++
  }

  /** At the start of a segment: makes sure that it is open. Returns false when the log is full. */
  private enterSegment(): boolean {
    const { log } = this
    let turn = 0
    for (;;) {
      if (log.isOpen(this.position)) {
        this.enter(log.segmentOf(this.position))
        return true
      }
      const opening = openSegment(log, this.slot, this.position, this.offset)
      if (opening === Opening.FULL) return false
      // For all who sleep: from here on, `wakeProducers` looks at the segment behind this one.
      if (opening === Opening.OPEN) {
        wakeSleepers(log.words, layout.SPACE_WAITERS_WORD, this.threads)
      }
      if (opening === Opening.BUSY) memory.pause(turn++)
      if (opening === Opening.STALE) {
        this.restart()
        if (!log.isSegmentStart(this.position)) return true
      }
    }
  }

  /** Goes on from the tail: this thread begins, or is so far behind that its segment is reused. */
  private restart(): void {
    const tail = readTail(this.log)
    this.segment = this.log.segmentOf(tail.newest.position)
    this.use = tail.use
    this.position = tail.position
    this.offset = tail.offset
    this.framesSinceTail = 0
  }

  /** At the start of a segment that is open. */
  private enter(segment: number): void {
    this.offset = this.log.segmentOffset(segment)
    this.segment = segment
    this.use = this.log.segmentUse(segment)
  }

  /**
   * What this thread remembers may be so old that all 2^32 positions went by (256 GiB): the tags of
   * that lap look like those of this one.
   */
  private refresh(): void {
    if (this.log.segmentUse(this.segment) !== this.use) this.restart()
  }

  private moveTail(): void {
    advanceTail(this.log, this.position, this.offset)
    this.framesSinceTail = 0
  }
}
