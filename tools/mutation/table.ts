/**
 * Turns reports of Stryker into a table: `node dist/tools/mutation/table.js [report ...]`, by
 * default the last run's. Prints one JSON object per line for each file, and a last one for all:
 *
 *     {"file":"core/log/tail.ts","mutants":20,"killed":10,"survived":2,"noCoverage":0,"timeout":8,
 *      "score":90}
 *
 * Tests noticed those that are `killed` or `timeout`; `score` is their share in percent. Mutants
 * that cannot run at all do not count. Exits 1 if the score of all is below the low threshold of
 * `stryker.config.mjs`.
 */
import { readFileSync } from 'node:fs'

interface Report {
  readonly thresholds: { readonly low: number }
  readonly files: Readonly<Record<string, { readonly mutants: readonly { status: string }[] }>>
}

const LAST_REPORT = '.mutation/report.json'

function row(file: string, statuses: readonly string[]) {
  const count = (status: string) => statuses.filter((other) => other === status).length
  const [killed, survived] = [count('Killed'), count('Survived')]
  const [noCoverage, timeout] = [count('NoCoverage'), count('Timeout')]
  const mutants = killed + survived + noCoverage + timeout
  const score = Math.round((1000 * (killed + timeout)) / mutants) / 10
  return { file, mutants, killed, survived, noCoverage, timeout, score }
}

const paths = process.argv.length > 2 ? process.argv.slice(2) : [LAST_REPORT]
const reports = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')) as Report)
const statuses = new Map<string, string[]>()
for (const { files } of reports) {
  for (const [file, { mutants }] of Object.entries(files)) {
    const known = mutants.map(({ status }) => status)
    if (known.length > 0) statuses.set(file, known)
  }
}
for (const [file, known] of [...statuses].sort()) console.log(JSON.stringify(row(file, known)))
const all = row('all', [...statuses.values()].flat())
console.log(JSON.stringify(all))
if (reports.some(({ thresholds }) => all.score < thresholds.low)) process.exitCode = 1
