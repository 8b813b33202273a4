import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWanted, parseOptions } from './options.js'

test('names are lists or repeated, and parts of names do', () => {
  const options = parseOptions(['--only', 'raw,json', '--only', 'codec', '--rounds', '3'])
  assert.deepEqual(options, { only: ['raw', 'json', 'codec'], rounds: 3 })
  assert.equal(isWanted('raw-64', options), true)
  assert.equal(isWanted('postmessage', options), false)
  assert.equal(isWanted('postmessage', parseOptions([])), true)
})

test('what makes no sense is refused', () => {
  for (const rounds of ['0', '-1', '1.5', 'many', '']) {
    assert.throws(() => parseOptions([`--rounds=${rounds}`]), RangeError, rounds)
  }
  assert.throws(() => parseOptions(['--fast']))
})
