/**
 * Searches the scenarios of the shipped log at random, deeper than they are explored completely, and
 * prints one JSON object per line. A seed repeats a search:
 *
 *     node --conditions=millrace:sim dist/props/sim/scenarios/search.js 1000 [seed] [--store]
 *
 * | field | what |
 * |---|---|
 * | `scenario` | its name |
 * | `runs`, `seed` | schedules that were run, and what repeats them |
 * | `violation` | `kind`, `message`, `path`, `schedule` (shrunk), `trace` |
 * | `ok` | whether nothing was found |
 *
 * `--store` stores a schedule that fails in `props/sim/examples`. Exits with 1 if there is one.
 */
import { parseArgs } from 'node:util'
import { search } from '../guided.js'
import { explorationsFrom } from './all.js'
import { storeExample } from './examples.js'

const DECISIONS_MAX = 12
const CRASHES_MAX = 2

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { store: { type: 'boolean', default: false } },
})
const [runs = '1000', seed] = positionals
for (const { scenario, finds } of explorationsFrom('across 2^32')) {
  if (finds !== undefined) continue
  const report = search(scenario, {
    runs: Number(runs),
    decisions: DECISIONS_MAX,
    crashes: scenario.repair === undefined ? 0 : CRASHES_MAX,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  })
  const { violation } = report
  console.log(JSON.stringify({ scenario: scenario.name, ...report, ok: violation === undefined }))
  if (violation === undefined) continue
  process.exitCode = 1
  if (values.store) console.error(`stored as ${storeExample(scenario.name, violation)}`)
}
