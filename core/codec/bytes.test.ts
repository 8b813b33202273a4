import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import * as memory from '#memory'
import { ByteWriter } from './byte-writer.js'
import { bytes } from './bytes.js'

test('all bytes come back from shared memory as a copy of their own', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (value, from) => {
      const writer = new ByteWriter()
      bytes().encode(value, writer)

      const log = memory.allocate(256).bytes
      log.set(writer.bytes.subarray(0, writer.position), from)
      const decoded = bytes().decode(log, from, from + writer.position)
      log.fill(0xee)

      assert.deepEqual(decoded, Buffer.from(value))
    }),
  )
})

test('takes Buffers, parts of larger memory, shared memory and arrays of other realms', () => {
  const whole = Uint8Array.of(0, 1, 2, 3, 4)
  const shared = memory.allocate(8).bytes.subarray(0, 3).fill(7)
  const foreign: Uint8Array = runInNewContext('Uint8Array.of(8, 9)')
  const writer = new ByteWriter()
  for (const value of [Buffer.from('a'), whole.subarray(2, 4), shared, foreign]) {
    bytes().encode(value, writer)
  }
  const content = [...writer.bytes.subarray(0, writer.position)]
  assert.deepEqual(content, [97, 2, 3, 7, 7, 7, 8, 9])
})

const REFUSED: Readonly<Record<string, unknown>> = {
  string: 'text',
  null: null,
  undefined: undefined,
  number: 5,
  Array: [1, 2],
  ArrayBuffer: new ArrayBuffer(2),
  Float64Array: new Float64Array(1),
  DataView: new DataView(new ArrayBuffer(2)),
  Object: { length: 2 },
  object: revokedProxy(),
}

for (const [received, value] of Object.entries(REFUSED)) {
  test(`refuses and names: ${received}`, () => {
    const writer = new ByteWriter()
    assert.throws(() => bytes().encode(value as Uint8Array, writer), {
      code: 'INVALID_VALUE',
      message: `codec bytes takes a Uint8Array, but the value is ${received}`,
      details: { codec: 'bytes', received },
    })
    assert.equal(writer.position, 0)
  })
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
