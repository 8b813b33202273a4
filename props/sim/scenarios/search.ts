/**
 * Searches the scenarios of the shipped log at random, deeper than they are explored completely, and
 * prints one report as JSON per line. A seed repeats a search:
 *
 *     node --conditions=millrace:sim dist/props/sim/scenarios/search.js 1000 [seed]
 */
import { search } from '../guided.js'
import { explorationsFrom } from './all.js'

const DECISIONS_MAX = 12
const CRASHES_MAX = 2

const [runs = '1000', seed] = process.argv.slice(2)
for (const { scenario, finds } of explorationsFrom('across 2^32')) {
  if (finds !== undefined) continue
  const report = search(scenario, {
    runs: Number(runs),
    decisions: DECISIONS_MAX,
    crashes: scenario.repair === undefined ? 0 : CRASHES_MAX,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  })
  console.log(JSON.stringify({ name: scenario.name, ...report }))
}
