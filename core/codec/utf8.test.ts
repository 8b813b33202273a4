import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import * as memory from '#memory'
import { ByteWriter } from './byte-writer.js'
import { utf8 } from './utf8.js'

function decode(bytes: Uint8Array): string {
  const log = memory.allocate(1024).bytes.fill(0xff)
  log.set(bytes, 3)
  return utf8().decode(log, 3, 3 + bytes.length)
}

test('every string comes back unchanged or is refused when it is encoded', () => {
  fc.assert(
    // Any 16-bit units: many of these strings have lone surrogates.
    fc.property(fc.array(fc.nat(0xffff), { maxLength: 40 }), fc.boolean(), (units, narrow) => {
      const value = String.fromCharCode(...units.map((unit) => (narrow ? unit & 0xff : unit)))
      const writer = new ByteWriter()
      if (value.isWellFormed()) {
        utf8().encode(value, writer)
        assert.equal(decode(writer.bytes.subarray(0, writer.position)), value)
      } else {
        assert.throws(() => utf8().encode(value, writer), { code: 'INVALID_VALUE' })
        assert.equal(writer.position, 0)
      }
    }),
  )
})

test('junk gives a text or a typed error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      if (isUtf8(bytes)) assert.deepEqual(Buffer.from(decode(bytes)), Buffer.from(bytes))
      else assert.throws(() => decode(bytes), { code: 'UNDECODABLE_VALUE' })
    }),
  )
})

test('the errors name codec, type and size', () => {
  const writer = new ByteWriter()
  assert.throws(() => utf8().encode(5 as unknown as string, writer), {
    code: 'INVALID_VALUE',
    message: 'codec utf8 takes a string, but the value is number',
    details: { codec: 'utf8', received: 'number' },
  })
  assert.throws(() => utf8().encode('\ud800', writer), {
    code: 'INVALID_VALUE',
    message: 'codec utf8 takes a string without lone surrogates, but the value is string',
  })
  assert.throws(() => decode(Uint8Array.of(0x61, 0xff)), {
    code: 'UNDECODABLE_VALUE',
    message: 'codec utf8 reads UTF-8, but the 2 bytes are not',
    details: { codec: 'utf8', sizeBytes: 2 },
  })
})
