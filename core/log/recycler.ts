import * as memory from '#memory'
import type { ThreadTable } from '../thread-table.js'
import * as layout from './layout.js'
import { lowHalf, type PartitionLog } from './partition-log.js'
import { advanceTail, readTail } from './tail.js'
import { hasSleepers, wakeSleepers } from './wait-set.js'

/** What came of the attempt to open a segment. */
export const Opening = {
  /** It is open. */
  OPEN: 0,
  /** A group, a reader or an unfinished frame still needs what lies in it: the log is full. */
  FULL: 1,
  /** Another thread holds the lease: pause and try again. */
  BUSY: 2,
  /** The caller's position is a lap or more behind: start from the tail. */
  STALE: 3,
} as const
export type Opening = (typeof Opening)[keyof typeof Opening]

/**
 * Opens the segment that begins at `position`, the end of the chain, by recycling what lies there
 * from the lap before.
 *
 * ```
 *   lease    one thread at a time; given up by the repair if it dies
 *   seal     from here on nobody can pin the old content ...
 *   check    ... so these answers stay true: no pin, no gate, no unfinished frame
 *   fill     all tags FREE of the new lap
 *   open     publishes the tags and the segment's offset
 * ```
 *
 * A recycler that dies before `fill` leaves the old content intact under a seal, one that dies
 * later leaves rubble under a seal. The next one tells them apart by the chain (`isWhole`): what is
 * whole and needed is opened again, all else is filled anew.
 *
 * Producers look at the groups' progress only here, once for each segment, so that holding records
 * for groups costs nothing for each message.
 */
export function openSegment(
  log: PartitionLog,
  slot: number,
  position: number,
  offset: number,
): Opening {
  const { words } = log
  const stateWord = layout.segmentStateWord(log.segmentOf(position))
  const oldPosition = (position - log.capacityGranules) | 0
  const oldOpen = layout.openState(log.lapOf(oldPosition))
  // Only spares a seal that would be taken back.
  const isOpen = memory.load(words, stateWord) === oldOpen
  if (isOpen && (!gatesAllow(log, oldPosition) || isHeld(log, oldPosition))) {
    return Opening.FULL
  }
  if (memory.compareExchange(words, layout.LEASE_WORD, 0, slot) !== 0) return Opening.BUSY
  const opening = openUnderLease(log, position, offset)
  memory.compareExchange(words, layout.LEASE_WORD, slot, 0)
  return opening
}

function openUnderLease(log: PartitionLog, position: number, offset: number): Opening {
  const { words } = log
  const segment = log.segmentOf(position)
  const stateWord = layout.segmentStateWord(segment)
  const state = memory.load(words, stateWord)
  if (state === layout.openState(log.lapOf(position))) return Opening.OPEN
  const oldPosition = (position - log.capacityGranules) | 0
  const oldOpen = layout.openState(log.lapOf(oldPosition))
  const oldSealed = layout.sealedState(log.lapOf(oldPosition))
  // The segment before is the newest one exactly if the caller's position and offset are true.
  const isNext = log.isOpen((position - log.segmentGranules) | 0)
  if (!isNext || (state !== oldOpen && state !== oldSealed)) return Opening.STALE

  advanceTail(log, position, offset)
  memory.store(words, stateWord, oldSealed)
  // In this order. A seek moves its gate back under a pin: when the pin is gone, the gate shows. An
  // owner holds its place and then makes sure of its epoch: when a later seek shows, so does the
  // hold.
  const pinned = isPinned(log, segment)
  const needed = !gatesAllow(log, oldPosition) || hasClaim(log, oldPosition)
  const held = isHeld(log, oldPosition)
  // A seal that was found may hide what was never used, or rubble: nobody can need that.
  const isIntact = state === oldOpen || isWhole(log, oldPosition)
  if (isIntact && (needed || pinned || held)) {
    memory.store(words, stateWord, oldOpen)
    return Opening.FULL
  }
  log.setSegmentOffset(segment, offset)
  memory.store(words, layout.segmentUseWord(segment), log.segmentUse(segment) + 1)
  const firstTag = log.tagWord(position)
  const free = layout.freeTag(log.lapOf(position))
  memory.fill(words, free, firstTag, firstTag + log.segmentGranules)
  memory.store(words, stateWord, layout.openState(log.lapOf(position)))
  return Opening.OPEN
}

/**
 * Wakes the producers that found the log full, if the groups let go of the segment that is reused
 * next. For whoever has just let something go that may have kept it: otherwise each commit would
 * wake all of them, and they would find the log as full as before. Pins and unfinished frames are
 * rare and short: they are not looked at, so that while one of them keeps the segment some wake in
 * vain.
 *
 * None is missed. A producer enlists and then looks once more, so one that is not seen here sees what
 * was let go. Of several that let go, the last one finds what the others did. And a segment that was
 * opened since the producer looked has its opener to wake it (`Appender.enterSegment`).
 */
