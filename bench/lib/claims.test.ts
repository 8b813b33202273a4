import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  countedRounds,
  figureOf,
  heapBytes,
  judgeFigures,
  judgeRows,
  ratioTo,
  speedOf,
} from './claims.js'
import type { CaseResult, FigureClaim } from './experiment.js'
import type { Claim, RowResult } from './row.js'

function result(
  name: string,
  elapsedNs: readonly number[],
  heap: { readonly sender?: number; readonly receiver?: number },
  claims: readonly Claim[] = [],
  foreignShares: readonly number[] = [],
): RowResult {
  const module = new URL('./none.js', import.meta.url)
  const row = { name, title: name, module, settings: {}, warmUpCount: 0, count: 100, claims }
  const runs = elapsedNs.map((elapsed, round) => ({
    elapsedNs: elapsed,
    allocatedBytes: heap,
    foreignShare: foreignShares[round] ?? 0,
  }))
  return { subject: row, runs }
}

test('a ratio compares the same rounds', () => {
  const base = result('base', [100, 1000, 100], { sender: 0 })
  const fast = result('fast', [10, 100, 5], { sender: 0 })
  const { min, median, max } = ratioTo(fast, base)
  assert.deepEqual([min, median, max].map(Math.round), [10, 10, 20])
})

test('disturbed rounds are left out while three others remain', () => {
  const heap = { sender: 0 }
  const calm = result('calm', [100, 100, 100, 100, 400], heap)
  const mixed = result('mixed', [10, 10, 10, 80, 80], heap, [], [0, 0, 0, 0.5, 0.9])
  assert.deepEqual(countedRounds(calm), [0, 1, 2, 3, 4])
  assert.deepEqual(countedRounds(mixed), [0, 1, 2])
  assert.deepEqual(countedRounds(calm, mixed), [0, 1, 2])
  assert.equal(speedOf(mixed).min, 1e10)
  assert.equal(Math.round(ratioTo(mixed, calm).min), 10)
})

test('with too few undisturbed rounds, all count', () => {
  const busy = result('busy', [10, 10, 80], { sender: 0 }, [], [0, 0.05, 0.5])
  assert.deepEqual(countedRounds(busy), [0, 1, 2])
})

test('heap bytes are per message, and of those threads that were measured', () => {
  const both = result('both', [1, 1], { sender: 200, receiver: 1600 })
  assert.equal(heapBytes(both, 'sender')?.median, 2)
  assert.equal(heapBytes(both, 'receiver')?.median, 16)
  assert.equal(heapBytes(result('one', [1, 1], { sender: 200 }), 'receiver'), undefined)
  assert.equal(heapBytes(result('none', [1, 1], {}), 'sender'), undefined)
})

test('a claim about the heap is judged by the thread that allocates more', () => {
  const claim: Claim = { heapBytesAtMost: 1 }
  const verdictOf = (sender: number, receiver: number) =>
    judgeRows([result('row', [1], { sender, receiver }, [claim])]).map(({ verdict }) => verdict)
  assert.deepEqual(verdictOf(10, 20), ['met'])
  assert.deepEqual(verdictOf(10, 1600), ['missed'])
  assert.deepEqual(verdictOf(1600, 10), ['missed'])
  assert.deepEqual(judgeRows([result('row', [1], {}, [claim])]), [])
})

test('a claim about throughput needs its base, or nothing is said', () => {
  const claim: Claim = { base: 'base', atLeast: 20 }
  const fast = result('fast', [10, 10], { sender: 0 }, [claim])
  assert.deepEqual(judgeRows([fast]), [])
  const base = result('base', [200, 100], { sender: 0 })
  const [judged] = judgeRows([base, fast])
  assert.equal(judged?.verdict, 'missed at the median')
  assert.equal(judged?.text, 'fast: at least 20 times base')
})

function caseResult(
  name: string,
  values: readonly number[],
  foreignShares: readonly number[] = [],
): CaseResult {
  const module = new URL('./none.js', import.meta.url)
  const runs = values.map((value, round) => ({
    figures: { value },
    foreignShare: foreignShares[round] ?? 0,
  }))
  return { subject: { name, title: name, module, settings: {}, trial: {} }, runs }
}

test('a figure is that of the rounds that count, and nothing where no run has it', () => {
  const result = caseResult('case', [1, 2, 3, 99], [0, 0, 0, 0.5])
  assert.equal(figureOf(result, 'value')?.max, 3)
  assert.equal(figureOf(result, 'other'), undefined)
})

test('a figure is judged by itself, or by its ratio to that of another case', () => {
  const claim: FigureClaim = { text: 'c', of: 'b', figure: 'value', bound: 'at most', limit: 2 }
  const results = [caseResult('a', [10, 20]), caseResult('b', [15, 60])]
  assert.equal(judgeFigures([claim], results)[0]?.verdict, 'missed')
  const [relative] = judgeFigures([{ ...claim, relativeTo: 'a' }], results)
  assert.equal(relative?.measured.min, 1.5)
  assert.equal(relative?.verdict, 'missed at the median')
  assert.deepEqual(judgeFigures([{ ...claim, relativeTo: 'none' }], results), [])
  assert.deepEqual(judgeFigures([{ ...claim, of: 'none' }], results), [])
})
