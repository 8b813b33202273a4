import * as memory from '#memory'
import * as layout from '../log/layout.js'
import type { PartitionLog } from '../log/partition-log.js'
import { deliveredOffset } from './cursor.js'

/*
 * What a death must not undo, in the gate:
 *
 *   call     a count of the beginnings and ends of the handler's calls: odd while one runs. Kept
 *            only where handlers have a time limit. Its end and its sentence both replace the same
 *            count by compare-exchange, so a call either ends or is sentenced, never both.
 *   failed   a record that failed and is to be tried again, and how often it did. A partition has
 *            one such record at a time, since a retry holds it. Written by the holder alone.
 *
 * A sentence is all that the judge writes: the thread that it sentences may die of something else
 * and be followed by another holder before the judge goes on. So the next holder makes a failed
 * attempt of it, of the record that was handed over last.
 */
const COUNT_MASK = 0x3fffffff
const SENTENCED = 0x40000000

/** A record that failed. */
export interface FailedRecord {
  /** Low half of its offset. */
  readonly offsetLow: number
  /** How often it failed: 1 or more. */
  readonly attempts: number
}

/** By the holder, before it calls the handler. @returns the call, for {@link endCall} */
export function beginCall(log: PartitionLog, gate: number): number {
  const word = layout.gateCallWord(gate)
  const call = next(memory.load(log.words, word))
  memory.store(log.words, word, call)
  return call
}

/** By the holder, when the handler has settled. @returns false if the call was sentenced before */
export function endCall(log: PartitionLog, gate: number, call: number): boolean {
  const word = layout.gateCallWord(gate)
  return memory.compareExchange(log.words, word, call, next(call)) === call
}

/** The call that runs now, if one does. */
export function callInHand(log: PartitionLog, gate: number): number | undefined {
  const call = memory.load(log.words, layout.gateCallWord(gate))
  return isRunning(call) && (call & SENTENCED) === 0 ? call : undefined
}

/**
 * Decides that a call has failed, before its thread is ended: the next holder counts it as a failed
 * attempt of the record that was handed over last.
 *
 * @returns the record's offset; `undefined` if the call has ended meanwhile
 */
export function sentenceCall(log: PartitionLog, gate: number, call: number): number | undefined {
  const word = layout.gateCallWord(gate)
  // Before the sentence, since another holder may hand over records soon after it.
  const offset = deliveredOffset(log, gate) - 1
  return memory.compareExchange(log.words, word, call, call | SENTENCED) === call
    ? offset
    : undefined
}

/**
 * By a new holder, before it hands anything over: whatever the one before had begun is over. If a
 * call was sentenced, its failed attempt is noted; a death in between notes it once more.
 */
export function clearCall(log: PartitionLog, gate: number): void {
  const word = layout.gateCallWord(gate)
  for (;;) {
    const call = memory.load(log.words, word)
    if (!isRunning(call)) return
    if ((call & SENTENCED) !== 0) noteOneMore(log, gate, deliveredOffset(log, gate) - 1)
    if (memory.compareExchange(log.words, word, call, next(call)) === call) return
  }
}

function noteOneMore(log: PartitionLog, gate: number, offset: number): void {
  const failed = failedRecord(log, gate)
  const before = failed?.offsetLow === (offset | 0) ? failed.attempts : 0
  noteFailed(log, gate, offset, before + 1)
}

/** Notes how often a record has failed. A death leaves what was noted of it before, or this. */
export function noteFailed(
  log: PartitionLog,
  gate: number,
  offset: number,
  attempts: number,
): void {
  const { words } = log
  if (memory.load(words, layout.gateFailedOffsetWord(gate)) !== (offset | 0)) {
    memory.store(words, layout.gateFailedAttemptsWord(gate), 0)
    memory.store(words, layout.gateFailedOffsetWord(gate), offset | 0)
  }
  memory.store(words, layout.gateFailedAttemptsWord(gate), attempts)
}

/** The record is done or dead, or comes for another reason. */
export function forgetFailed(log: PartitionLog, gate: number): void {
  memory.store(log.words, layout.gateFailedAttemptsWord(gate), 0)
}

export function failedRecord(log: PartitionLog, gate: number): FailedRecord | undefined {
  const attempts = memory.load(log.words, layout.gateFailedAttemptsWord(gate))
  if (attempts === 0) return undefined
  return { offsetLow: memory.load(log.words, layout.gateFailedOffsetWord(gate)), attempts }
}

function isRunning(call: number): boolean {
  return (call & 1) === 1
}

function next(call: number): number {
  return (call + 1) & COUNT_MASK
}
