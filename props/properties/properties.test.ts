/**
 * Every property of the design, each with cases of its own in each run. The seed is told; a failure
 * prints how to see it again. MILLRACE_RUNS multiplies the cases, MILLRACE_SEED draws the same ones.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALL_PROPERTIES } from './all.js'
import { DESIGNED, LATER } from './names.js'
import { drawSeed } from './property.js'

const { MILLRACE_SEED, MILLRACE_RUNS = '1' } = process.env
const seed = MILLRACE_SEED === undefined ? drawSeed() : Number(MILLRACE_SEED)
const factor = Number(MILLRACE_RUNS)
/** What an oracle cannot notice in so many runs, it does not notice. */
const FAULT_SEED = 1

test('every property of the design is declared, or waits for a feature', () => {
  const names = [...ALL_PROPERTIES.map(({ name }) => name), ...Object.keys(LATER)]
  assert.deepEqual(names.sort(), [...DESIGNED].sort())
})

describe(`properties, with seed ${seed}`, () => {
  for (const property of ALL_PROPERTIES) {
    test(`${property.name}: ${property.claim}`, async (context) => {
      const { failure, runs, marks } = await property.check({ seed, factor })
      context.diagnostic(`${runs} cases, ${JSON.stringify(marks)}`)
      assert.equal(failure, undefined)
    })
  }
})

describe('the oracles notice what they are there for', () => {
  test('every property has a defect that it must notice', () => {
    for (const { name, faults } of ALL_PROPERTIES) assert.ok(faults.length > 0, name)
  })
  for (const property of ALL_PROPERTIES) {
    for (const fault of property.faults) {
      test(`${property.name} notices that ${fault}`, async () => {
        const { failure = '' } = await property.check({ seed: FAULT_SEED, fault })
        assert.match(failure, /Property failed after/)
      })
    }
  }
})
