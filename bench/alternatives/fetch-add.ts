import type { FrameContent } from '../../core/log/appender.js'
import * as layout from '../../core/log/layout.js'
import { highHalf, lowHalf, type PartitionLog, pack } from '../../core/log/partition-log.js'
import { Opening, openSegment } from '../../core/log/recycler.js'
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

/** Takes `granules` and `count` from a shared counter; afterwards position and offset are set. */
export interface Counter {
  position: number
  offset: number
  claim(granules: number, count: number): void
  /** Offset where the segment begins that lies `granules` into the claim. */
  offsetAt(granules: number): number
}

/**
 * Claims by addition to a shared counter, as Aeron and the Disruptor do, and publishes by a store.
 *
 * A claim cannot be given back. So a frame that would cross the end of its segment is claimed as a
 * pad on both sides of it (as in Aeron), and a producer that finds the log full waits with its
 * claim in hand (as in the Disruptor): `append` never returns false.
 */
export class AddingProducer implements Producer {
  readonly createFrame = createFrame
  private readonly log: PartitionLog
  private readonly threads: ThreadTable
  private readonly slot: number
  private readonly counter: Counter

  constructor({ log, threads }: Shared, counter: Counter) {
    this.log = log
    this.threads = threads
    this.slot = threads.takeSlot()
    this.counter = counter
  }

  append(content: FrameContent): boolean {
    const { log, counter } = this
    const granules = granulesOf(log, content)
    for (;;) {
      counter.claim(granules, content.count)
      const { position, offset } = counter
      const room = roomAt(log, position)
      if (granules <= room) {
        this.awaitOpen(position, offset)
        writeFrame(log, position, offset, content)
        this.settle(position, layout.publishedTag(granules, content.count))
        return true
      }
      this.awaitOpen(position, offset)
      this.settle(position, layout.padTag(room))
      const next = (position + room) | 0
      this.awaitOpen(next, counter.offsetAt(room))
      this.settle(next, layout.abortedTag(granules - room, content.count))
    }
  }

  private settle(position: number, tag: number): void {
    const { log } = this
    Atomics.store(log.words, log.tagWord(position), tag)
    wakeAll(log, this.threads)
  }

  /** Whoever claimed the first granule of a segment opens it; the others wait for that. */
  private awaitOpen(position: number, offset: number): void {
    const { log } = this
    const opens = log.isSegmentStart(position)
    for (let turn = 0; !log.isOpen(position); turn++) {
      if (opens && openSegment(log, this.slot, position, offset) === Opening.OPEN) return
      relax(turn)
    }
  }
}

/**
 * Position and offset in one 64-bit counter, so that offsets stay dense. The halves are not
 * independent under addition: after 2^32 records the offset would carry into the position.
 */
class DenseCounter implements Counter {
  position = 0
  offset = 0
  private readonly longs: BigInt64Array

  constructor(coordination: SharedArrayBuffer) {
    this.longs = new BigInt64Array(coordination)
  }

  claim(granules: number, count: number): void {
    const before = Atomics.add(this.longs, 0, pack(granules, count))
    this.position = highHalf(before)
    this.offset = lowHalf(before) >>> 0
  }

  /** The records that the claim was for become a gap behind it. */
  offsetAt(): number {
    return this.offset
  }
}

export const alternative: Alternative = {
  createLog,
  offsetsArePositions: false,
  join: (shared) => new AddingProducer(shared, new DenseCounter(shared.coordination)),
}

export const measure = measureAlternative(import.meta.url, alternative)
