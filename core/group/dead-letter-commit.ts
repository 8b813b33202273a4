import * as memory from '#memory'
import type { Appender, FrameContent } from '../log/appender.js'
import * as layout from '../log/layout.js'
import { lowHalf, type PartitionLog } from '../log/partition-log.js'
import type { ThreadTable } from '../thread-table.js'
import { commit } from './cursor.js'

/*
 * A dead letter and the completion of its source record are one step: the commit of the cursor.
 *
 *   died after              the letter is       and the record
 *   --------------------    ----------------    ---------------------------------
 *   claim, fill             aborted             is not committed: redelivered
 *   the note in the gate    aborted             is not committed: redelivered
 *   the commit              published           is committed
 *   the publish             published already   is committed
 *
 * The claim makes a place in the dead letter log that nobody can read yet; the note tells the
 * repair which claim belongs to which commit. The note follows the whole letter, so a letter that
 * is published by the repair is complete.
 */
const NOTHING_PENDING = 0
const PENDING = 1

/** What became of a dead letter. */
export type DeadLetterResult = 'written' | 'full' | 'fenced'

/**
 * Writes a dead letter and commits the cursor from one offset to another.
 *
 * @returns 'full' if the dead letter log has no room, 'fenced' if the epoch is over: in both cases
 *   neither was done
 */
export function commitDeadLetter(
  letters: Appender,
  content: FrameContent,
  log: PartitionLog,
  threads: ThreadTable,
  gate: number,
  epoch: number,
  from: number,
  to: number,
): DeadLetterResult {
  if (!letters.claim(content)) return 'full'
  letters.fill(content)
  const { words } = log
  memory.store(words, layout.gateLetterPositionWord(gate), letters.claimedPosition)
  memory.store(words, layout.gateLetterOffsetWord(gate), to | 0)
  memory.store(words, layout.gateLetterStateWord(gate), PENDING)
  const committed = commit(log, threads, gate, epoch, from, to)
  if (committed) letters.publish()
  else letters.withdraw()
  memory.store(words, layout.gateLetterStateWord(gate), NOTHING_PENDING)
  return committed ? 'written' : 'fenced'
}

/**
 * Completes what a dead owner had begun, before its partition goes on and before its claims are
 * aborted. May be repeated.
 */
export function settleDeadLetter(
  log: PartitionLog,
  gate: number,
  letters: PartitionLog,
  dead: number,
): void {
  const { words } = log
  if (memory.load(words, layout.gateLetterStateWord(gate)) === NOTHING_PENDING) return
  const position = memory.load(words, layout.gateLetterPositionWord(gate))
  const to = memory.load(words, layout.gateLetterOffsetWord(gate))
  const committed = lowHalf(memory.loadLong(log.longs, layout.gateCursorLong(gate)))
  const tagWord = letters.tagWord(position)
  const tag = memory.load(letters.words, tagWord)
  const isOurs = layout.isClaimed(tag) && layout.ownerOf(tag) === dead
  if (isOurs && ((committed - to) | 0) >= 0) {
    const published = layout.publishedTag(layout.granulesOf(tag), layout.countOf(tag))
    memory.compareExchange(letters.words, tagWord, tag, published)
  }
  memory.store(words, layout.gateLetterStateWord(gate), NOTHING_PENDING)
}
