import type { Settings } from '../lib/row.js'

/** What one run sends. */
export interface OpenLoopRun {
  readonly ratePerSecond: number
  readonly warmUpCount: number
  readonly count: number
}

const WARM_UP_SHARE = 0.5

/** From `ratePerSecond` and `seconds` of a case. */
export function runOf({ ratePerSecond = 0, seconds = 0 }: Settings): OpenLoopRun {
  const count = Math.ceil(ratePerSecond * seconds)
  return { ratePerSecond, warmUpCount: Math.ceil(count * WARM_UP_SHARE), count }
}
