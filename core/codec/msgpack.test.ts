import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Packr, pack } from 'msgpackr'
import * as memory from '#memory'
import { MillraceError } from '../errors.js'
import { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { msgpack } from './msgpack.js'
import type { MsgpackOptions } from './msgpack-structures.js'
import { describeCodec } from './portable.js'

const ORDER = { id: 70, customer: 'é-17', amount: 2.5, paid: true }
const NAMES = ['id', 'customer', 'amount', 'paid']
const listed = msgpack({ structures: [['x'], NAMES] })

function encode(value: unknown, codec: Codec<unknown> = msgpack(), at = 0): Buffer {
  const writer = new ByteWriter(16)
  writer.position = at
  codec.encode(value, writer)
  return Buffer.from(writer.bytes.subarray(at, writer.position))
}

/** From shared memory, between other bytes, which change afterwards. */
function decode(content: Uint8Array, codec: Codec<unknown> = msgpack(), at = 8): unknown {
  const log = memory.allocate((content.length + at + 16) & ~7).bytes.fill(0xff)
  log.set(content, at)
  const value = codec.decode(log, at, at + content.length)
  log.fill(0xee)
  return value
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

const jsonValues = fc
  .jsonValue({ stringUnit: 'binary' })
  // The name of the one property that msgpackr reads under another name.
  .filter((value) => !JSON.stringify(value).includes('__proto__'))

test('what JSON can say comes back, wherever it lies', () => {
  for (const codec of [msgpack(), listed]) {
    fc.assert(
      fc.property(jsonValues, fc.nat(9), (value, at) => {
        // MessagePack has no -0.
        const expected = JSON.parse(JSON.stringify(value))
        assert.deepEqual(decode(encode(value, codec, at), codec, at), expected)
      }),
    )
  }
})

test('long values and long texts come back', () => {
  for (const value of [
    Array.from({ length: 300 }, (_, id) => ({ ...ORDER, id, note: `note ${id}` })),
    '\ufeffé\u{1f600}'.repeat(3000),
    { note: 'a'.repeat(100), other: 'é'.repeat(100) },
  ]) {
    for (const codec of [msgpack(), listed]) assert.deepEqual(decode(encode(value, codec)), value)
  }
})

test('the bytes are MessagePack', () => {
  const plain = encode({ id: 7, paid: true })
  assert.deepEqual([...plain], [0xde, 0, 2, 0xa2, 0x69, 0x64, 7, 0xa4, ...bytesOf('paid'), 0xc3])
  assert.deepEqual([...encode({ x: -1 }, listed)], [0x40, 0xff])
})

const bytesOf = (text: string): number[] => [...Buffer.from(text)]

test('it keeps more than JSON does', () => {
  const value = {
    date: new Date(1_700_000_000_123),
    absent: undefined,
    numbers: [Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 53 - 1, -(2 ** 31), 2 ** 32, 0.1],
    big: [5n, -(2n ** 63n), 2n ** 64n - 1n],
    bytes: Buffer.of(1, 2, 255),
  }
  assert.deepEqual(decode(encode(value)), value)
})

test('what it cannot keep comes back as it says', () => {
  class Point {
    x = 1
  }
  class Told {
    toJSON() {
      return 'told'
    }
  }
  const named = JSON.parse('{"__proto__":1,"constructor":2,"hasOwnProperty":3}')
  const kept: readonly (readonly [value: unknown, expected: unknown])[] = [
    [new Map<unknown, string>([[1, 'a']]), { 1: 'a' }],
    [new Set([1, 2]), [1, 2]],
    [new Error('late'), ['Error', 'late', undefined]],
    [() => 1, undefined],
    [new Point(), { x: 1 }],
    [new Told(), 'told'],
    [-0, 0],
    ['half \ud83d', 'half \ufffd'],
    [new Uint16Array([258]), Buffer.of(2, 1)],
    [named, { __proto_: 1, constructor: 2, hasOwnProperty: 3 }],
  ]
  for (const [value, expected] of kept) assert.deepEqual(decode(encode(value)), expected)
})

test('refuses what MessagePack cannot hold, with the reason, and appends nothing', () => {
  const cyclic: { self?: object } = {}
  cyclic.self = cyclic
  const writer = new ByteWriter()
  for (const value of [Symbol('s'), [2n ** 64n], cyclic]) {
    const error = refusalOf(() => msgpack().encode(value, writer))
    assert.equal(error.code, 'INVALID_VALUE')
    assert.match(error.message, /^codec msgpack takes what MessagePack can hold, but the value is /)
    assert.ok(error.cause instanceof Error)
  }
  assert.equal(writer.position, 0)
  assert.deepEqual(decode(encode(ORDER)), ORDER)
})

test('bytes are copies, and texts are', () => {
  const value = decode(
    encode({ a: Buffer.alloc(10, 7), b: 'x'.repeat(200), c: Buffer.alloc(999, 7) }),
  )
  decode(encode({ a: Buffer.alloc(10, 8), b: 'y'.repeat(200), c: Buffer.alloc(999, 8) }))
  assert.deepEqual(value, { a: Buffer.alloc(10, 7), b: 'x'.repeat(200), c: Buffer.alloc(999, 7) })
})

test('a listed object has no names in it, any other one does', () => {
  const content = encode(ORDER, listed)
  assert.deepEqual(
    [...content],
    [0x41, 0xcc, 70, 0xa5, ...bytesOf('é-17'), 0xcb, 0x40, 4, 0, 0, 0, 0, 0, 0, 0xc3],
  )
  assert.deepEqual(decode(content, listed), ORDER)
  const { id, ...rest } = ORDER
  for (const other of [{ ...rest, id }, rest, { ...ORDER, note: '' }, {}]) {
    const names = encode(other, listed)
    assert.ok(Object.keys(other).every((name) => names.includes(name)))
    assert.deepEqual(decode(names, listed), other)
    // Without its list a reader understands it, too.
    assert.deepEqual(decode(names), other)
  }
  const nested = { orders: [ORDER, { x: ORDER }], next: { x: 1 } }
  assert.deepEqual(decode(encode(nested, listed), listed), nested)
})

test('an object that inherits its properties is no listed one', () => {
  const codec = msgpack({ structures: [['a', 'b']] })
  const heir = Object.assign(Object.create({ b: 2 }), { a: 1 })
  assert.deepEqual(decode(encode(heir, codec), codec), { a: 1 })
  const object = { a: 1, b: 2 }
  assert.deepEqual(decode(encode(object, codec), codec), object)
})

test('no structure is learned, however often it comes', () => {
  const codec = msgpack({ structures: [['x']] })
  const other = { y: 1 }
  const first = encode(other, codec)
  for (let turn = 0; turn < 100; turn++) assert.deepEqual(encode(other, codec), first)
  assert.deepEqual(decode(first), other)
})

test('all 32 structures can be told apart', () => {
  const structures = Array.from({ length: 32 }, (_, index) => [`a${index}`, 'b'])
  const codec = msgpack({ structures })
  for (const [first] of structures) {
    const value = { [first as string]: 1, b: 2 }
    const content = encode(value, codec)
    assert.equal(content.length, 3)
    assert.deepEqual(decode(content, codec), value)
  }
})

test('a value that defines a structure anew does so for itself only', () => {
  const codec = msgpack({ structures: [NAMES] })
  const content = encode(ORDER, codec)
  // Structure 0x40 has the name "x" here, then 5 follows; whole, and with a byte missing.
  const redefining = [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x78, 5]
  assert.deepEqual(decode(Uint8Array.from(redefining), codec), { x: 5 })
  assert.deepEqual(decode(content, codec), ORDER)
  assert.throws(() => decode(Uint8Array.from(redefining.slice(0, -1)), codec), {
    code: 'UNDECODABLE_VALUE',
  })
  assert.deepEqual(decode(content, codec), ORDER)
})

test('junk gives a value or a typed error, and leaves no trace', () => {
  const content = encode(ORDER, listed)
  const nearly = fc.tuple(fc.nat(), fc.nat(255), fc.nat(2)).map(([at, byte, missing]) => {
    const copy = Buffer.from(content)
    copy[at % copy.length] = byte
    return copy.subarray(0, copy.length - missing)
  })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), nearly), (junk) => {
      try {
        decode(junk, listed)
      } catch (error) {
        assert.ok(error instanceof MillraceError)
        assert.equal(error.code, 'UNDECODABLE_VALUE')
      }
      assert.deepEqual(decode(content, listed), ORDER)
    }),
    { numRuns: 1000 },
  )
})

