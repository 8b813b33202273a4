import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CHOICES,
  falseAlarms,
  findsMutation,
  NAMES,
  validate,
  validHistories,
} from './validation.js'

const RUNS = 40

test('nothing is found in what a model does by the book', () => {
  fc.assert(
    fc.property(CHOICES, (choices) => {
      assert.deepEqual(falseAlarms(validHistories(choices)), [])
    }),
    { numRuns: RUNS },
  )
})

test('whatever a mutation brings about is found', () => {
  const places = new Map(NAMES.map((name) => [name, 0]))
  fc.assert(
    fc.property(CHOICES, (choices) => {
      const { calm } = validHistories(choices)
      for (const name of NAMES) {
        const isFound = findsMutation(name, calm, choices)
        assert.notEqual(isFound, false, name)
        if (isFound !== undefined) places.set(name, (places.get(name) ?? 0) + 1)
      }
    }),
    { numRuns: RUNS },
  )
  for (const [name, count] of places) assert.ok(count > 0, `no history had a place for ${name}`)
})

test('the validation counts what it planted, and is the same for the same seed', () => {
  const rows = validate(1, 3)
  assert.deepEqual(validate(1, 3), rows)
  assert.deepEqual(
    rows.map(({ anomaly }) => anomaly),
    NAMES,
  )
  for (const { planted, found, validHistories, falseAlarms } of rows) {
    assert.ok(planted >= 1 && planted <= 4)
    assert.equal(found, planted)
    assert.equal(validHistories, 7)
    assert.equal(falseAlarms, 0)
  }
})
