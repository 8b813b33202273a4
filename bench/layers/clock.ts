/**
 * Seam `#clock` for counting: readings are counted, and time stands still while it is counted, so
 * that the counts do not depend on how long anything takes.
 */
import * as real from '../../core/clock.js'
import { count, isCounting } from './tally.js'

export type { Timer } from '../../core/clock.js'
export { after, atEndOfTick, keepAlive, nextTurn } from '../../core/clock.js'

let nowMsAtLast = 0
let monotonicMsAtLast = 0

export function nowMs(): number {
  count('clock', nowMs)
  if (!isCounting() || nowMsAtLast === 0) nowMsAtLast = real.nowMs()
  return nowMsAtLast
}

export function monotonicMs(): number {
  count('clock', monotonicMs)
  if (!isCounting() || monotonicMsAtLast === 0) monotonicMsAtLast = real.monotonicMs()
  return monotonicMsAtLast
}
