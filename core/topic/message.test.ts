/// <reference lib="es2024.string" />
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { ByteWriter } from '../codec/byte-writer.js'
import { type Headers, isBytes, readHeaders, writeHeaders } from './message.js'

function roundTrip(headers: Headers) {
  const writer = new ByteWriter(16)
  writer.blob(new Uint8Array(3)) // They need not begin on a word.
  assert.equal(writeHeaders(headers, writer), Object.keys(headers).length > 0)
  return readHeaders(writer.bytes, 3, writer.position)
}

const wellFormed = fc.string({ unit: 'grapheme' })
const headersArbitrary = fc.dictionary(
  wellFormed,
  fc.oneof(wellFormed, fc.uint8Array({ maxLength: 300 })),
)

test('headers come back as they were, text as text and bytes as bytes', () => {
  fc.assert(
    fc.property(headersArbitrary, (headers) => {
      const expected = Object.entries(headers).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : Buffer.from(value),
      ])
      assert.deepEqual(Object.entries(roundTrip(headers)), expected)
    }),
  )
})

test('a header may be called __proto__', () => {
  const headers = JSON.parse('{"__proto__":"text"}')
  const received = roundTrip(headers)
  assert.deepEqual(Object.entries(received), [['__proto__', 'text']])
  assert.equal(Object.getPrototypeOf(received), Object.prototype)
})

test('bytes that were received are a copy', () => {
  const writer = new ByteWriter()
  writeHeaders({ trace: Buffer.from([1, 2, 3]) }, writer)
  const received = readHeaders(writer.bytes, 0, writer.position)
  writer.bytes.fill(0)
  assert.deepEqual(received, { trace: Buffer.from([1, 2, 3]) })
})

test('text that is none is readable nevertheless, as far as it is text', () => {
  const writer = new ByteWriter()
  writeHeaders({ trace: 'ab' }, writer)
  writer.bytes[writer.position - 1] = 0xff
  assert.deepEqual(readHeaders(writer.bytes, 0, writer.position), { trace: 'a\ufffd' })
})

const REFUSED: readonly [what: string, headers: unknown, message: string][] = [
  ['a text', 'a=b', "headers must be an object, but is 'a=b'"],
  ['null', null, 'headers must be an object, but is null'],
  ['an array', [['a', 'b']], 'headers must be an object, but is an array'],
  ['a number as value', { a: 7 }, "header 'a' must be a string or a Uint8Array, but is 7"],
  ['null as value', { a: null }, "header 'a' must be a string or a Uint8Array, but is null"],
  [
    'other views',
    { a: new Uint16Array(1) },
    "header 'a' must be a string or a Uint8Array, but is an object",
  ],
  [
    'a value that is not text',
    { a: '\ud800' },
    "header 'a' must be without lone surrogates, but is '\ud800'",
  ],
  [
    'a name that is not text',
    { '\udc00': 'a' },
    "header '\udc00' must be named without lone surrogates, but is '\udc00'",
  ],
]

/** What was wrong: the headers themselves, a value, or a name without text. */
function receivedOf(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return headers
  const [[name, value] = []] = Object.entries(headers)
  return name?.isWellFormed() ? value : name
}

for (const [what, headers, message] of REFUSED) {
  test(`headers are refused: ${what}`, () => {
    const writer = new ByteWriter()
    assert.throws(() => writeHeaders(headers as Headers, writer), {
      code: 'INVALID_HEADERS',
      message,
      details: { field: /^header(s| '.')/.exec(message)?.[0], received: receivedOf(headers) },
    })
  })
}

test('bytes are Uint8Arrays of any kind, nothing else', () => {
  assert.equal(isBytes(runInNewContext('new Uint8Array(1)')), true)
  assert.equal(isBytes(runInNewContext('new Int8Array(1)')), false)
  assert.equal(isBytes(new Uint8Array(1)), true)
  assert.equal(isBytes(Buffer.alloc(1)), true)
  for (const value of [new Int8Array(1), new DataView(new ArrayBuffer(1)), [1], 'a', null]) {
    assert.equal(isBytes(value), false)
  }
})
