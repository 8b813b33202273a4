import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes } from '../codec/bytes.js'
import { Appender } from '../log/appender.js'
import { PartitionLog } from '../log/partition-log.js'
import { Reader } from '../log/reader.js'
import { Fixture } from '../producer/fixture.test.helper.js'
import { deadLetterGeometry } from '../topic/dead-letter-topic.js'
import type { OutgoingMessage } from '../topic/message.js'
import { readKey, readRecordHeaders } from '../topic/received-message.js'
import { DeadLetterWriter, type Failure } from './dead-letter.js'

const FAILURE: Failure = {
  reason: 'attempts',
  error: new RangeError('out of range'),
  attempts: 3,
  failingForMs: 5000.4,
}

/** Sends a message, buries it, and shows what lies in the dead letter log. */
async function buried(message: OutgoingMessage<Uint8Array>, failure: Failure = FAILURE) {
  const fixture = new Fixture<Uint8Array>({ codec: bytes(), memory: '64KiB' })
  await fixture.producer.send({ topic: 'orders', messages: [message] })
  const [source] = fixture.topic.logs
  assert.ok(source !== undefined)
  const reader = new Reader(source, 0, 0)
  assert.ok(reader.next() && reader.nextRecord())
  const letters = PartitionLog.create(deadLetterGeometry(source))
  const appender = new Appender(letters, fixture.table, fixture.thread.slot)
  const content = new DeadLetterWriter('billing', 7).write('orders', 0, reader, failure)
  assert.ok(appender.claim(content))
  appender.fill(content)
  appender.publish()
  const letter = new Reader(letters, 0, 0)
  assert.ok(letter.next() && letter.nextRecord())
  assert.equal(letter.remaining, 0)
  return {
    key: readKey(letter),
    value: letter.hasValue
      ? Buffer.from(letters.bytes.subarray(letter.valueFrom, letter.valueTo))
      : null,
    headers: readRecordHeaders(letter),
    timestamp: letter.timestamp,
  }
}

const MESSAGES: readonly [string, OutgoingMessage<Uint8Array>][] = [
  ['with everything', { key: 'grüße', value: Buffer.from([0, 255, 1]), headers: { a: 'b' } }],
  ['with a key of bytes', { key: Buffer.from([255, 0]), value: Buffer.from([1]), timestamp: 99 }],
  ['with an empty key and value', { key: '', value: Buffer.alloc(0) }],
  ['without key and value', { value: null }],
]
for (const [what, message] of MESSAGES) {
  test(`a message ${what} is kept byte for byte`, async () => {
    const { key, value, headers, timestamp } = await buried(message)
    assert.deepEqual(key, message.key ?? null)
    assert.deepEqual(value, message.value)
    for (const [name, header] of Object.entries(message.headers ?? {})) {
      assert.deepEqual(headers[name], header)
    }
    const now = Date.now()
    assert.ok(timestamp <= now && timestamp > now - 60_000)
    const original = Number(headers['dlq-timestamp'])
    assert.ok(original === message.timestamp || (original > now - 60_000 && original <= timestamp))
  })
}

test('its headers say where it comes from, when it failed, and of what it died', async () => {
  const sent = { key: 'k', value: Buffer.from([1]), headers: { 'dlq-reason': 'mine' } }
  const { headers } = await buried(sent)
  const last = Number(headers['dlq-last-failure'])
  assert.deepEqual(headers, {
    'dlq-topic': 'orders',
    'dlq-partition': '0',
    'dlq-offset': '0',
    'dlq-timestamp': headers['dlq-timestamp'],
    'dlq-group': 'billing',
    'dlq-reason': 'attempts',
    'dlq-attempts': '3',
    'dlq-first-failure': String(last - 5000),
    'dlq-last-failure': String(last),
    'dlq-worker': '7',
    'dlq-error-name': 'RangeError',
    'dlq-error-message': 'out of range',
    'dlq-error-stack': (FAILURE.error as Error).stack?.slice(0, 4096),
  })
})

const THROWN: readonly [string, unknown, string][] = [
  ['a text', 'just a text', 'just a text'],
  ['nothing', undefined, 'undefined'],
  ['a half character', 'x\ud800', 'x\ufffd'],
  ['an object that is no error', { code: 5 }, '[object Object]'],
  ['an object without a text', Object.create(null), 'object'],
  ['an object whose text fails', { toString: () => assert.fail('no') }, 'object'],
  ['a symbol', Symbol('sign'), 'Symbol(sign)'],
]
for (const [what, error, expected] of THROWN) {
  test(`a handler that throws ${what} leaves a dead letter`, async () => {
    const { headers } = await buried({ value: null }, { ...FAILURE, error })
    assert.equal(headers['dlq-error-message'], expected)
    assert.equal(headers['dlq-error-name'], undefined)
  })
}

test('codes, names and stacks of errors are texts of limited length, whatever they are', async () => {
  const error = Object.assign(new Error('m'.repeat(1000)), { code: 42, name: 'n'.repeat(1000) })
  error.stack = 's'.repeat(10_000)
  const { headers } = await buried({ value: null }, { ...FAILURE, error })
  assert.equal(headers['dlq-error-code'], '42')
  assert.equal(headers['dlq-error-message'], 'm'.repeat(512))
  assert.equal(headers['dlq-error-name'], 'n'.repeat(512))
  assert.equal(headers['dlq-error-stack'], 's'.repeat(4096))
  const bare = new Error('bare')
  delete (bare as { stack?: string }).stack
  const other = await buried({ value: null }, { ...FAILURE, error: bare })
  assert.equal(other.headers['dlq-error-stack'], '')
})

test('the largest message of a topic has room for its headers about death', async () => {
  for (const memory of [4096, '64KiB', '1MiB'] as const) {
    const fixture = new Fixture<Uint8Array>({ codec: bytes(), memory })
    const [source] = fixture.topic.logs
    assert.ok(source !== undefined)
    const value = Buffer.alloc(fixture.topic.messageBytesMax)
    await fixture.producer.send({ topic: 'orders', messages: [{ value }] })
    const reader = new Reader(source, 0, 0)
    assert.ok(reader.next() && reader.nextRecord())
    const letters = PartitionLog.create(deadLetterGeometry(source))
    const error = new Error('m'.repeat(1000))
    error.stack = '\u20ac'.repeat(10_000)
    const content = new DeadLetterWriter('g'.repeat(200), 255).write(
      't'.repeat(249),
      1023,
      reader,
      {
        ...FAILURE,
        error,
      },
    )
    assert.ok(content.to - content.from + 40 <= letters.frameBytesMax)
  }
})
