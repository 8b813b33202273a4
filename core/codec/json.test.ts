import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as memory from '#memory'
import { MillraceError } from '../errors.js'
import { ByteWriter } from './byte-writer.js'
import { json } from './json.js'

function encode(value: unknown): Buffer {
  const writer = new ByteWriter(16)
  json().encode(value, writer)
  return writer.bytes.subarray(0, writer.position)
}

function decode(bytes: Uint8Array): unknown {
  const log = memory.allocate((bytes.length + 16) & ~7).bytes.fill(0xff)
  log.set(bytes, 3)
  return json().decode(log, 3, 3 + bytes.length)
}

function refusalOf(action: () => unknown): MillraceError {
  try {
    action()
  } catch (error) {
    assert.ok(error instanceof MillraceError)
    return error
  }
  return assert.fail('nothing was thrown')
}

test('a value comes back as JSON keeps it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), fc.object()), (value) => {
      const text = JSON.stringify(value)
      assert.deepEqual(encode(value), Buffer.from(text))
      assert.deepEqual(decode(encode(value)), JSON.parse(text))
    }),
  )
})

test('a lone surrogate survives, as JSON escapes it', () => {
  const value = { 'k\udc00': ['\ud83d', '\ud83d\ude00', '\ufffd'] }
  assert.deepEqual(decode(encode(value)), value)
})

test('refuses a value without JSON and names its type', () => {
  const valueless = { toJSON: () => undefined }
  for (const value of [undefined, () => 0, Symbol('s'), valueless]) {
    const error = refusalOf(() => encode(value))
    const received = value === valueless ? 'Object' : typeof value
    assert.equal(error.code, 'INVALID_VALUE')
    assert.equal(
      error.message,
      `codec json takes what JSON.stringify takes, but the value is ${received}`,
    )
    assert.deepEqual(error.details, { codec: 'json', received })
  }
})

test('refuses what JSON.stringify throws for, and keeps its error as the cause', () => {
  const cyclic: { self?: object } = {}
  cyclic.self = cyclic
  const thrown = new Error('from toJSON')
  const throwing = {
    toJSON() {
      throw thrown
    },
  }
  for (const value of [1n, { amount: 1n }, cyclic]) {
    const error = refusalOf(() => encode(value))
    assert.equal(error.code, 'INVALID_VALUE')
    assert.ok(error.cause instanceof TypeError)
  }
  assert.equal(refusalOf(() => encode(throwing)).cause, thrown)
})

test('a refused value appends nothing', () => {
  const writer = new ByteWriter()
  assert.throws(() => json().encode({ amount: 1n }, writer))
  assert.equal(writer.position, 0)
})

test('junk gives a value or a typed error', () => {
  const nearlyJson = fc.tuple(fc.json(), fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const broken = Buffer.from(text)
    broken[at % broken.length] = byte
    return broken
  })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), nearlyJson), (bytes) => {
      const expected = parseStrictly(bytes)
      if (expected !== undefined) assert.deepEqual(decode(bytes), expected.value)
      else assert.equal(refusalOf(() => decode(bytes)).code, 'UNDECODABLE_VALUE')
    }),
    { numRuns: 1000 },
  )
})

test('bytes that are not JSON, or not UTF-8 inside a string, say so', () => {
  for (const text of ['', '{"a":', '{"a":1}x', 'undefined', '\ufeff1']) {
    const error = refusalOf(() => decode(Buffer.from(text)))
    const sizeBytes = Buffer.byteLength(text)
    assert.equal(error.code, 'UNDECODABLE_VALUE')
    assert.equal(error.message, `codec json reads JSON, but the ${sizeBytes} bytes are not`)
    assert.deepEqual(error.details, { codec: 'json', sizeBytes })
    assert.ok(error.cause instanceof SyntaxError)
  }
  const latin1 = refusalOf(() => decode(Buffer.from('"K\u00f6ln"', 'latin1')))
  assert.equal(latin1.message, 'codec json reads UTF-8, but the 6 bytes are not')
})

/** An independent reading of the same bytes; undefined if they are not JSON in UTF-8. */
function parseStrictly(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return { value: JSON.parse(decoder.decode(bytes)) }
  } catch {
    return undefined
  }
}
