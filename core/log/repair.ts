import * as memory from '#memory'
import type { ThreadTable } from '../thread-table.js'
import { announceGap } from './gaps.js'
import * as layout from './layout.js'
import type { PartitionLog } from './partition-log.js'
import { reopenWhole } from './recycler.js'
import { wakeSleepers, withdraw } from './wait-set.js'

/**
 * Removes what a dead thread left in a partition log. Called only on proof of its death, and again
 * from the beginning if the repairing thread dies: each step may be done twice.
 *
 * ```
 *   left behind                       repair
 *   ------------------------------    --------------------------------------------------------
 *   a claim, frame half written       CLAIMED -> ABORTED: its offsets become a gap
 *   the lease, segment open           given up: nothing had begun
 *   the lease, segment sealed         opened again if it is whole, else left to the next recycler,
 *                                     who fills it anew; then the lease is given up
 *   a pin                             cleared
 *   a bit in a wait set               cleared
 *   a sleeper it was about to wake    woken by the caller, `ThreadTable.wakeAll`
 * ```
 *
 * @returns how many frames were aborted
 */
export function repairLog(log: PartitionLog, threads: ThreadTable, dead: number): number {
  if (memory.load(log.words, layout.LEASE_WORD) === dead) {
    reopenWhole(log)
    memory.compareExchange(log.words, layout.LEASE_WORD, dead, 0)
  }
  memory.store(log.words, layout.PINS_WORD + dead, 0)
  withdraw(log.words, layout.DATA_WAITERS_WORD, dead)
  withdraw(log.words, layout.SPACE_WAITERS_WORD, dead)
  let aborted = 0
  for (let segment = 0; segment < log.segmentCount; segment++) {
    aborted += abortClaims(log, segment, dead)
  }
  wakeSleepers(log.words, layout.DATA_WAITERS_WORD, threads)
  wakeSleepers(log.words, layout.SPACE_WAITERS_WORD, threads)
  return aborted
}

/**
 * Follows the chain of one segment. A segment with a claim of the dead is not recycled, so its
 * chain is stable up to there; one that is recycled under this walk had no such claim, and the walk
 * is harmless: a tag that names the dead as its owner is one to abort, wherever it is found.
 */
function abortClaims(log: PartitionLog, segment: number, dead: number): number {
  const { words } = log
  let aborted = 0
  let granule = segment * log.segmentGranules
  const end = granule + log.segmentGranules
  let offset = log.segmentOffset(segment)
  while (granule < end) {
    const tag = memory.load(words, log.tagWord(granule))
    if (layout.isFree(tag)) break
    const granules = layout.granulesOf(tag)
    offset += layout.countOf(tag)
    if (layout.isClaimed(tag) && layout.ownerOf(tag) === dead) {
      announceGap(log, offset)
      const replacement = layout.abortedTag(granules, layout.countOf(tag))
      if (memory.compareExchange(words, log.tagWord(granule), tag, replacement) === tag) aborted++
    }
    granule += granules
  }
  return aborted
}
