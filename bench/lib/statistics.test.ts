import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWide, judge, quantile, ratiosByRound, summarize } from './statistics.js'

test('quantiles interpolate between neighbours', () => {
  assert.equal(quantile([1, 2, 3, 4], 0), 1)
  assert.equal(quantile([1, 2, 3, 4], 0.25), 1.75)
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5)
  assert.equal(quantile([1, 2, 3, 4], 1), 4)
  assert.equal(quantile([7], 0.9), 7)
  assert.throws(() => quantile([], 0.5), RangeError)
})

test('a summary does not depend on the order of the rounds and leaves them alone', () => {
  const rounds = [9, 1, 10, 2, 8]
  assert.deepEqual(summarize(rounds), {
    min: 1,
    lowerQuartile: 2,
    median: 8,
    upperQuartile: 9,
    max: 10,
  })
  assert.deepEqual(rounds, [9, 1, 10, 2, 8])
})

test('ratios are taken round by round, so that a slow round of both rows cancels out', () => {
  assert.deepEqual(ratiosByRound([20, 2, 40], [10, 1, 10]), [2, 2, 4])
  assert.throws(() => ratiosByRound([1, 2], [1]), RangeError)
})

test('a verdict is plain only when every round agrees', () => {
  assert.equal(judge(summarize([20, 21, 30]), 20, 'at least'), 'met')
  assert.equal(judge(summarize([19, 21, 30]), 20, 'at least'), 'met at the median')
  assert.equal(judge(summarize([10, 19, 30]), 20, 'at least'), 'missed at the median')
  assert.equal(judge(summarize([10, 19, 19.9]), 20, 'at least'), 'missed')
})

test('a limit from above is the same, upside down', () => {
  assert.equal(judge(summarize([0, 0.1, 1]), 1, 'at most'), 'met')
  assert.equal(judge(summarize([0, 0.1, 1.1]), 1, 'at most'), 'met at the median')
  assert.equal(judge(summarize([0, 1.1, 16]), 1, 'at most'), 'missed at the median')
  assert.equal(judge(summarize([1.1, 2, 16]), 1, 'at most'), 'missed')
})

test('a row is wide when its middle half spans more than a quarter of its median', () => {
  assert.equal(isWide(summarize([90, 95, 100, 105, 110])), false)
  assert.equal(isWide(summarize([60, 80, 100, 120, 140])), true)
})
