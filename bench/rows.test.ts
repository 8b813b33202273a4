import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case, CaseMeasurement } from './lib/experiment.js'
import { runMicro } from './lib/micro-runner.js'
import type { Measurement } from './lib/row.js'
import { runOnce } from './lib/runner.js'
import { experiments, rowGroups, sections, suites } from './sections.js'

/** Whole batches of every row. */
const LOAD = { warmUpCount: 1280, count: 3840 }

const rows = rowGroups.flatMap((group) => group.rows)

for (const row of rows) {
  test(`row ${row.name} delivers what it sends`, async () => {
    const { elapsedNs, foreignShare } = await runOnce<Measurement>(row, [LOAD, row.settings])
    assert.ok(elapsedNs > 0)
    assert.ok(foreignShare >= 0 && foreignShare <= 1)
  })
}

/** One for each module, and for each choice of settings that are not left as usual. */
function differentCases(cases: readonly Case[]): readonly Case[] {
  const kinds = new Map<string, Case>()
  for (const one of cases) {
    const kind = [one.module, ...Object.keys(one.settings)].join()
    if (!kinds.has(kind)) kinds.set(kind, one)
  }
  return [...kinds.values()]
}

for (const { cases, columns, claims } of experiments) {
  for (const one of differentCases(cases)) {
    test(`case ${one.name} measures what its table shows`, async () => {
      const { figures } = await runOnce<CaseMeasurement>(one, [{ ...one.settings, ...one.trial }])
      for (const { figure } of columns) assert.ok((figures[figure] ?? 0) >= 0, figure)
      for (const { of, figure } of claims) assert.ok(of !== one.name || figure in figures, figure)
    })
  }
}

test('a row that fails says which one it was', async () => {
  const module = new URL('./none.js', import.meta.url)
  await assert.rejects(runOnce({ name: 'broken', module }, []), { message: 'broken failed' })
})

test('names are unique, and claims compare with what exists', () => {
  const names = sections.flatMap((section) => [section.name, ...section.parts])
  assert.equal(new Set(names).size, names.length)
  for (const { rows: group, base, notes } of rowGroups) {
    const bases = group.flatMap((row) =>
      row.claims.flatMap((claim) => ('base' in claim ? claim.base : [])),
    )
    const isWhole = notes.length === 0
    for (const wanted of isWhole ? [base, ...bases] : [base]) {
      assert.ok(
        group.some((row) => row.name === wanted),
        wanted,
      )
    }
  }
  for (const { cases, claims } of experiments) {
    for (const { of, relativeTo = of } of claims) {
      for (const name of [of, relativeTo])
        assert.ok(
          cases.some((one) => one.name === name),
          name,
        )
    }
  }
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
