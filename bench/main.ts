/**
 * All benchmarks: `npm run bench`. Writes BENCHMARKS.md, and every single measurement as JSON to
 * `bench/results`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { machineFacts } from '../tools/machine.js'
import { judgeClaims } from './lib/claims.js'
import { runMicro } from './lib/micro-runner.js'
import { Patience } from './lib/patience.js'
import {
  type BenchmarkResults,
  formatClaims,
  formatMicro,
  formatReport,
  formatRows,
  formatWarnings,
} from './lib/report.js'
import type { Row } from './lib/row.js'
import { messagesPerSecond, type Run, runRounds } from './lib/runner.js'
import { isWanted, type Options, parseOptions } from './options.js'
import { BASE, rows, suites } from './rows.js'

const PROJECT = new URL('../../', import.meta.url)

async function main(options: Options): Promise<void> {
  const wantedRows = withBase(rows.filter(({ name }) => isWanted(name, options)))
  const wantedSuites = suites.filter(({ name }) => isWanted(name, options))
  if (wantedRows.length + wantedSuites.length === 0) {
    const names = [...rows, ...suites].map(({ name }) => name).join(', ')
    throw new RangeError(`no benchmark has a name with ${options.only.join(' or ')}: ${names}`)
  }
  const machine = machineFacts('core', 'workers', 'bench')
  const patience = new Patience(options.patienceSeconds * 1000)
  const results: BenchmarkResults = {
    machine,
    rounds: options.rounds,
    rows: await runRounds(wantedRows, options.rounds, patience, printRun),
    micro: await runMicro(wantedSuites),
  }
  print(results)
  save(results, options)
}

/** Ratios need the base. */
function withBase(wanted: readonly Row[]): readonly Row[] {
  if (wanted.length === 0) return wanted
  return rows.filter((row) => row.name === BASE || wanted.includes(row))
}

function printRun(row: Row, round: number, run: Run): void {
  const speed = (messagesPerSecond(row, run) / 1e6).toFixed(3)
  const others = run.foreignShare > 0.01 ? `  (others ${Math.round(run.foreignShare * 100)} %)` : ''
  console.log(`round ${round}  ${row.name.padEnd(20)} ${speed.padStart(8)} M/s${others}`)
}

function print(results: BenchmarkResults): void {
  const parts = [
    ...(results.rows.length > 0 ? [formatRows(results.rows, BASE)] : []),
    ...formatWarnings(results.rows),
    ...(results.micro.length > 0 ? [formatMicro(results.micro)] : []),
  ]
  const claims = judgeClaims(results.rows)
  if (claims.length > 0) parts.push(formatClaims(claims))
  console.log(`\n${parts.join('\n\n')}\n`)
}

/** A report of a part would look like the whole. */
function save(results: BenchmarkResults, { only }: Options): void {
  const folder = new URL('bench/results/', PROJECT)
  mkdirSync(folder, { recursive: true })
  const json = new URL(only.length === 0 ? 'all.json' : 'part.json', folder)
  writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(`Every measurement: ${fileURLToPath(json)}`)
  if (only.length > 0) return
  const report = new URL('BENCHMARKS.md', PROJECT)
  writeFileSync(report, formatReport(results, BASE))
  console.log(`Report: ${fileURLToPath(report)}`)
}

await main(parseOptions(process.argv.slice(2)))
