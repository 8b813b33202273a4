/**
 * Brings faults about under load and checks that nothing is lost, reordered or stuck:
 *
 *     node --conditions=millrace:chaos dist/props/chaos/main.js
 *         [--kills 1000] [--seed 1] [--minutes 10] [--trials 1] [--json]
 *
 * Without `--json`, a table. With it, one line for each row of the table (`Row` in report.ts), one
 * for all of them together (`"row":"all"`), and one for each fault that does not apply yet. What
 * goes wrong is told on stderr, with the seed, and makes the exit status 1.
 *
 * It ends after `kills` deaths of threads, with every fault of the matrix equally often, and each at
 * least once; or after so many `minutes`; or after so many `trials`. Trial n has the seed `seed` + n,
 * from which its workload and faults are drawn: `--seed N --trials 1` runs the one with seed N again.
 */
import { parseArgs } from 'node:util'
import { FAULTS, possibleFaults } from './faults.js'
import { areOperationsCounted } from './operations.js'
import { drawPlan, trialsOfDeck } from './plan.js'
import { describeFindings, describeRows, NOT_YET, tabulate } from './report.js'
import { runTrial, type TrialResult } from './trial.js'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '0' },
    minutes: { type: 'string' },
    trials: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
if (!areOperationsCounted()) {
  console.error('Run it with node --conditions=millrace:chaos, so that operations are counted.')
  process.exit(2)
}

const deadly = new Set(FAULTS.filter(({ kills }) => kills).map(({ name }) => name))
const killsOfDeck = FAULTS.filter(({ kills }) => kills).reduce((sum, { times }) => sum + times, 0)
const kills = Number(values.kills)
const firstSeed = Number(values.seed)
const share = Math.min(1, kills / killsOfDeck)
const trialsMax = values.trials === undefined ? Number.POSITIVE_INFINITY : Number(values.trials)
const endMs =
  values.minutes === undefined ? undefined : Date.now() + Number(values.minutes) * 60_000

const results: TrialResult[] = []
const brought = new Set<string>()
let killed = 0

function isOver(): boolean {
  if (results.length >= trialsMax) return true
  if (endMs !== undefined) return Date.now() >= endMs
  // On a busy machine a trial may be over before all of its faults could happen.
  const isEachThere = possibleFaults().every(({ name }) => brought.has(name))
  return killed >= kills && isEachThere && results.length % trialsOfDeck() === 0
}

while (!isOver()) {
  const result = await runTrial(drawPlan(firstSeed + results.length), share)
  results.push(result)
  for (const [fault, times] of result.faults) {
    if (times > 0) brought.add(fault)
    if (deadly.has(fault)) killed += times
  }
  if (result.findings.length > 0) console.error(describeFindings(result))
  else process.stderr.write('.')
}
process.stderr.write('\n')
const rows = tabulate(results)
if (values.json) for (const row of [...rows, ...NOT_YET]) console.log(JSON.stringify(row))
else console.log(describeRows(rows))
process.exitCode = results.some(({ findings }) => findings.length > 0) ? 1 : 0
