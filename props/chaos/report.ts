import { FAULTS } from './faults.js'
import { describePlan } from './plan.js'
import type { TrialResult } from './trial.js'
import type { Recovery } from './verdict.js'

/** Milliseconds by nearest rank, and of how many. */
interface Times {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What is known of one fault, or of all of them. */
export interface Row {
  readonly row: string
  /** In which it happened, among others. The figures of a trial count for each of its faults. */
  readonly trials: number
  readonly faults: number
  /** Threads that died of it. */
  readonly deaths: number
  /** Claims that it left between claim and publish. */
  readonly abortedFrames: number
  /** Acknowledged to producers. */
  readonly records: number
  readonly deliveries: number
  readonly lost: number
  /** None was lost in so many faults: with 95 % confidence, a loss is rarer than this. */
  readonly lossBelow: number
  readonly reordered: number
  readonly duplicates: number
  /** Records that the engine says it had to hand over again. */
  readonly bound: number
  /** Commits of threads that had been held for dead. */
  readonly refusedCommits: number
  /**
   * From a death until a record of the dead worker came again, to a worker that ran already or to a
   * new one; of producers, until their remains were repaired.
   */
  readonly recoveryMs: {
    readonly survivor: Times | null
    readonly newcomer: Times | null
    readonly repair: Times | null
  }
  readonly findings: number
  readonly seeds: readonly number[]
  readonly node: string
}

/** A fault of the design's matrix that the engine has no part for yet. */
export interface MissingRow {
  readonly row: string
  readonly notApplicable: string
}

export const NOT_YET: readonly MissingRow[] = [
  { row: 'SIGKILL of the process', notApplicable: 'there is no journal yet' },
  { row: 'short write, EIO, ENOSPC', notApplicable: 'there is no journal yet' },
]

/** One row for each fault, and one for all of them. */
export function tabulate(results: readonly TrialResult[]): Row[] {
  const rows = FAULTS.map(({ name, kills }) =>
    summarize(
      name,
      results.filter(({ faults }) => faults.has(name)),
      (fault) => fault === name,
      () => kills,
    ),
  )
  const killers = new Set(FAULTS.filter(({ kills }) => kills).map(({ name }) => name))
  const all = summarize(
    'all',
    results,
    () => true,
    (fault) => killers.has(fault),
  )
  return [...rows, all]
}

function summarize(
  row: string,
  results: readonly TrialResult[],
  isMeant: (fault: string) => boolean,
  isDeadly: (fault: string) => boolean,
): Row {
  const verdicts = results.map((result) => result.verdict)
  const faults = results.flatMap((result) => [...result.faults]).filter(([name]) => isMeant(name))
  const aborted = results.flatMap((result) => [...result.abortedFrames])
  const recoveries = verdicts
    .flatMap((verdict) => verdict.recoveries)
    .filter((r) => isMeant(r.fault))
  const repairs = results.flatMap((result) => result.repairs).filter((r) => isMeant(r.fault))
  const count = sum(faults.map(([, times]) => times))
  return {
    row,
    trials: results.length,
    faults: count,
    deaths: sum(faults.filter(([name]) => isDeadly(name)).map(([, times]) => times)),
    abortedFrames: sum(aborted.filter(([name]) => isMeant(name)).map(([, frames]) => frames)),
    records: sum(results.map((result) => result.acknowledged)),
    deliveries: sum(results.map((result) => result.deliveries)),
    lost: sum(verdicts.map((verdict) => verdict.lost)),
    lossBelow: Number(Math.min(1, 3 / count).toFixed(5)),
    reordered: sum(verdicts.map((verdict) => verdict.reordered)),
    duplicates: sum(verdicts.map((verdict) => verdict.duplicates)),
    bound: sum(verdicts.map((verdict) => verdict.bound)),
    refusedCommits: sum(verdicts.map((verdict) => verdict.refusedCommits)),
    recoveryMs: {
      survivor: rank(timesTo('survivor', recoveries)),
      newcomer: rank(timesTo('newcomer', recoveries)),
      repair: rank(repairs.map(({ timeMs }) => timeMs)),
    },
    findings: sum(results.map((result) => result.findings.length)),
    seeds: results.map(({ plan }) => plan.seed),
    node: process.version,
  }
}

function timesTo(to: Recovery['to'], recoveries: readonly Recovery[]): number[] {
  return recoveries.filter((recovery) => recovery.to === to).map(({ timeMs }) => timeMs)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function rank(timesMs: readonly number[]): Times | null {
  if (timesMs.length === 0) return null
  const sorted = [...timesMs].sort((a, b) => a - b)
  const at = (fraction: number) =>
    Number((sorted[Math.ceil(sorted.length * fraction) - 1] as number).toFixed(1))
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** The rows for people. */
export function describeRows(rows: readonly Row[]): string {
  const head = [
    'fault',
    'trials',
    'faults',
    'deaths',
    'aborted',
    'records',
    'lost',
    'p(loss) <',
    'reordered',
    'duplicates / bound',
    'refused',
    'survivor p50/p99 ms',
    'newcomer p50/p99 ms',
    'repair p50/p99 ms',
  ]
  const lines = rows.map((row) => [
    row.row,
    row.trials,
    row.faults,
    row.deaths,
    row.abortedFrames,
    row.records,
    row.lost,
    row.lossBelow,
    row.reordered,
    `${row.duplicates} / ${row.bound}`,
    row.refusedCommits,
    describeTimes(row.recoveryMs.survivor),
    describeTimes(row.recoveryMs.newcomer),
    describeTimes(row.recoveryMs.repair),
  ])
  const cells = [head, ...lines].map((line) => line.map(String))
  const widths = head.map((_, column) =>
    Math.max(...cells.map((line) => (line[column] as string).length)),
  )
  const table = cells.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  '),
  )
  const missing = NOT_YET.map(({ row, notApplicable }) => `${row}: ${notApplicable}`)
  return [...table, ...missing].join('\n')
}

function describeTimes(times: Times | null): string {
  return times === null ? '-' : `${times.p50} / ${times.p99}`
}

/** What went wrong in a trial, with what is needed to run it again. */
export function describeFindings({ plan, findings }: TrialResult): string {
  return [
    `${describePlan(plan)}`,
    ...findings.map(({ property, text }) => `  ${property}: ${text}`),
  ].join('\n')
}