export function wakeProducers(log: PartitionLog, threads: ThreadTable): void {
  if (!hasSleepers(log.words, layout.SPACE_WAITERS_WORD)) return
  const { newest } = readTail(log)
  const oldPosition = (newest.position + log.segmentGranules - log.capacityGranules) | 0
  if (!gatesAllow(log, oldPosition) || isHeld(log, oldPosition)) return
  wakeSleepers(log.words, layout.SPACE_WAITERS_WORD, threads)
}

function isPinned(log: PartitionLog, segment: number): boolean {
  const used = memory.load(log.words, layout.PINS_USED_WORD)
  for (let slot = 1; slot <= used; slot++) {
    if (memory.load(log.words, layout.PINS_WORD + slot) === segment + 1) return true
  }
  return false
}

/**
 * Whether every gate has passed the segment: has committed a record of the next one. To have
 * committed all records of this one is not enough: the reader may stand before the pad at its end,
 * where the tags of a new lap would mislead it; or it commits before it reads.
 */
function gatesAllow(log: PartitionLog, oldPosition: number): boolean {
  const { words } = log
  const end = endOf(log, oldPosition)
  const used = memory.load(words, layout.GATES_USED_WORD)
  for (let gate = 0; gate < used; gate++) {
    if (memory.load(words, layout.gateStateWord(gate)) === 0) continue
    const committed = lowHalf(memory.loadLong(log.longs, layout.gateCursorLong(gate)))
    if (((committed - end) | 0) <= 0) return false
  }
  return true
}

/** Whether the owner of a partition still reads in the segment, though a seek has let it go. */
function isHeld(log: PartitionLog, oldPosition: number): boolean {
  const { words } = log
  const end = endOf(log, oldPosition)
  const used = memory.load(words, layout.GATES_USED_WORD)
  for (let gate = 0; gate < used; gate++) {
    if (memory.load(words, layout.gateHolderWord(gate)) === 0) continue
    if (((memory.load(words, layout.gateHeldWord(gate)) - end) | 0) <= 0) return true
  }
  return false
}

/** Offset behind the segment's records, its lower half. */
function endOf(log: PartitionLog, oldPosition: number): number {
  const next = log.segmentOf((oldPosition + log.segmentGranules) | 0)
  return memory.load(log.words, layout.segmentOffsetLowWord(next))
}

/**
 * Whether a sealed segment is as it was when it was open: its chain leads from its own offset to
 * that of the next one. A recycler changes the offset before it touches a tag, and the tags of a
 * segment that was never used are free.
 */
function isWhole(log: PartitionLog, oldPosition: number): boolean {
  const { words } = log
  const end = (oldPosition + log.segmentGranules) | 0
  let position = oldPosition
  let offset = memory.load(words, layout.segmentOffsetLowWord(log.segmentOf(position)))
  while (position !== end) {
    const tag = memory.load(words, log.tagWord(position))
    if (layout.isFree(tag)) return false
    position = (position + layout.granulesOf(tag)) | 0
    offset += layout.countOf(tag)
  }
  return (offset | 0) === endOf(log, oldPosition)
}

/** Whether a segment is open, or sealed and whole, so that it may be opened again. */
export function isThere(log: PartitionLog, position: number): boolean {
  const lap = log.lapOf(position)
  const state = memory.load(log.words, layout.segmentStateWord(log.segmentOf(position)))
  if (state === layout.openState(lap)) return true
  return state === layout.sealedState(lap) && isWhole(log, position)
}

/**
 * For the repair of a dead recycler, whose lease still keeps others away: takes the seal off what it
 * has left whole. A group may have been sought back to it meanwhile, and others look for it only
 * where it is open.
 */
export function reopenWhole(log: PartitionLog): void {
  for (let segment = 0; segment < log.segmentCount; segment++) {
    const stateWord = layout.segmentStateWord(segment)
    const state = memory.load(log.words, stateWord)
    const lap = state >>> 1
    const position = (lap * log.capacityGranules + segment * log.segmentGranules) | 0
    if (state !== layout.sealedState(lap) || !isWhole(log, position)) continue
    memory.store(log.words, stateWord, layout.openState(lap))
  }
}

/** Whether a frame of the segment is unfinished. A FREE tag is rubble: then there is none. */
function hasClaim(log: PartitionLog, oldPosition: number): boolean {
  const end = (oldPosition + log.segmentGranules) | 0
  let position = oldPosition
  while (position !== end) {
    const tag = memory.load(log.words, log.tagWord(position))
    if (layout.isClaimed(tag)) return true
    if (layout.isFree(tag)) return false
    position = (position + layout.granulesOf(tag)) | 0
  }
  return false
}
