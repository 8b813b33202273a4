import type { Claim } from './row.js'
import { messagesPerSecond, type RowResult } from './runner.js'
import { judge, ratiosByRound, type Summary, summarize, type Verdict } from './statistics.js'

/** A claim, what the rounds say about it, and how far they carry it. */
export interface JudgedClaim {
  readonly title: string
  readonly promise: string
  readonly measured: Summary
  readonly verdict: Verdict
}

/** Throughput relative to another row, round by round. */
export function ratioTo(result: RowResult, base: RowResult): Summary {
  return summarize(ratiosByRound(speeds(result), speeds(base)))
}

export function speeds({ row, runs }: RowResult): number[] {
  return runs.map((run) => messagesPerSecond(row, run))
}

/** Bytes of heap per message, by thread; no receiver where its thread is not ours to look into. */
export function heapBytes({ row, runs }: RowResult): {
  readonly sender: Summary
  readonly receiver?: Summary
} {
  const sender = summarize(runs.map((run) => run.allocatedBytes.sender / row.count))
  const received = runs.flatMap((run) => run.allocatedBytes.receiver ?? [])
  if (received.length < runs.length) return { sender }
  return { sender, receiver: summarize(received.map((bytes) => bytes / row.count)) }
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
    const promise = `allocates nothing per message: at most ${claim.heapBytesAtMost} bytes of heap, which come per batch`
    return { title, promise, measured, verdict: judge(measured, claim.heapBytesAtMost, 'at most') }
  }
  const base = results.find(({ row }) => row.name === claim.base)
  if (base === undefined) return undefined
  const measured = ratioTo(result, base)
  const promise = `at least ${claim.atLeast} times ${base.row.title}`
  return { title, promise, measured, verdict: judge(measured, claim.atLeast, 'at least') }
}

function worseThread(result: RowResult): Summary {
  const { sender, receiver = sender } = heapBytes(result)
  return receiver.median > sender.median ? receiver : sender
}
