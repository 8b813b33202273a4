import { describePlan } from './plan.js'
import type { TrialResult } from './trial.js'

/** The figures of many trials. */
export function describeTrials(results: readonly TrialResult[]): string {
  const groups = results.flatMap((result) => result.groups)
  const total = (figureOf: (result: TrialResult) => number) =>
    results.reduce((sum, result) => sum + figureOf(result), 0)
  const deaths = total(({ workerKills }) => workerKills) + total((r) => r.producerKills)
  const lost = groups.reduce((sum, group) => sum + group.lost, 0)
  const rows: [string, string][] = [
    ['trials', String(results.length)],
    ['workers killed', String(total((result) => result.workerKills))],
    ['workers that ended themselves', String(total((result) => result.ownDeaths))],
    ['producers killed', String(total((result) => result.producerKills))],
    ['  while the log was full', String(total((result) => result.producerKillsWhileFull))],
    ['frames aborted by repair', String(total((result) => result.abortedFrames))],
    ['times that a log wrapped', String(total((result) => result.laps))],
    ['records acknowledged', String(total((result) => result.acknowledged))],
    ['deliveries', String(total((result) => result.deliveries))],
    ['lost', lost === 0 ? `0 (95 %: below ${rate(3 / deaths)} a death)` : String(lost)],
    ['reordered per key', String(groups.reduce((sum, group) => sum + group.reordered, 0))],
    [
      'duplicates / bound',
      `${groups.reduce((sum, group) => sum + group.duplicates, 0)} / ${groups.reduce((sum, group) => sum + group.bound, 0)}`,
    ],
    ['redelivery by a survivor', times(groups.flatMap((group) => group.toSurvivorMs))],
    ['redelivery by a worker yet to start', times(groups.flatMap((group) => group.toNewcomerMs))],
    ['findings', String(total((result) => result.findings.length))],
    ['seeds', seeds(results)],
    ['Node', process.version],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/** What went wrong in a trial, with what is needed to run it again. */
export function describeFindings({ plan, findings }: TrialResult): string {
  return [
    `${describePlan(plan)}`,
    ...findings.map(({ property, text }) => `  ${property}: ${text}`),
  ].join('\n')
}

function seeds(results: readonly TrialResult[]): string {
  const all = results.map(({ plan }) => plan.seed)
  return `${Math.min(...all)} to ${Math.max(...all)}`
}

function rate(value: number): string {
  return `${(value * 100).toFixed(2)} %`
}

/** Median, 99th percentile and maximum, by nearest rank. */
function times(valuesMs: readonly number[]): string {
  if (valuesMs.length === 0) return 'none'
  const sorted = [...valuesMs].sort((a, b) => a - b)
  const rank = (fraction: number) =>
    (sorted[Math.ceil(sorted.length * fraction) - 1] as number).toFixed(1)
  return `p50 ${rank(0.5)} ms, p99 ${rank(0.99)} ms, max ${rank(1)} ms (${sorted.length} partitions)`
}