test('bytes that end too early, or too late, are no value, whatever lies behind them', () => {
  const content = encode(ORDER)
  for (const junk of [[], content.subarray(0, -1), [...content, 0], [0xc4, 9], [0xa5, 0x61]]) {
    const error = refusalOf(() => decode(Uint8Array.from(junk)))
    assert.equal(error.code, 'UNDECODABLE_VALUE')
    assert.equal(
      error.message,
      `codec msgpack reads MessagePack, but the ${junk.length} bytes are not`,
    )
    assert.deepEqual(error.details, { codec: 'msgpack', sizeBytes: junk.length })
    assert.ok(error.cause instanceof Error)
  }
})

test('values nested too deep are refused and unreadable, and nothing is broken by them', () => {
  let deep: unknown[] = []
  for (let level = 0; level < 100_000; level++) deep = [deep]
  assert.equal(refusalOf(() => encode(deep)).code, 'INVALID_VALUE')
  assert.equal(refusalOf(() => decode(Buffer.alloc(100_000, 0x91))).code, 'UNDECODABLE_VALUE')
  assert.deepEqual(decode(encode(ORDER)), ORDER)
})

test('what others pack with msgpackr in the same thread is left alone', () => {
  const before = pack(ORDER)
  const copy = Buffer.from(before)
  const content = encode({ ...ORDER, id: 71 })
  const after = pack({ ...ORDER, id: 72 })
  encode({ ...ORDER, id: 73 })
  assert.deepEqual(before, copy)
  assert.deepEqual(decode(content), { ...ORDER, id: 71 })
  assert.notDeepEqual(after, before)
})

