/**
 * Runs the properties without a test runner, and prints one line of JSON for each:
 *
 *     node dist/props/properties/main.js [--seed N] [--runs FACTOR] [--only NAME] [--path PATH]
 *
 * Fields: property, ok, runs (cases that were run), seed, ms, marks (in how many cases each was
 * met), and failure (seed, path and the shrunk case) if there is one. Exits with 1 in that case.
 */
import { parseArgs } from 'node:util'
import { ALL_PROPERTIES } from './all.js'
import { drawSeed } from './property.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '1' },
    only: { type: 'string' },
    path: { type: 'string' },
  },
})
const seed = values.seed === undefined ? drawSeed() : Number(values.seed)
const { only, path } = values
const chosen = ALL_PROPERTIES.filter(({ name }) => only === undefined || name === only)
if (chosen.length === 0) {
  console.error(
    `There is no property ${only}: ${ALL_PROPERTIES.map(({ name }) => name).join(', ')}`,
  )
  process.exitCode = 1
}
for (const property of chosen) {
  const report = await property.check({ seed, factor: Number(values.runs), path })
  console.log(JSON.stringify(report))
  if (!report.ok) process.exitCode = 1
}
