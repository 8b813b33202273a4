/**
 * Kills threads under load and checks that nothing is lost, reordered or stuck:
 *
 *     node dist/props/chaos/main.js [--kills 200] [--seed 1] [--minutes 10]
 *
 * `kills` workers and as many producers, in trials of 20 and 20; with `minutes`, on and on until
 * the time is over. Trial `n` has the seed `seed + n`.
 */
import { parseArgs } from 'node:util'
import { drawPlan } from './plan.js'
import { describeFindings, describeTrials } from './report.js'
import { runTrial, type TrialResult } from './trial.js'

const KILLS_PER_TRIAL = 20

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
  },
})
const kills = Number(values.kills)
const firstSeed = Number(values.seed)
const endMs =
  values.minutes === undefined ? undefined : Date.now() + Number(values.minutes) * 60_000

const results: TrialResult[] = []
let workersKilled = 0
let producersKilled = 0

function isOver(): boolean {
  if (endMs !== undefined) return Date.now() >= endMs
  return workersKilled >= kills && producersKilled >= kills
}

while (!isOver()) {
  const left = (killed: number) =>
    endMs === undefined ? Math.min(KILLS_PER_TRIAL, Math.max(0, kills - killed)) : KILLS_PER_TRIAL
  const result = await runTrial(drawPlan(firstSeed + results.length), {
    workers: left(workersKilled),
    producers: left(producersKilled),
  })
  results.push(result)
  workersKilled += result.workerKills
  producersKilled += result.producerKills
  if (result.findings.length > 0) console.log(describeFindings(result))
  else process.stderr.write('.')
}
process.stderr.write('\n')
console.log(describeTrials(results))
process.exitCode = results.some(({ findings }) => findings.length > 0) ? 1 : 0
