import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatMicro, formatRows, formatWarnings } from './report.js'
import type { RowResult } from './row.js'

/** One message in so many nanoseconds, in each round. */
function result(
  name: string,
  elapsedNs: readonly number[],
  foreignShares: readonly number[] = [],
): RowResult {
  const module = new URL('./none.js', import.meta.url)
  const row = { name, title: name, module, settings: {}, warmUpCount: 0, count: 1, claims: [] }
  const runs = elapsedNs.map((elapsed, round) => ({
    elapsedNs: elapsed,
    allocatedBytes: { sender: 16 },
    foreignShare: foreignShares[round] ?? 0,
  }))
  return { subject: row, runs }
}

test('a row shows median, range, rounds and ratio, with three digits', () => {
  const base = result('base', [1000, 1000, 1000])
  const fast = result('fast', [30, 25, 20])
  const [, , , line] = formatRows([base, fast], 'base', 'single').split('\n')
  assert.equal(line, '| fast | 40.0 | 33.3 – 50.0 | 3 | 40.0 | 33.3 – 50.0 | 16 |  |')
})

test('a quiet run with little spread needs no warning', () => {
  assert.deepEqual(formatWarnings([result('calm', [100, 101, 102])]), [])
})

test('a row whose spread hides its median is named', () => {
  const [warning, ...others] = formatWarnings([
    result('calm', [100, 101, 102]),
    result('wild', [100, 200, 400]),
  ])
  assert.match(warning ?? '', /^\*\*Wide\*\*.* of wild spans/)
  assert.deepEqual(others, [])
})

test('disturbed rounds are told, and rows that have no others are not to be relied on', () => {
  const warnings = formatWarnings([
    result('calm', [100, 101, 102, 900], [0, 0, 0, 0.6]),
    result('busy', [100, 101, 102, 103], [0, 0.2, 0.3, 0.4]),
  ])
  assert.equal(warnings.length, 2)
  assert.match(warnings[0] ?? '', /^\*\*Disturbed\*\*: during 4 of 8 runs .* up to 60 %/)
  assert.match(warnings[1] ?? '', /^\*\*Not to be relied on\*\*.*: busy\.$/)
})

test('a micro-benchmark shows median and middle half', () => {
  const micro = {
    suite: 'log',
    unit: 'record',
    title: 'append',
    nanosecondsPerOperation: [3, 4, 5],
  }
  assert.match(formatMicro([micro]), /^\| append \| 4\.00 \| 3\.50 – 4\.50 \| record \| 3 \|$/m)
})
