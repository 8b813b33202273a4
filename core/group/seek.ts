import { MillraceError } from '../errors.js'
import { Appender } from '../log/appender.js'
import { findTimestamp, pinOffset, pinOldest, unpin } from '../log/finder.js'
import type { PartitionLog } from '../log/partition-log.js'
import type { Thread } from '../thread.js'
import { forgetFailed } from './attempt.js'
import { seekCursor } from './cursor.js'

/** A place in a partition: an offset, a time in milliseconds since 1970, or one of the two ends. */
export type SeekTarget =
  | { readonly offset: number | 'earliest' | 'latest' }
  | { readonly timestamp: number }

/**
 * Moves a group's cursor. The place is pinned until the gate holds it, so it cannot be recycled in
 * between.
 *
 * @returns the offset that comes next for the group
 * @throws MillraceError `OFFSET_OUT_OF_RANGE` if the offset is not in the log
 */
export function seekGroup(
  log: PartitionLog,
  thread: Thread,
  gate: number,
  target: SeekTarget,
): number {
  const { table, slot } = thread
  for (;;) {
    const offset = offsetOf(log, thread, target)
    if (pinOffset(log, table, slot, offset) !== undefined) {
      seekCursor(log, table, gate, offset)
      forgetFailed(log, gate)
      unpin(log, table, slot)
      return offset
    }
    // An end or a time may have moved on meanwhile; an offset is what it is.
    if ('offset' in target && typeof target.offset === 'number')
      throw outOfRange(log, thread, offset)
  }
}

function offsetOf(log: PartitionLog, thread: Thread, target: SeekTarget): number {
  if ('timestamp' in target) return findTimestamp(log, thread.table, thread.slot, target.timestamp)
  if (target.offset === 'earliest') return earliestOffset(log, thread)
  if (target.offset === 'latest') return latestOffset(log, thread)
  return target.offset
}

/** The oldest offset that the log still has. */
export function earliestOffset(log: PartitionLog, { table, slot }: Thread): number {
  const { offset } = pinOldest(log, table, slot)
  unpin(log, table, slot)
  return offset
}

/** The offset that the next record will get. */
export function latestOffset(log: PartitionLog, { table, slot }: Thread): number {
  return new Appender(log, table, slot).endOffset()
}

function outOfRange(log: PartitionLog, thread: Thread, offset: number): MillraceError {
  const earliest = earliestOffset(log, thread)
  const latest = latestOffset(log, thread)
  return new MillraceError(
    'OFFSET_OUT_OF_RANGE',
    `offset ${offset} is not in the log, which holds ${earliest} to ${latest}`,
    { offset, earliest, latest },
  )
}
