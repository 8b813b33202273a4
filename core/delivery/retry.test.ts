import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError, RetryAfterError, UnrecoverableError } from '../errors.js'
import { type RetryOptions, RetryPolicy } from './retry.js'

const failure = new Error('not yet')

function delays(policy: RetryPolicy, count: number): unknown[] {
  return Array.from({ length: count }, (_, index) => {
    const verdict = policy.judge(failure, index + 1)
    return verdict.action === 'retry' ? verdict.delayMs : verdict.reason
  })
}

test('by default a message is tried five times, each pause twice as long', () => {
  assert.deepEqual(delays(new RetryPolicy(), 6), [100, 200, 400, 800, 'attempts', 'attempts'])
})

test('pauses grow by the factor up to the longest one', () => {
  const backoff = { initialMs: 10, factor: 3, maxMs: 200 }
  assert.deepEqual(delays(new RetryPolicy({ attempts: 6, backoff }), 6), [
    10,
    30,
    90,
    200,
    200,
    'attempts',
  ])
  const many = new RetryPolicy({ attempts: 1_000_000 })
  assert.deepEqual(many.judge(failure, 999_999), { action: 'retry', delayMs: 30_000 })
})

test('what no retry can help is dead at the first attempt', () => {
  const policy = new RetryPolicy()
  const rejected = { action: 'dead', reason: 'rejected' }
  assert.deepEqual(policy.judge(new UnrecoverableError(), 1), rejected)
  const undecodable = new MillraceError('UNDECODABLE_VALUE', 'no text')
  assert.deepEqual(policy.judge(undecodable, 1), { action: 'dead', reason: 'decode' })
  const other = new MillraceError('SEND_TIMEOUT', 'the log was full')
  assert.equal(policy.judge(other, 1).action, 'retry')
})

test('a handler may choose the pause, but not more attempts', () => {
  const policy = new RetryPolicy({ attempts: 2 })
  const later = new RetryAfterError(7000)
  assert.deepEqual(policy.judge(later, 1), { action: 'retry', delayMs: 7000 })
  assert.deepEqual(policy.judge(later, 2), { action: 'dead', reason: 'attempts' })
  assert.equal(later.message, 'the handler asked for a retry in 7000 ms')
})

const BAD: readonly [unknown, string, string][] = [
  [{ attempts: 0 }, 'INVALID_OPTION', 'retry.attempts'],
  [{ attempts: 1.5 }, 'INVALID_OPTION', '1000000'],
  [{ tries: 3 }, 'UNKNOWN_OPTION', 'retry.tries'],
  [5, 'INVALID_OPTION', 'retry'],
  [{ backoff: 100 }, 'INVALID_OPTION', 'retry.backoff'],
  [{ backoff: { jitter: 1 } }, 'UNKNOWN_OPTION', 'retry.backoff.jitter'],
  [{ backoff: { initialMs: -1 } }, 'INVALID_OPTION', 'retry.backoff.initialMs'],
  [{ backoff: { factor: 0.5 } }, 'INVALID_OPTION', 'retry.backoff.factor'],
  [{ backoff: { maxMs: Number.NaN } }, 'INVALID_OPTION', 'retry.backoff.maxMs'],
]
for (const [options, code, part] of BAD) {
  test(`retry options ${JSON.stringify(options)} are refused`, () => {
    assert.throws(
      () => new RetryPolicy(options as RetryOptions),
      (error: MillraceError) => error.code === code && error.message.includes(part),
    )
  })
}
