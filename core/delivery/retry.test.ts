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

test('no pause is longer than a timer can be', () => {
  const policy = new RetryPolicy()
  const never = new RetryAfterError(Number.POSITIVE_INFINITY)
  assert.deepEqual(policy.judge(never, 1), { action: 'retry', delayMs: 2 ** 31 - 1 })
})

test('the limits are options themselves', () => {
  const most = { initialMs: 2 ** 31 - 1, factor: 1000, maxMs: 2 ** 31 - 1 }
  const patient = new RetryPolicy({ attempts: 1_000_000, backoff: most })
  assert.equal(patient.attempts, 1_000_000)
  assert.deepEqual(patient.judge(failure, 2), { action: 'retry', delayMs: 2 ** 31 - 1 })
  const least = new RetryPolicy({ attempts: 1, backoff: { initialMs: 0, factor: 1, maxMs: 0 } })
  assert.deepEqual(least.judge(failure, 1), { action: 'dead', reason: 'attempts' })
})

const ATTEMPTS = 'retry.attempts must be a whole number from 1 to 1000000, but is'
const MS = 'a number from 0 to 2147483647'
const FACTOR = 'retry.backoff.factor must be a number from 1 to 1000, but is'
const BAD: readonly [options: unknown, code: string, message: string][] = [
  [{ attempts: 0 }, 'INVALID_OPTION', `${ATTEMPTS} 0`],
  [{ attempts: 1.5 }, 'INVALID_OPTION', `${ATTEMPTS} 1.5`],
  [{ attempts: 1_000_001 }, 'INVALID_OPTION', `${ATTEMPTS} 1000001`],
  [{ tries: 3 }, 'UNKNOWN_OPTION', 'retry.tries is not an option; allowed are attempts, backoff'],
  [5, 'INVALID_OPTION', 'retry must be an object, but is 5'],
  [{ backoff: 100 }, 'INVALID_OPTION', 'retry.backoff must be an object, but is 100'],
  [
    { backoff: { jitter: 1 } },
    'UNKNOWN_OPTION',
    'retry.backoff.jitter is not an option; allowed are initialMs, factor, maxMs',
  ],
  [
    { backoff: { initialMs: -1 } },
    'INVALID_OPTION',
    `retry.backoff.initialMs must be ${MS}, but is -1`,
  ],
  [
    { backoff: { initialMs: 2 ** 31 } },
    'INVALID_OPTION',
    `retry.backoff.initialMs must be ${MS}, but is 2147483648`,
  ],
  [{ backoff: { factor: 0.5 } }, 'INVALID_OPTION', `${FACTOR} 0.5`],
  [{ backoff: { factor: 1001 } }, 'INVALID_OPTION', `${FACTOR} 1001`],
  [
    { backoff: { maxMs: Number.NaN } },
    'INVALID_OPTION',
    `retry.backoff.maxMs must be ${MS}, but is NaN`,
  ],
]
for (const [options, code, message] of BAD) {
  test(`retry options ${JSON.stringify(options)} are refused: ${message}`, () => {
    assert.throws(() => new RetryPolicy(options as RetryOptions), { code, message })
  })
}
