/**
 * Explores the scenarios of the shipped log from one start, or from all, and prints one JSON object
 * per line:
 *
 *     node --conditions=millrace:sim dist/props/sim/scenarios/run.js 'from 0'
 *     node --conditions=millrace:sim dist/props/sim/scenarios/run.js all light
 *     node --conditions=millrace:sim dist/props/sim/scenarios/run.js all full 'two laps' --store
 *
 * The arguments are the start (`from 0`, `across 2^31`, `across 2^32`, `all`), the bounds (`full`,
 * `light` for those of `npm test`, `deep` for what takes many minutes and GB), and a part of the names of the scenarios that are wanted.
 * `--store` stores a schedule that fails in `props/sim/examples`.
 *
 * | field | what |
 * |---|---|
 * | `scenario`, `start` | its name, and where the log begins |
 * | `bounds` | `preemptions` (`"all"` for no bound), `crashes`, and how states are told apart, see `Bounds` |
 * | `states`, `executions`, `endings`, `elapsedMs` | what was explored |
 * | `complete` | whether that is everything within the bounds |
 * | `marks`, `missing` | what was reached, and what should have been |
 * | `finds` | of a canary: the kind of violation that must be found |
 * | `violation` | `kind`, `message`, `schedule`, `trace`; a schedule is shown on stderr as well |
 * | `ok` | whether all is as it should be |
 *
 * The last line, `{ "marks", "missing", "ok" }`, says whether each mark that is required was reached
 * in one scenario or another. Exits with 1 if anything is not as it should be.
 */
import { parseArgs } from 'node:util'
import { type Bounds, explore, type FoundViolation } from '../explorer.js'
import { type Exploration, explorationsFrom, lighter, REQUIRED_MARKS } from './all.js'
import { storeExample } from './examples.js'
import { STARTS, type Start } from './log-world.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { store: { type: 'boolean', default: false } },
})
const [wanted = 'from 0', weight = 'full', part = ''] = positionals
const starts = (Object.keys(STARTS) as Start[]).filter((start) => [start, 'all'].includes(wanted))
if (starts.length === 0) throw new Error(`no start '${wanted}'; there is ${Object.keys(STARTS)}`)
if (!['light', 'full', 'deep'].includes(weight)) throw new Error(`no bounds '${weight}'`)

const reached = new Set<string>()
let isRight = true

for (const start of starts) {
  for (const exploration of explorationsFrom(start)) {
    if (!exploration.scenario.name.includes(part)) continue
    tell(exploreOne(weighed(exploration, start), start))
  }
}
if (part === '' && starts.includes('from 0')) {
  const missing = REQUIRED_MARKS.filter((mark) => !reached.has(mark))
  tell({ marks: [...reached].sort(), missing, ok: missing.length === 0 })
}
if (!isRight) process.exitCode = 1

function weighed(exploration: Exploration, start: Start): Exploration {
  if (weight === 'light') return lighter(exploration, start)
  const { bounds, deepBounds = bounds } = exploration
  return weight === 'deep' ? { ...exploration, bounds: deepBounds } : exploration
}

function tell(line: { readonly ok: boolean } & Readonly<Record<string, unknown>>): void {
  isRight &&= line.ok
  console.log(JSON.stringify(line))
}

function exploreOne({ scenario, bounds, marks, finds }: Exploration, start: Start) {
  const { name, violation, ...report } = explore(scenario, bounds)
  const missing = marks.filter((mark) => !report.marks.includes(mark))
  for (const mark of report.marks) reached.add(mark)
  const isFound = violation?.kind === finds
  if (violation !== undefined && !isFound) explain(name, violation)
  return {
    scenario: name,
    start,
    bounds: printable(bounds),
    ...report,
    missing,
    ...(finds === undefined ? {} : { finds }),
    ...(violation === undefined ? {} : { violation }),
    ok: isFound && missing.length === 0 && (report.complete || finds !== undefined),
  }
}

function explain(name: string, violation: FoundViolation): void {
  const { kind, message, schedule, trace } = violation
  console.error(`${name}\n${kind}: ${message}\nschedule: ${JSON.stringify(schedule)}`)
  for (const line of trace) console.error(`  ${line}`)
  if (values.store) console.error(`stored as ${storeExample(name, violation)}`)
}

function printable(bounds: Bounds): object {
  const { preemptions, ...rest } = bounds
  return { preemptions: Number.isFinite(preemptions) ? preemptions : 'all', ...rest }
}
