import { formatTable } from '../../tools/markdown-table.js'
import type { CaseResult, FigureClaim } from './experiment.js'
import { formatRange, formatValue } from './figures.js'
import { DISTURBED_SHARE } from './patience.js'
import type { Claim, Measurement, Row, RowResult } from './row.js'
import type { Rounds, Subject } from './runner.js'
import { judge, ratiosByRound, type Summary, summarize, type Verdict } from './statistics.js'

/** A claim, what the rounds say about it, and how far they carry it. */
export interface JudgedClaim {
  readonly text: string
  readonly measured: Summary
  /** How many rounds that rests on. */
  readonly rounds: number
  readonly verdict: Verdict
}

/** With fewer undisturbed rounds than these, the disturbed ones count as well. */
const UNDISTURBED_ROUNDS_MIN = 3

/**
 * The rounds that count, from 0: those in which nobody else used the machine while these were
 * measured, if there are enough of them, else all. What others did decides, never the result.
 */
export function countedRounds(
  ...results: readonly { readonly runs: readonly { readonly foreignShare: number }[] }[]
): readonly number[] {
  const rounds = [...(results[0]?.runs.keys() ?? [])]
  const undisturbed = rounds.filter((round) =>
    results.every(({ runs }) => (runs[round]?.foreignShare ?? 0) <= DISTURBED_SHARE),
  )
  return undisturbed.length >= UNDISTURBED_ROUNDS_MIN ? undisturbed : rounds
}

// ------------------------------------------------------------------------------------------- rows

/** Messages per second in the rounds that count. */
export function speedOf(result: RowResult): Summary {
  return summarize(speedsIn(result, countedRounds(result)))
}

export function messagesPerSecond(row: Row, { elapsedNs }: Measurement): number {
  return (row.count / elapsedNs) * 1e9
}

/** Throughput relative to another row, round by round, in the rounds that count for both. */
export function ratioTo(result: RowResult, base: RowResult): Summary {
  const rounds = countedRounds(result, base)
  return summarize(ratiosByRound(speedsIn(result, rounds), speedsIn(base, rounds)))
}

function speedsIn({ subject, runs }: RowResult, rounds: readonly number[]): number[] {
  return rounds.map((round) => messagesPerSecond(subject, runs[round] as Measurement))
}

/** Bytes of heap per message in one of the threads, unless it is not ours to look into. */
export function heapBytes(
  { subject, runs }: RowResult,
  thread: 'sender' | 'receiver',
): Summary | undefined {
  const bytes = runs.flatMap((run) => run.allocatedBytes[thread] ?? [])
  if (bytes.length < runs.length) return undefined
  return summarize(bytes.map((all) => all / subject.count))
}

/** What a claim of a row says, or nothing if it compares with a row that there is not. */
export function claimText(row: Row, claim: Claim, rows: readonly Row[]): string | undefined {
  if ('heapBytesAtMost' in claim) {
    return `${row.title}: allocates nothing per message: at most ${claim.heapBytesAtMost} bytes of heap, which come per batch`
  }
  const base = rows.find(({ name }) => name === claim.base)
  return base && `${row.title}: at least ${claim.atLeast} times ${base.title}`
}

/** Judges every claim of the rows that ran. A claim whose base did not run is left out. */
export function judgeRows(results: readonly RowResult[]): JudgedClaim[] {
  return results.flatMap((result) =>
    result.subject.claims.flatMap((claim) => judgeRow(result, claim, results) ?? []),
  )
}

function judgeRow(
  result: RowResult,
  claim: Claim,
  results: readonly RowResult[],
): JudgedClaim | undefined {
  const rows = results.map(({ subject }) => subject)
  const text = claimText(result.subject, claim, rows)
  if (text === undefined) return undefined
  if ('heapBytesAtMost' in claim) {
    const measured = worseThread(result)
    if (measured === undefined) return undefined
    const verdict = judge(measured, claim.heapBytesAtMost, 'at most')
    return { text, measured, rounds: result.runs.length, verdict }
  }
  const base = results.find(({ subject }) => subject.name === claim.base) as RowResult
  const measured = ratioTo(result, base)
  const rounds = countedRounds(result, base).length
  return { text, measured, rounds, verdict: judge(measured, claim.atLeast, 'at least') }
}

function worseThread(result: RowResult): Summary | undefined {
  const sender = heapBytes(result, 'sender')
  const receiver = heapBytes(result, 'receiver')
  if (sender === undefined || receiver === undefined) return sender ?? receiver
  return receiver.median > sender.median ? receiver : sender
}

// ------------------------------------------------------------------------------------ experiments

/** A figure of a case in the rounds that count; nothing if the case does not have it. */
export function figureOf(result: CaseResult, figure: string): Summary | undefined {
  const values = figuresIn(result, figure, countedRounds(result))
  return values.length === 0 ? undefined : summarize(values)
}

function figuresIn({ runs }: CaseResult, figure: string, rounds: readonly number[]): number[] {
  return rounds.flatMap((round) => runs[round]?.figures[figure] ?? [])
}

/** Judges the claims of an experiment about the cases that ran. */
export function judgeFigures(
  claims: readonly FigureClaim[],
  results: readonly CaseResult[],
): JudgedClaim[] {
  return claims.flatMap((claim) => judgeFigure(claim, results) ?? [])
}

function judgeFigure(
  { text, of, relativeTo, figure, bound, limit }: FigureClaim,
  results: readonly CaseResult[],
): JudgedClaim | undefined {
  const [result, base] = [of, relativeTo].map((name) => find(results, name))
  if (result === undefined || (relativeTo !== undefined && base === undefined)) return undefined
  const rounds = base === undefined ? countedRounds(result) : countedRounds(result, base)
  const values = figuresIn(result, figure, rounds)
  const measured = summarize(
    base === undefined ? values : ratiosByRound(values, figuresIn(base, figure, rounds)),
  )
  return { text, measured, rounds: rounds.length, verdict: judge(measured, limit, bound) }
}

function find<Of extends Subject, Result>(
  results: readonly Rounds<Of, Result>[],
  wanted: string | undefined,
): Rounds<Of, Result> | undefined {
  return results.find(({ subject }) => subject.name === wanted)
}

// ------------------------------------------------------------------------------------------ table

/** The table of the claims, for the terminal. */
export function formatClaims(claims: readonly JudgedClaim[]): string {
  return formatTable(CLAIM_HEAD, claims.map(claimCells))
}

export const CLAIM_HEAD = ['claim', 'measured', 'range', 'rounds', 'verdict']

export function claimCells({ text, measured, rounds, verdict }: JudgedClaim): string[] {
  return [text, formatValue(measured.median), formatRange(measured), String(rounds), verdict]
}
