import * as memory from '#memory'
import * as layout from './layout.js'
import { highHalf, lowHalf, type PartitionLog, pack } from './partition-log.js'

/** A frame boundary: a position and the offset of the record that begins there. */
export interface Place {
  readonly position: number
  readonly offset: number
}

/** The tail, and the newest segment, which it is known from. */
export interface Tail extends Place {
  /**
   * Beginning of the segment of the position; of the one before if the position is at the start of
   * an unopened one.
   */
  readonly newest: Place
  /** Which use of that segment it is. */
  readonly use: number
}

/** The tail: a frame boundary in the newest open segment, at or shortly before the chain's end. */
export function readTail(log: PartitionLog): Tail {
  let turn = 0
  for (;;) {
    const tail = memory.loadLong(log.longs, layout.TAIL_LONG)
    const position = highHalf(tail)
    // At the very start of a segment that nobody opened yet, the one before knows the offset.
    const known = log.isOpen(position) ? position : (position - 1) | 0
    const segment = log.segmentOf(known)
    const base = log.segmentOffset(segment)
    const use = log.segmentUse(segment)
    // Open before and after: the base belongs to this lap. Else the tail has moved on meanwhile.
    if (log.isOpen(known)) {
      const newest = { position: log.segmentStart(known), offset: base }
      return { position, offset: base + ((lowHalf(tail) - base) >>> 0), newest, use }
    }
    memory.pause(turn++)
  }
}

/**
 * Moves the tail forward to a frame boundary, unless it is there or further. The caller holds a
 * claim or the lease, so that the log cannot run on far enough for positions to be ambiguous.
 */
export function advanceTail(log: PartitionLog, position: number, offset: number): void {
  const target = pack(position, offset | 0)
  let seen = memory.loadLong(log.longs, layout.TAIL_LONG)
  while (((position - highHalf(seen)) | 0) > 0) {
    const found = memory.compareExchangeLong(log.longs, layout.TAIL_LONG, seen, target)
    if (found === seen) return
    seen = found
  }
}
