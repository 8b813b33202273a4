import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from './plan.js'
import { describeFindings, describeTrials } from './report.js'
import { runTrial } from './trial.js'

/** Other seeds, and hundreds of deaths: `node dist/props/chaos/main.js`. */
const SEEDS = [101, 103, 104, 105]

test('workers and producers die at random, and nothing is lost, reordered or stuck', async (t) => {
  const results = []
  for (const seed of SEEDS) {
    const result = await runTrial(drawPlan(seed), { workers: 5, producers: 5 })
    assert.deepEqual(result.findings, [], describeFindings(result))
    results.push(result)
  }
  t.diagnostic(`\n${describeTrials(results)}`)
  assert.ok(
    results.some(({ laps }) => laps > 1),
    'no log wrapped',
  )
})
