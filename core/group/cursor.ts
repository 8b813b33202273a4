import * as memory from '#memory'
import * as layout from '../log/layout.js'
import { highHalf, lowHalf, type PartitionLog, pack } from '../log/partition-log.js'
import { wakeProducers } from '../log/recycler.js'
import { readTail } from '../log/tail.js'
import { raiseTo, type ThreadTable } from '../thread-table.js'

/*
 * The progress of one group in one partition, in the partition's own memory: its gate.
 *
 *   holder    member that owns the partition, 0 if none: taken and given back by compare-exchange,
 *             so there is one owner at a time, whatever the coordinator wants meanwhile
 *   assigned  member that should own it
 *   cursor    { epoch, committed }: a new owner and a seek begin a new epoch, and a commit replaces
 *             the whole word, so that one of an older epoch cannot be applied
 *
 * Committed is the offset of the next record to handle. Records from there on are not recycled
 * while the gate is active.
 */

export interface Ownership {
  readonly epoch: number
  readonly committed: number
}

/** Makes a gate hold the log from `offset` on. The caller has pinned that offset's segment. */
export function activateGate(log: PartitionLog, gate: number, offset: number): void {
  // A new epoch, not the first one: a zombie of the group that had this gate before stays refused.
  beginEpoch(log, gate, offset)
  markDelivered(log, gate, offset)
  hold(log, gate, offset)
  setPaused(log, gate, false)
  memory.store(log.words, layout.gateFailedAttemptsWord(gate), 0)
  // In this order, so that an active gate is one that every recycler looks at.
  raiseTo(log.words, layout.GATES_USED_WORD, gate + 1)
  memory.store(log.words, layout.gateStateWord(gate), 1)
}

export function isActive(log: PartitionLog, gate: number): boolean {
  return memory.load(log.words, layout.gateStateWord(gate)) === 1
}

/** Lets the log go: the group does not need it any more. */
export function deactivateGate(log: PartitionLog, threads: ThreadTable, gate: number): void {
  memory.store(log.words, layout.gateStateWord(gate), 0)
  wakeProducers(log, threads)
}

/** Offset of the next record that the group has to handle. */
export function committedOffset(log: PartitionLog, gate: number): number {
  return widen(log, lowHalf(memory.loadLong(log.longs, layout.gateCursorLong(gate))))
}

export function currentEpoch(log: PartitionLog, gate: number): number {
  return highHalf(memory.loadLong(log.longs, layout.gateCursorLong(gate)))
}

/** What the cursor says now. */
export function ownership(log: PartitionLog, gate: number): Ownership {
  const found = memory.loadLong(log.longs, layout.gateCursorLong(gate))
  return { epoch: highHalf(found), committed: widen(log, lowHalf(found)) }
}

/**
 * Takes the partition for a member if nobody holds it, and begins an epoch. Any commit of an
 * earlier owner came before it or is refused.
 */
export function acquire(log: PartitionLog, gate: number, member: number): Ownership | undefined {
  const word = layout.gateHolderWord(gate)
  if (memory.compareExchange(log.words, word, 0, member) !== 0) return undefined
  return holdCommitted(log, gate, beginEpoch(log, gate))
}

/** For the holder, after somebody else moved the cursor: goes on from there. */
export function follow(log: PartitionLog, gate: number): Ownership {
  return holdCommitted(log, gate, ownership(log, gate))
}

/** The place where the holder goes on is held before it is sure that it is still the one. */
function holdCommitted(log: PartitionLog, gate: number, owned: Ownership): Ownership {
  hold(log, gate, owned.committed)
  const now = ownership(log, gate)
  return now.epoch === owned.epoch ? owned : holdCommitted(log, gate, now)
}

/**
 * Notes the frame that the holder reads. Whatever lies from there on is not recycled while it holds
 * the partition, not even after a seek has moved the cursor past it.
 */
export function hold(log: PartitionLog, gate: number, offset: number): void {
  memory.store(log.words, layout.gateHeldWord(gate), offset | 0)
}

/** Gives the partition back. The caller tells everyone, so that the next owner and producers look. */
export function release(log: PartitionLog, gate: number, member: number): void {
  memory.compareExchange(log.words, layout.gateHolderWord(gate), member, 0)
}

export function holderOf(log: PartitionLog, gate: number): number {
  return memory.load(log.words, layout.gateHolderWord(gate))
}

export function assignedTo(log: PartitionLog, gate: number): number {
  return memory.load(log.words, layout.gateAssignedWord(gate))
}

/** By the coordinator alone. */
export function assign(log: PartitionLog, gate: number, member: number): void {
  memory.store(log.words, layout.gateAssignedWord(gate), member)
}

export function isPaused(log: PartitionLog, gate: number): boolean {
  return memory.load(log.words, layout.gatePausedWord(gate)) !== 0
}

export function setPaused(log: PartitionLog, gate: number, paused: boolean): void {
  memory.store(log.words, layout.gatePausedWord(gate), paused ? 1 : 0)
}

/** Notes that records before `offset` are being handed to a handler. By the holder, beforehand. */
export function markDelivered(log: PartitionLog, gate: number, offset: number): void {
  memory.store(log.words, layout.gateDeliveredWord(gate), offset | 0)
}

/** Offset behind the last record that was handed to a handler of the group. */
export function deliveredOffset(log: PartitionLog, gate: number): number {
  return widen(log, memory.load(log.words, layout.gateDeliveredWord(gate)))
}

/**
 * Commits, for the owner of an epoch. Nobody else moves the cursor within it, so the owner knows
 * what it must find there.
 *
 * @returns false if the epoch is over: the partition has another owner, or was sought elsewhere.
 *   Also for a step back, which only a seek may take. Nothing is applied then.
 */
export function commit(
  log: PartitionLog,
  threads: ThreadTable,
  gate: number,
  epoch: number,
  from: number,
  to: number,
): boolean {
  if (to < from) return false
  const expected = pack(epoch, from | 0)
  const index = layout.gateCursorLong(gate)
  const found = memory.compareExchangeLong(log.longs, index, expected, pack(epoch, to | 0))
  if (found !== expected) return false
  wakeProducers(log, threads)
  return true
}

/**
 * Ends the ownership of a member that is proven dead: refuses whatever it might still commit, then
 * frees the partition. May be repeated.
 */
export function fence(log: PartitionLog, gate: number, member: number): void {
  if (holderOf(log, gate) !== member) return
  beginEpoch(log, gate)
  release(log, gate, member)
}

/**
 * Moves the cursor to an offset whose segment the caller has pinned, and begins an epoch, so that
 * what was read before is not committed on top of it.
 */
export function seekCursor(
  log: PartitionLog,
  threads: ThreadTable,
  gate: number,
  to: number,
): void {
  beginEpoch(log, gate, to)
  markDelivered(log, gate, to)
  wakeProducers(log, threads)
}

function beginEpoch(log: PartitionLog, gate: number, offset?: number): Ownership {
  const index = layout.gateCursorLong(gate)
  for (;;) {
    const found = memory.loadLong(log.longs, index)
    const epoch = (highHalf(found) + 1) | 0
    const committed = offset ?? widen(log, lowHalf(found))
    if (memory.compareExchangeLong(log.longs, index, found, pack(epoch, committed | 0)) === found) {
      return { epoch, committed }
    }
  }
}

function widen(log: PartitionLog, low: number): number {
  return log.widenOffset(low, readTail(log).offset)
}
