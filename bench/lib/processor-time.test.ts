import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foreignShare, parseProcessorTicks } from './processor-time.js'

test('stolen time is busy, waiting for disks is not, guest time is not counted twice', () => {
  const text = 'cpu  100 10 50 800 20 3 7 10 55 5\ncpu0 1 2 3 4 5 6 7 8 9 0\n'
  assert.deepEqual(parseProcessorTicks(text), { busy: 180, total: 1000 })
})

test('another form of text gives no answer instead of a wrong one', () => {
  assert.equal(parseProcessorTicks('cpu  1 2 3\n'), undefined)
  assert.equal(parseProcessorTicks('intr 12345 0 0 0 0 0 0 0 0\n'), undefined)
})

test('what the benchmark itself used is not foreign', () => {
  const before = { busy: 1000, total: 5000 }
  const after = { busy: 1150, total: 5200 }
  assert.equal(foreignShare(before, after, 1000), 0.25)
  assert.equal(foreignShare(before, after, 1500), 0)
  assert.equal(foreignShare(before, after, 1600), 0)
  assert.equal(foreignShare(before, before, 0), 0)
})
