/** Properties of whole engines whose threads die, on real threads: workload and deaths are drawn. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { drawPlan } from '../chaos/plan.js'
import { describeFindings } from '../chaos/report.js'
import { runTrial, type TrialResult } from '../chaos/trial.js'
import { PROPERTIES } from '../chaos/verdict.js'

const TRIALS = 3
/** Others in each run; the seed is told, and `drawPlan` makes the same workload of it again. */
const FIRST_SEED = Date.now() % 1_000_000_000

describe(`workers and producers die, seeds from ${FIRST_SEED} on`, () => {
  const results: TrialResult[] = []

  before(async () => {
    for (let trial = 0; trial < TRIALS; trial++) {
      const plan = drawPlan(FIRST_SEED + trial)
      results.push(await runTrial(plan, 0))
    }
  })

  for (const property of PROPERTIES) {
    test(property, () => {
      const broken = results.filter(({ findings }) => findings.some((f) => f.property === property))
      assert.equal(broken.map(describeFindings).join('\n'), '')
    })
  }

  test('at-least-once: the handlers saw every record that was acknowledged', () => {
    for (const { plan, acknowledged, deliveries } of results) {
      assert.ok(acknowledged > 0, `nothing was sent in trial ${plan.seed}`)
      assert.ok(deliveries >= acknowledged * plan.groups)
    }
  })
})
