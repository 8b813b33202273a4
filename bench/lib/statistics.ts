/** Order statistics of the rounds of one row. */
export interface Summary {
  readonly min: number
  readonly lowerQuartile: number
  readonly median: number
  readonly upperQuartile: number
  readonly max: number
}

/**
 * The value below which the given fraction of the sample lies, with linear interpolation between
 * neighbours (definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996).
 *
 * @param sorted ascending, at least one value
 * @param fraction 0 to 1
 */
export function quantile(sorted: readonly number[], fraction: number): number {
  if (sorted.length === 0) throw new RangeError('quantile of no values')
  const position = (sorted.length - 1) * fraction
  const below = Math.floor(position)
  const lower = sorted[below] as number
  const upper = sorted[Math.min(below + 1, sorted.length - 1)] as number
  return lower + (upper - lower) * (position - below)
}

/** Minimum, quartiles, median and maximum of at least one value, in any order. */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b)
  return {
    min: quantile(sorted, 0),
    lowerQuartile: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    upperQuartile: quantile(sorted, 0.75),
    max: quantile(sorted, 1),
  }
}

/**
 * The ratio to the base, round by round. A round measures every row within seconds, so what slows
 * the whole machine down for a while hits both sides of the ratio.
 */
export function ratiosByRound(values: readonly number[], base: readonly number[]): number[] {
  if (values.length !== base.length) {
    throw new RangeError(`${values.length} rounds cannot be compared with ${base.length}`)
  }
  return values.map((value, round) => value / (base[round] as number))
}

/** On which side of its limit a claim wants the measured value. */
export type Bound = 'at least' | 'at most'

/** How far the rounds carry a claim. */
export type Verdict = 'met' | 'met at the median' | 'missed at the median' | 'missed'

/**
 * Whether the measured values are `'at least'` or `'at most'` the limit. `met` and `missed` are
 * said only when every single round agrees.
 */
export function judge(measured: Summary, limit: number, bound: Bound): Verdict {
  const [worst, best] =
    bound === 'at least' ? [measured.min, measured.max] : [measured.max, measured.min]
  const holds = (value: number) => (bound === 'at least' ? value >= limit : value <= limit)
  if (holds(worst)) return 'met'
  if (!holds(best)) return 'missed'
  return holds(measured.median) ? 'met at the median' : 'missed at the median'
}

/** A row is called wide when its middle half spans more than a quarter of its median. */
export function isWide(summary: Summary): boolean {
  return summary.upperQuartile - summary.lowerQuartile > summary.median / 4
}
