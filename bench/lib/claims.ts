import { DISTURBED_SHARE } from './patience.js'
import type { Claim } from './row.js'
import { messagesPerSecond, type RowResult, type Run } from './runner.js'
import { judge, ratiosByRound, type Summary, summarize, type Verdict } from './statistics.js'

/** A claim, what the rounds say about it, and how far they carry it. */
export interface JudgedClaim {
  readonly title: string
  readonly promise: string
  readonly measured: Summary
  /** How many rounds that rests on. */
  readonly rounds: number
  readonly verdict: Verdict
}

/** With fewer undisturbed rounds than these, the disturbed ones count as well. */
const UNDISTURBED_ROUNDS_MIN = 3

/**
 * The rounds that count, from 0: those in which nobody else used the machine while these rows ran,
 * if there are enough of them, else all. What others did decides, never the result.
 */
export function countedRounds(...results: readonly RowResult[]): readonly number[] {
  const rounds = [...(results[0]?.runs.keys() ?? [])]
  const undisturbed = rounds.filter((round) =>
    results.every(({ runs }) => (runs[round] as Run).foreignShare <= DISTURBED_SHARE),
  )
  return undisturbed.length >= UNDISTURBED_ROUNDS_MIN ? undisturbed : rounds
}

/** Messages per second in the rounds that count. */
export function speedOf(result: RowResult): Summary {
  return summarize(speedsIn(result, countedRounds(result)))
}

/** Throughput relative to another row, round by round, in the rounds that count for both. */
export function ratioTo(result: RowResult, base: RowResult): Summary {
  const rounds = countedRounds(result, base)
  return summarize(ratiosByRound(speedsIn(result, rounds), speedsIn(base, rounds)))
}

function speedsIn({ row, runs }: RowResult, rounds: readonly number[]): number[] {
  return rounds.map((round) => messagesPerSecond(row, runs[round] as Run))
}

/** Bytes of heap per message in one of the threads, unless it is not ours to look into. */
export function heapBytes(
  { row, runs }: RowResult,
  thread: 'sender' | 'receiver',
): Summary | undefined {
  const bytes = runs.flatMap((run) => run.allocatedBytes[thread] ?? [])
  return bytes.length < runs.length ? undefined : summarize(bytes.map((all) => all / row.count))
}

/** Judges every claim of the rows that ran. A claim whose base did not run is left out. */
export function judgeClaims(results: readonly RowResult[]): JudgedClaim[] {
  return results.flatMap((result) =>
    result.row.claims.flatMap((claim) => judgeClaim(result, claim, results) ?? []),
  )
}

function judgeClaim(
  result: RowResult,
  claim: Claim,
  results: readonly RowResult[],
): JudgedClaim | undefined {
  const { title } = result.row
  if ('heapBytesAtMost' in claim) {
    const measured = worseThread(result)
    if (measured === undefined) return undefined
    const promise = `allocates nothing per message: at most ${claim.heapBytesAtMost} bytes of heap, which come per batch`
    const verdict = judge(measured, claim.heapBytesAtMost, 'at most')
    return { title, promise, measured, rounds: result.runs.length, verdict }
  }
  const base = results.find(({ row }) => row.name === claim.base)
  if (base === undefined) return undefined
  const measured = ratioTo(result, base)
  const promise = `at least ${claim.atLeast} times ${base.row.title}`
  const rounds = countedRounds(result, base).length
  return { title, promise, measured, rounds, verdict: judge(measured, claim.atLeast, 'at least') }
}

function worseThread(result: RowResult): Summary | undefined {
  const sender = heapBytes(result, 'sender')
  const receiver = heapBytes(result, 'receiver')
  if (sender === undefined || receiver === undefined) return sender ?? receiver
  return receiver.median > sender.median ? receiver : sender
}
