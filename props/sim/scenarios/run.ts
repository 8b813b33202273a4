/**
 * Explores the scenarios of the shipped log and prints one report as JSON per line:
 *
 *     node --conditions=millrace:sim dist/props/sim/scenarios/run.js 'from 0'
 *     node --conditions=millrace:sim dist/props/sim/scenarios/run.js 'across 2^32' light
 */
import { explore } from '../explorer.js'
import { explorationsFrom, lighter } from './all.js'
import { STARTS, type Start } from './log-world.js'

const [start = 'from 0', weight] = process.argv.slice(2)
if (!(start in STARTS)) throw new Error(`no start '${start}'; there is ${Object.keys(STARTS)}`)
for (const exploration of explorationsFrom(start as Start)) {
  const { scenario, bounds, marks, finds } = weight === 'light' ? lighter(exploration) : exploration
  const report = explore(scenario, bounds)
  const missing = marks.filter((mark) => !report.marks.includes(mark))
  console.log(JSON.stringify({ report, missing, finds }))
}
