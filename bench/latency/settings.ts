import type { Settings } from '../lib/row.js'

/** What one run sends, again and again. */
export interface OpenLoopRun {
  readonly ratePerSecond: number
  readonly count: number
}

/** From `ratePerSecond` and `seconds` of a case. */
export function runOf({ ratePerSecond = 0, seconds = 0 }: Settings): OpenLoopRun {
  return { ratePerSecond, count: Math.ceil(ratePerSecond * seconds) }
}
