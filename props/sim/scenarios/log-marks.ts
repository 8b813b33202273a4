import * as layout from '../../../core/log/layout.js'
import { highHalf } from '../../../core/log/partition-log.js'
import type { Region } from '../memory.js'
import { type Change, sometimes, type Watch } from '../scenario.js'
import { describeLog, isSignal, type LogWorld } from './log-world.js'

/*
 * Marks that are read off the operations themselves, so that the core needs no instruments: what
 * kind of change a word of the log saw.
 */

/** How a scenario of the log shows its memory: names for traces, marks, and what only counts. */
export const view = { describe: describeLog, watch: watchLog, isCounter: isSignal }

function watchLog({ log }: LogWorld, region: Region, word: number): Watch | undefined {
  if (region !== log.region) return undefined
  const tags = layout.tagsWord(log.segmentCount)
  if (word >= tags && word < tags + log.capacityGranules) return watchTag
  for (let segment = 0; segment < log.segmentCount; segment++) {
    if (word === layout.segmentStateWord(segment))
      return (change: Change<number>) => watchState(change, segment)
  }
  if (word === layout.LEASE_WORD) return watchLease
  if (word === layout.TAIL_LONG * 2) return watchTail
  if (word === layout.gateCursorLong(0) * 2) return watchCursor
  if (word > layout.PINS_WORD && word < layout.gateStateWord(0)) return watchPin
  return undefined
}

function watchTag({ before, after, expected }: Change<number>): void {
  if (expected !== undefined && before !== expected) {
    if (layout.isFree(expected)) sometimes('claim lost')
    if (layout.isClaimed(before)) sometimes('followed a claim')
  } else if (layout.isFree(before) && layout.isSettled(after)) {
    sometimes('padded')
  } else if (layout.isClaimed(before) && layout.isSettled(after) && !layout.isPublished(after)) {
    sometimes('claim aborted')
  }
}

function watchState({ before, after, actor }: Change<number>, segment: number): void {
  const isSealed = (state: number) => (state & 1) === 1
  if (!isSealed(before) || isSealed(after)) return
  if (before >>> 1 === after >>> 1) {
    sometimes(actor.startsWith('repair') ? 'seal lifted by the repair' : 'seal lifted')
  } else if (segment === 0) sometimes('wrapped')
}

function watchLease({ before, after, expected, actor }: Change<number>): void {
  if (expected === 0 && before !== 0) sometimes('lease lost')
  if (before !== 0 && after === 0 && actor.startsWith('repair')) sometimes('lease taken over')
}

function watchTail({ before, expected }: Change<bigint>): void {
  if (expected !== undefined && before !== expected) sometimes('tail lost')
  else sometimes('tail moved')
}

function watchCursor({ before, after, expected, actor }: Change<bigint>): void {
  if (expected !== undefined && before !== expected) sometimes('commit refused')
  else if (highHalf(before) !== highHalf(after) && actor.startsWith('repair')) sometimes('fenced')
}

/** A pin that is taken back because of what the segment's state was. */
function watchPin({ after, previous }: Change<number>): void {
  if (after === 0 && previous().startsWith('state of segment')) sometimes('pin refused')
}
