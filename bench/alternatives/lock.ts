import type { FrameContent } from '../../core/log/appender.js'
import * as layout from '../../core/log/layout.js'
import type { PartitionLog } from '../../core/log/partition-log.js'
import { Opening, openSegment } from '../../core/log/recycler.js'
import type { ThreadTable } from '../../core/thread-table.js'
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

const LOCK_WORD = 0
const FREE = 0
const HELD = 1
/** Held, and somebody may be asleep. */
const CONTENDED = 2
const SPIN_TURNS = 100

/** Behind the lock, in the same cache line: whoever gets the one gets the other. */
const POSITION_WORD = 2
const OFFSET_DOUBLE = 2

/**
 * A lock for each partition, as a broker has it. The end of the log is two plain words behind it.
 *
 * The lock is the second mutex of Ulrich Drepper, "Futexes Are Tricky" (2011), after some turns of
 * spinning.
 */
class LockingProducer implements Producer {
  readonly createFrame = createFrame
  private readonly log: PartitionLog
  private readonly threads: ThreadTable
  private readonly slot: number
  private readonly words: Int32Array
  private readonly doubles: Float64Array

  constructor({ log, threads, coordination }: Shared) {
    this.log = log
    this.threads = threads
    this.slot = threads.takeSlot()
    this.words = new Int32Array(coordination)
    this.doubles = new Float64Array(coordination)
  }

  append(content: FrameContent): boolean {
    const granules = granulesOf(this.log, content)
    lock(this.words)
    const appended = this.appendLocked(content, granules)
    unlock(this.words)
    if (appended) wakeAll(this.log, this.threads)
    return appended
  }

  private appendLocked(content: FrameContent, granules: number): boolean {
    const { log, words, doubles } = this
    let position = words[POSITION_WORD] as number
    const offset = doubles[OFFSET_DOUBLE] as number
    if (!this.isOpen(position, offset)) return false
    const room = roomAt(log, position)
    if (granules > room) {
      Atomics.store(log.words, log.tagWord(position), layout.padTag(room))
      position = (position + room) | 0
      words[POSITION_WORD] = position
      if (!this.isOpen(position, offset)) return false
    }
    writeFrame(log, position, offset, content)
    const tag = layout.publishedTag(granules, content.count)
    Atomics.store(log.words, log.tagWord(position), tag)
    words[POSITION_WORD] = (position + granules) | 0
    doubles[OFFSET_DOUBLE] = offset + content.count
    return true
  }

  private isOpen(position: number, offset: number): boolean {
    const { log } = this
    if (!log.isSegmentStart(position) || log.isOpen(position)) return true
    return openSegment(log, this.slot, position, offset) === Opening.OPEN
  }
}

function lock(words: Int32Array): void {
  for (let turn = 0; turn < SPIN_TURNS; turn++) {
    if (Atomics.compareExchange(words, LOCK_WORD, FREE, HELD) === FREE) return
  }
  while (Atomics.exchange(words, LOCK_WORD, CONTENDED) !== FREE) {
    Atomics.wait(words, LOCK_WORD, CONTENDED)
  }
}

function unlock(words: Int32Array): void {
  if (Atomics.exchange(words, LOCK_WORD, FREE) === CONTENDED) Atomics.notify(words, LOCK_WORD, 1)
}

export const alternative: Alternative = {
  createLog,
  offsetsArePositions: false,
  join: (shared) => new LockingProducer(shared),
}

export const measure = measureAlternative(import.meta.url, alternative)
