import type { FrameContent } from '../../core/log/appender.js'
import * as layout from '../../core/log/layout.js'
import type { PartitionLog } from '../../core/log/partition-log.js'
import { Opening, openSegment } from '../../core/log/recycler.js'
import { readTail } from '../../core/log/tail.js'
import type { ThreadTable } from '../../core/thread-table.js'
import { relax } from '../lib/lane.js'
import {
  type Alternative,
  createFrame,
  createLog,
  granulesOf,
  type Producer,
  roomAt,
  type Shared,
  wakeAll,
  writeFrame,
} from './alternative.js'
import { measureAlternative } from './alternative-row.js'

/** One thread at a time opens a segment and fills its claims. The log would do both in one step. */
const LEASE_WORD = 0
/** For each segment, behind the lease: the lap that its claims belong to. */
const LAPS_WORD = 32
const CLAIMS_WORD = 256

/**
 * Claim and publish in two words instead of one: claims are words that no reader looks at, so a
 * reader that waits for the next frame does not take the cache line from the producer between claim
 * and publish. The claim is one compare-exchange as before, with owner, length and count.
 *
 * ```
 *   claims   FREE lap -> CLAIMED granules, count, owner    followed by those who append
 *   tags     FREE lap -> PUBLISHED or ABORTED              polled by those who read
 * ```
 *
 * Both publish and the repair's abort replace the tag FREE of the lap, so one of the two wins.
 */
class SplittingProducer implements Producer {
  readonly createFrame = createFrame
  private readonly log: PartitionLog
  private readonly threads: ThreadTable
  private readonly slot: number
  private readonly words: Int32Array
  private position = 0
  private offset = 0

  constructor({ log, threads, coordination }: Shared) {
    this.log = log
    this.threads = threads
    this.slot = threads.takeSlot()
    this.words = new Int32Array(coordination)
  }

  append(content: FrameContent): boolean {
    const { log, words } = this
    const granules = granulesOf(log, content)
    const wanted = layout.claimedTag(this.slot, granules, content.count)
    for (;;) {
      if (log.isSegmentStart(this.position) && !this.enterSegment()) return false
      const room = roomAt(log, this.position)
      const fits = granules <= room
      const free = layout.freeTag(log.lapOf(this.position))
      const claim = fits ? wanted : layout.padTag(room)
      const word = this.claimWord(this.position)
      const found = Atomics.compareExchange(words, word, free, claim)
      if (found === free) {
        if (fits) return this.write(content, granules, free)
        Atomics.store(log.words, log.tagWord(this.position), claim)
        this.follow(claim)
      } else if (layout.isFree(found)) {
        this.restart()
      } else {
        this.follow(found)
      }
    }
  }

  private write(content: FrameContent, granules: number, free: number): true {
    const { log, position } = this
    writeFrame(log, position, this.offset, content)
    const tag = layout.publishedTag(granules, content.count)
    if (Atomics.compareExchange(log.words, log.tagWord(position), free, tag) !== free) {
      throw new Error('the frame was aborted')
    }
    this.position = (position + granules) | 0
    this.offset += content.count
    wakeAll(log, this.threads)
    return true
  }

  private claimWord(position: number): number {
    return CLAIMS_WORD + this.log.tagWord(position) - this.log.tagWord(0)
  }

  private lapWord(position: number): number {
    return LAPS_WORD + this.log.segmentOf(position)
  }

  private follow(claim: number): void {
    this.position = (this.position + layout.granulesOf(claim)) | 0
    this.offset += layout.countOf(claim)
  }

  private restart(): void {
    const { position, offset } = readTail(this.log)
    this.position = position
    this.offset = offset
  }

  /** At the start of a segment. @returns false when the log is full */
  private enterSegment(): boolean {
    const { log, words } = this
    for (let turn = 0; ; turn++) {
      const lap = log.lapOf(this.position)
      const found = Atomics.load(words, this.lapWord(this.position)) - 1
      if (found === lap) return true
      if (found > lap) {
        this.restart()
        if (!log.isSegmentStart(this.position)) return true
      } else if (Atomics.compareExchange(words, LEASE_WORD, 0, this.slot) === 0) {
        const opening = this.open(lap)
        Atomics.store(words, LEASE_WORD, 0)
        if (opening === Opening.FULL) return false
        if (opening === Opening.STALE) this.restart()
      }
      relax(turn)
    }
  }

  private open(lap: number): Opening {
    const { log, words, position } = this
    if (Atomics.load(words, this.lapWord(position)) - 1 === lap) return Opening.OPEN
    if (!log.isOpen(position)) {
      const opening = openSegment(log, this.slot, position, this.offset)
      if (opening !== Opening.OPEN) return opening
    }
    const first = this.claimWord(position)
    words.fill(layout.freeTag(lap), first, first + log.segmentGranules)
    Atomics.store(words, this.lapWord(position), lap + 1)
    return Opening.OPEN
  }
}

export const alternative: Alternative = {
  createLog,
  offsetsArePositions: false,
  join: (shared) => new SplittingProducer(shared),
}

export const measure = measureAlternative(import.meta.url, alternative)