test('it does not matter where msgpackr writes', () => {
  const packr = new Packr()
  packr.useBuffer(Buffer.alloc(9000).subarray(3))
  assert.deepEqual(decode(encode(ORDER)), ORDER)
  packr.useBuffer(Buffer.alloc(9000))
})

test('a value that is packed while another one is', () => {
  const codec = msgpack()
  const inner = new ByteWriter()
  class Nested {
    toJSON() {
      codec.encode(ORDER, inner)
      return 'packed'
    }
  }
  const content = encode({ before: 1, nested: new Nested(), after: 'after' }, codec)
  assert.deepEqual(decode(content), { before: 1, nested: 'packed', after: 'after' })
  assert.deepEqual(decode(inner.bytes.subarray(0, inner.position)), ORDER)
})

test('a list that is changed later changes nothing', () => {
  const names = ['a', 'b']
  const structures = [names]
  const codec = msgpack({ structures })
  names.push('c')
  structures.push(['d'])
  assert.deepEqual(describeCodec(codec).structures, [['a', 'b']])
  assert.equal(encode({ a: 1, b: 2 }, codec).length, 3)
})

const LISTS: readonly [options: unknown, code: string, message: string][] = [
  [null, 'INVALID_OPTION', 'msgpack must be an object, but is null'],
  [
    { structure: [] },
    'UNKNOWN_OPTION',
    'msgpack.structure is not an option; allowed are structures',
  ],
  [
    { structures: 'id' },
    'INVALID_OPTION',
    "msgpack.structures must be an array of up to 32 lists, but is 'id'",
  ],
  [
    { structures: Array.from({ length: 33 }, () => ['a']) },
    'INVALID_OPTION',
    'msgpack.structures must be an array of up to 32 lists, but is an array',
  ],
  [
    { structures: [['a'], 'id'] },
    'INVALID_OPTION',
    "msgpack.structures[1] must be a list of property names, but is 'id'",
  ],
  [
    { structures: [[]] },
    'INVALID_OPTION',
    'msgpack.structures[0] must be a list of property names, but is an array',
  ],
  [
    { structures: [['a', 5]] },
    'INVALID_OPTION',
    'msgpack.structures[0] must be a list of texts, but is 5',
  ],
  [
    { structures: [['a', 'b', 'a']] },
    'INVALID_OPTION',
    "msgpack.structures[0] must be a list of names that differ, but is 'a,b,a'",
  ],
]

for (const [options, code, message] of LISTS) {
  test(`no options: ${message}`, () => {
    assert.throws(() => msgpack(options as MsgpackOptions), { code, message })
  })
}
