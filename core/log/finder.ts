import * as memory from '#memory'
import { raiseTo, type ThreadTable } from '../thread-table.js'
import * as layout from './layout.js'
import type { PartitionLog } from './partition-log.js'
import { Reader } from './reader.js'
import { isThere, wakeProducers } from './recycler.js'
import { type Place, readTail } from './tail.js'

/*
 * Finding a place in the log without an index: the segments' offsets first, then the chain of tags
 * inside one segment. What is found must not be recycled while the caller looks at it, so each of
 * these leaves the place pinned; the caller unpins once a gate holds it, or when it has read.
 *
 * A thread has one pin in each log.
 */

/**
 * Pins a segment. The store of the pin pairs with the recycler's load after its seal: either it
 * sees the pin, or this thread sees the seal.
 *
 * @returns false if the segment is no longer open
 */
export function pin(log: PartitionLog, threads: ThreadTable, slot: number, start: number): boolean {
  raiseTo(log.words, layout.PINS_USED_WORD, slot)
  memory.store(log.words, layout.PINS_WORD + slot, log.segmentOf(start) + 1)
  if (log.isOpen(start)) return true
  unpin(log, threads, slot)
  return false
}

/** Takes the thread's pin back, and wakes producers that may have found the log full because of it. */
export function unpin(log: PartitionLog, threads: ThreadTable, slot: number): void {
  memory.store(log.words, layout.PINS_WORD + slot, 0)
  wakeProducers(log, threads)
}

/** Pins the oldest segment that is still whole. @returns its beginning */
export function pinOldest(log: PartitionLog, threads: ThreadTable, slot: number): Place {
  let turn = 0
  for (;;) {
    const start = oldestSegment(log)
    if (pin(log, threads, slot, start)) {
      return { position: start, offset: log.segmentOffset(log.segmentOf(start)) }
    }
    memory.pause(turn++)
  }
}

/**
 * Pins the segment of an offset. Waits for a recycler that has sealed it: the seal is taken back if
 * somebody needs what lies there, so it does not say yet that the offset is gone.
 *
 * @returns the frame that holds it, or the end of the log if that is the offset; undefined, with
 *   nothing pinned, if the offset lies before the oldest record or behind the end
 */
export function pinOffset(
  log: PartitionLog,
  threads: ThreadTable,
  slot: number,
  offset: number,
): Place | undefined {
  let turn = 0
  for (;;) {
    const found = tryPinOffset(log, threads, slot, offset)
    if (found !== 'sealed') return found
    memory.pause(turn++)
  }
}

/**
 * The same without waiting, for the supervisor: the recycler may be dead until that buries it.
 *
 * @returns also `'sealed'`, with nothing pinned
 */
export function tryPinOffset(
  log: PartitionLog,
  threads: ThreadTable,
  slot: number,
  offset: number,
): Place | 'sealed' | undefined {
  const start = segmentHolding(log, offset)
  if (start === undefined) return undefined
  if (!pin(log, threads, slot, start)) return 'sealed'
  const place = frameHolding(log, start, offset)
  if (place === undefined) unpin(log, threads, slot)
  return place
}

/**
 * The first offset whose record has this timestamp or a newer one; the end of the log if none has.
 * A frame that is still being written counts as new enough.
 *
 * @param timestamp milliseconds since 1970
 */
export function findTimestamp(
  log: PartitionLog,
  threads: ThreadTable,
  slot: number,
  timestamp: number,
): number {
  let { position, offset } = pinOldest(log, threads, slot)
  const reader = new Reader(log, position, offset)
  for (;;) {
    const found = firstNotOlder(reader, timestamp)
    unpin(log, threads, slot)
    if (found) return reader.offset
    position = reader.position
    if (!pin(log, threads, slot, position)) {
      if (log.isOpen((position - 1) | 0)) return reader.offset
      ;({ position, offset } = pinOldest(log, threads, slot))
      reader.moveTo(position, offset)
    }
  }
}

/** Reads on within one segment. Leaves the reader's offset at the record, or behind the segment. */
function firstNotOlder(reader: Reader, timestamp: number): boolean {
  do {
    if (!reader.next()) return true
    if (reader.newestTimestamp < timestamp) {
      reader.skipFrame()
      continue
    }
    while (reader.nextRecord()) {
      if (reader.timestamp < timestamp) continue
      reader.offset = reader.recordOffset
      return true
    }
  } while (!reader.log.isSegmentStart(reader.position))
  return false
}

/**
 * The frame of an offset that a gate holds. It needs no pin, and does not mind a seal: a recycler
 * that has sealed the segment is about to find the gate.
 */
export function heldPlace(log: PartitionLog, offset: number): Place {
  let start = readTail(log).newest.position
  for (let index = 0; index < log.segmentCount; index++) {
    if (log.segmentOffset(log.segmentOf(start)) <= offset) {
      const place = frameHolding(log, start, offset)
      if (place !== undefined) return place
      break
    }
    start = (start - log.segmentGranules) | 0
  }
  throw new RangeError(`no gate can hold offset ${offset}: it is not in the log`)
}

/** Puts a reader on an offset within the frame that holds it. The caller holds the frame. */
export function placeReader(reader: Reader, place: Place, offset: number): void {
  reader.moveTo(place.position, place.offset, offset)
}

/**
 * The frame that holds an offset, within the segment that begins at `start`.
 *
 * @returns undefined if the offset lies behind the end of the log
 */
export function frameHolding(log: PartitionLog, start: number, offset: number): Place | undefined {
  let position = start
  let reached = log.segmentOffset(log.segmentOf(start))
  const end = (start + log.segmentGranules) | 0
  while (position !== end) {
    const tag = memory.load(log.words, log.tagWord(position))
    if (layout.isFree(tag)) break
    if (reached + layout.countOf(tag) > offset) return { position, offset: reached }
    position = (position + layout.granulesOf(tag)) | 0
    reached += layout.countOf(tag)
  }
  const isBehindEnd = reached < offset
  return isBehindEnd ? undefined : { position, offset: reached }
}

/**
 * The newest segment that begins at or before an offset: open, or sealed and whole. Only a hint
 * until it is pinned.
 *
 * Who sleeps for a lap finds the segment gone that was the newest. That says nothing about the
 * offset at its end, which the next one has. So the newest is taken with the offset that it had
 * while it was open. An older one may be gone: then so is all that lies before the one behind it.
 */
export function segmentHolding(log: PartitionLog, offset: number): number | undefined {
  const { newest } = readTail(log)
  if (newest.offset <= offset) return newest.position
  let start = newest.position
  for (let index = 1; index < log.segmentCount; index++) {
    start = (start - log.segmentGranules) | 0
    if (!isThere(log, start)) return undefined
    if (log.segmentOffset(log.segmentOf(start)) <= offset) return start
  }
  return undefined
}

function oldestSegment(log: PartitionLog): number {
  let start = readTail(log).newest.position
  for (let index = 1; index < log.segmentCount; index++) {
    const before = (start - log.segmentGranules) | 0
    if (!log.isOpen(before)) return start
    start = before
  }
  return start
}
