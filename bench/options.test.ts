import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWanted, parseOptions } from './options.js'

test('names are lists or repeated, and parts of names do', () => {
  const options = parseOptions(['--only', 'raw,json', '--only', 'codec'])
  assert.deepEqual(options.only, ['raw', 'json', 'codec'])
  assert.equal(isWanted('raw-64', options), true)
  assert.equal(isWanted('postmessage', options), false)
  assert.equal(isWanted('postmessage', parseOptions([])), true)
})

test('numbers are whole', () => {
  const { rounds, patienceSeconds } = parseOptions(['--rounds', '3', '--patience', '0'])
  assert.deepEqual({ rounds, patienceSeconds }, { rounds: 3, patienceSeconds: 0 })
})

test('what makes no sense is refused', () => {
  for (const rounds of ['0', '-1', '1.5', 'many', '']) {
    assert.throws(() => parseOptions([`--rounds=${rounds}`]), RangeError, rounds)
  }
  assert.throws(() => parseOptions(['--patience=-1']), RangeError)
  assert.throws(() => parseOptions(['--fast']))
})
