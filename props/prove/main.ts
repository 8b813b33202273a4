/**
 * Looks for anything that is wrong with the engine, in every way that the project has, and writes
 * down what was tried: `npm run prove`. Ends with status 1 if something is wrong.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { machineFacts } from '../../tools/machine.js'
import { ROOT } from '../../tools/project.js'
import { formatSection, formatSummary, updateDocument } from './document.js'
import { type Options, parseOptions, randomSeed } from './options.js'
import type { Part } from './part.js'
import { parts } from './parts.js'
import { PartRun } from './runner.js'

const HOUR_MS = 3_600_000

async function main({ only, deep, hours, seed }: Options): Promise<void> {
  const isWanted = ({ name, isDeep = false }: Part) =>
    only.length === 0 ? deep || !isDeep : only.includes(name)
  const wanted = parts.filter(isWanted)
  const unknown = only.filter((name) => !parts.some((part) => part.name === name))
  if (unknown.length > 0) {
    const names = parts.map(({ name }) => name).join(', ')
    throw new RangeError(`--only: there is no part ${unknown.join(', ')}, but ${names}`)
  }
  const endMs = Date.now() + hours * HOUR_MS
  const machine = machineFacts('core', 'workers', 'props')
  const runs = wanted.map((part) => new PartRun(part))
  console.log(`seed ${seed}`)
  for (const run of runs) await runRound(run, seed)
  const drawn = runs.filter(({ part }) => part.isDrawn)
  for (let round = 1; drawn.length > 0 && Date.now() < endMs; round++) {
    for (const run of drawn) if (Date.now() < endMs) await runRound(run, seed + round)
  }
  const outcomes = runs.map((run) => run.outcome())
  const setting = { machine, seed }
  const sections = outcomes.map((outcome) => formatSection(outcome, setting))
  console.log(`\n${sections.join('\n\n')}\n\n${formatSummary(outcomes)}\n`)
  const report = join(ROOT, 'VERIFICATION.md')
  const known = existsSync(report) ? readFileSync(report, 'utf8') : ''
  writeFileSync(report, updateDocument(known, parts, outcomes, setting))
  console.log(`Report: ${report}`)
  if (runs.some(({ hasFailed }) => hasFailed)) process.exitCode = 1
}

async function runRound(run: PartRun, seed: number): Promise<void> {
  let lines = 0
  const start = Date.now()
  const show = () => {
    const seconds = Math.round((Date.now() - start) / 1000)
    if (process.stderr.isTTY) {
      process.stderr.write(`\r${run.part.title}: ${lines} lines, ${seconds} s `)
    }
  }
  await run.runRound(seed, () => {
    lines++
    show()
  })
  if (process.stderr.isTTY) process.stderr.write('\n')
  const verdict = run.hasFailed ? 'FAILS' : 'holds'
  console.log(`${run.part.title}: ${verdict}, ${Math.round((Date.now() - start) / 1000)} s`)
}

await main(parseOptions(process.argv.slice(2), randomSeed))
