import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError, RetryAfterError, UnrecoverableError } from './errors.js'

test('an error has a code, and says what it is about', () => {
  const error = new MillraceError('INVALID_KEY', 'a key is bad', { topic: 'orders' })
  assert.equal(error.name, 'MillraceError')
  assert.equal(error.code, 'INVALID_KEY')
  assert.deepEqual(error.details, { topic: 'orders' })
  assert.equal(Object.hasOwn(error, 'cause'), false)
  assert.deepEqual(new MillraceError('INVALID_KEY', 'a key is bad').details, {})
})

test('an error keeps the one that lies behind it', () => {
  const cause = new Error('behind')
  assert.equal(new MillraceError('ENGINE_CLOSED', 'closed', {}, cause).cause, cause)
  assert.equal(new UnrecoverableError('no', cause).cause, cause)
})

test('a handler may refuse a message without a word', () => {
  const error = new UnrecoverableError()
  assert.equal(error.name, 'UnrecoverableError')
  assert.equal(error.code, 'UNRECOVERABLE')
  assert.equal(error.message, 'the handler refused this message')
})

test('a handler asks for its next attempt in a number of milliseconds', () => {
  const error = new RetryAfterError(250)
  assert.equal(error.name, 'RetryAfterError')
  assert.equal(error.code, 'RETRY_AFTER')
  assert.equal(error.message, 'the handler asked for a retry in 250 ms')
  assert.equal(error.delayMs, 250)
  assert.deepEqual(error.details, { delayMs: 250 })
  assert.equal(new RetryAfterError(0, 'at once').message, 'at once')
  assert.equal(new RetryAfterError(Number.POSITIVE_INFINITY).delayMs, Number.POSITIVE_INFINITY)
})

for (const delayMs of [-1, Number.NaN]) {
  test(`a retry in ${delayMs} ms is refused`, () => {
    assert.throws(() => new RetryAfterError(delayMs), {
      code: 'INVALID_OPTION',
      message: `delayMs must be 0 or more, but is ${delayMs}`,
      details: { field: 'delayMs', received: delayMs },
    })
  })
}
