import { type Summary, summarize } from '../lib/statistics.js'

/** What is known of the process and its latency at one moment. Memory in MiB, latency in µs. */
export interface Sample {
  readonly atSeconds: number
  readonly rssMib: number
  /** Used by the objects of the main thread. */
  readonly heapMib: number
  /** Reserved for the objects of all workers. */
  readonly workerHeapMib: number
  readonly externalMib: number
  /** Of the messages since the sample before. */
  readonly p50: number
  readonly p99: number
  readonly lag: number
  readonly messages: number
}

export interface Verdict {
  /** Growth of the resident memory over the whole run, as a share of its median. */
  readonly growth: number
  /** Of the last third over the first third. */
  readonly p50Drift: number
  readonly p99Drift: number
  readonly holds: boolean
}

/** The beginning, in which code is compiled and pages are touched for the first time. */
const SETTLING_SHARE = 0.2
const GROWTH_MAX = 0.05
const P50_DRIFT_MAX = 1.5
const P99_DRIFT_MAX = 2

/** @param samples 6 or more */
export function judgeSoak(samples: readonly Sample[]): Verdict {
  const settled = samples.slice(Math.floor(samples.length * SETTLING_SHARE))
  const times = settled.map(({ atSeconds }) => atSeconds)
  const memory = settled.map(({ rssMib }) => rssMib)
  const span = (times.at(-1) as number) - (times[0] as number)
  const growth = (slopeOf(times, memory) * span) / summarize(memory).median
  const p50Drift = driftOf(settled.map(({ p50 }) => p50))
  const p99Drift = driftOf(settled.map(({ p99 }) => p99))
  const holds = growth <= GROWTH_MAX && p50Drift <= P50_DRIFT_MAX && p99Drift <= P99_DRIFT_MAX
  return { growth, p50Drift, p99Drift, holds }
}

/** Of the line with the least squares of the distances. */
function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const [xMean, yMean] = [mean(xs), mean(ys)]
  let numerator = 0
  let denominator = 0
  for (const [index, x] of xs.entries()) {
    numerator += (x - xMean) * ((ys[index] as number) - yMean)
    denominator += (x - xMean) ** 2
  }
  return numerator / denominator
}

function driftOf(values: readonly number[]): number {
  const third = Math.ceil(values.length / 3)
  const median = (part: readonly number[]): Summary['median'] => summarize(part).median
  return median(values.slice(-third)) / median(values.slice(0, third))
}
