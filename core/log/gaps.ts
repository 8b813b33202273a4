import * as memory from '#memory'
import * as layout from './layout.js'
import type { PartitionLog } from './partition-log.js'
import type { Place } from './tail.js'

/** The log holds fewer records, so what seems to be further ahead is that far behind. */
const RECORDS_MAX = 2 ** 29

/**
 * Offsets of aborted frames are gaps. They are rare, so only where the newest one ends is noted:
 * below that, `countGaps` has to look.
 */
export function announceGap(log: PartitionLog, end: number): void {
  const { words } = log
  let newest = memory.load(words, layout.NEWEST_GAP_END_WORD)
  while (!isFrom(newest, end)) {
    const word = layout.NEWEST_GAP_END_WORD
    const found = memory.compareExchange(words, word, newest, end | 0)
    if (found === newest) return
    newest = found
  }
}

/** Whether an offset is at or ahead of another one, both by their lower halves. */
function isFrom(offset: number, base: number): boolean {
  const ahead = (offset - base) | 0
  return ahead >= 0 && ahead < RECORDS_MAX
}

/** Whether there may be gaps behind an offset. */
function mayHaveGapsFrom(log: PartitionLog, offset: number): boolean {
  return ((memory.load(log.words, layout.NEWEST_GAP_END_WORD) - offset) | 0) > 0
}

/**
 * How many offsets in [from, to) belong to aborted frames. The caller holds the log from the frame
 * at `place` on, which contains `from`.
 */
export function countGaps(log: PartitionLog, place: Place, from: number, to: number): number {
  if (!mayHaveGapsFrom(log, from)) return 0
  let { position, offset } = place
  let gaps = 0
  while (offset < to && (!log.isSegmentStart(position) || log.isOpen(position))) {
    const tag = memory.load(log.words, log.tagWord(position))
    if (layout.isFree(tag)) break
    const end = offset + layout.countOf(tag)
    const isGap = layout.isSettled(tag) && !layout.isPublished(tag)
    if (isGap) gaps += Math.max(0, Math.min(end, to) - Math.max(offset, from))
    position = (position + layout.granulesOf(tag)) | 0
    offset = end
  }
  return gaps
}
