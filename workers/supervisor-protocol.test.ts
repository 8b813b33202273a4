import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError, UnrecoverableError } from '../core/errors.js'
import { fromMemo, toMemo } from './supervisor-protocol.js'

function crossed(error: unknown): Error {
  return fromMemo(structuredClone(toMemo(error)))
}

test('an error of Millrace arrives with code, details and cause', () => {
  const cause = Object.assign(new SyntaxError('no such file'), { code: 'ENOENT' })
  const sent = new MillraceError('HANDLER_NOT_LOADED', 'not loaded', { handler: 'x' }, cause)
  const received = crossed(sent)
  assert.ok(received instanceof MillraceError)
  assert.equal(received.code, 'HANDLER_NOT_LOADED')
  assert.equal(received.message, 'not loaded')
  assert.deepEqual(received.details, { handler: 'x' })
  const reason = received.cause as Error
  assert.equal(reason.name, 'SyntaxError')
  assert.equal(reason.message, 'no such file')
  assert.equal(reason.stack, cause.stack)
  assert.equal(Reflect.get(reason, 'code'), 'ENOENT')
})

test('details that cannot be cloned stay behind, the others arrive', () => {
  const sent = new MillraceError('INVALID_OPTION', 'bad', { received: () => {}, field: 'handler' })
  const received = crossed(sent) as MillraceError
  assert.deepEqual(received.details, { field: 'handler' })
})

test('other errors keep name, stack and cause, and whatever else was thrown its text', () => {
  const sent = new UnrecoverableError('refused')
  const received = crossed(sent)
  assert.equal(received.name, 'UnrecoverableError')
  assert.equal(Reflect.get(received, 'code'), 'UNRECOVERABLE')
  assert.equal(received.stack, sent.stack)
  assert.equal(crossed('just a text').message, 'just a text')
  const nested = crossed(new Error('outer', { cause: new Error('inner') }))
  assert.equal((nested.cause as Error).message, 'inner')
  const bare = new Error('bare')
  delete (bare as { stack?: string }).stack
  assert.equal(crossed(bare).message, 'bare')
  const unnamed = Object.assign(new Error('half'), { name: 'MillraceError' })
  assert.ok(!(crossed(unnamed) instanceof MillraceError))
})
