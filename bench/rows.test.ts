import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runMicro } from './lib/micro-runner.js'
import { runOnce } from './lib/runner.js'
import { BASE, rows, suites } from './rows.js'

/** Whole batches of every row. */
const LOAD = { warmUpCount: 1280, count: 3840 }

for (const row of rows) {
  test(`row ${row.name} delivers what it sends`, async () => {
    const { elapsedNs, foreignShare } = await runOnce(row, LOAD)
    assert.ok(elapsedNs > 0)
    assert.ok(foreignShare >= 0 && foreignShare <= 1)
  })
}

test('a row that fails says which one it was', async () => {
  const [row] = rows
  assert.ok(row)
  const broken = { ...row, module: new URL('./none.js', import.meta.url) }
  await assert.rejects(runOnce(broken, LOAD), { message: `row ${row.name} failed` })
})

test('names are unique, and claims compare with rows that exist', () => {
  const names = [...rows, ...suites].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  const bases = rows.flatMap(({ claims }) =>
    claims.flatMap((claim) => ('base' in claim ? claim.base : [])),
  )
  for (const base of [BASE, ...bases]) assert.ok(names.includes(base), base)
})

test('every micro-benchmark gives samples', async () => {
  const results = await runMicro(suites, { minTime: 0.001, maxTime: 0.001, minSamples: 5 })
  assert.deepEqual(
    [...new Set(results.map(({ suite }) => suite))],
    suites.map(({ name }) => name),
  )
  for (const { title, nanosecondsPerOperation } of results) {
    assert.ok(nanosecondsPerOperation.length >= 5, title)
    assert.ok(
      nanosecondsPerOperation.every((nanoseconds) => nanoseconds > 0),
      title,
    )
  }
})
