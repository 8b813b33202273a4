import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import * as memory from '#memory'
import { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { describeCodec } from './portable.js'
import { type RecordOf, record } from './record.js'
import { recordCases } from './record.test.helper.js'
import { layOut } from './record-layout.js'
import { plainLoop, unrolledLoop } from './record-loop.js'

const trade = record({
  symbol: 'text',
  price: 'float64',
  size: 'uint32',
  buy: 'boolean',
  note: 'text?',
})
type Trade = RecordOf<typeof trade>

const TRADE: Trade = { symbol: 'IBM', price: 1.5, size: 0x01020304, buy: true, note: 'é' }

// What the schema says is what the compiler knows: these lines would not compile otherwise.
const withoutNote: Trade = { symbol: '', price: 0, size: 0, buy: false }
const isExact: [Trade] extends [
  { symbol: string; price: number; size: number; buy: boolean; note?: string | undefined },
]
  ? true
  : false = true
const incomplete = { symbol: '', price: 0, size: 0 }

/** The bytes of a value behind others that are not its own, also where numbers are not aligned. */
function encode<T>(codec: Codec<T>, value: T, at = 0): Buffer {
  const writer = new ByteWriter(16)
  writer.bytes.fill(0xee)
  writer.position = at
  writer.ensure(4096)
  writer.bytes.fill(0xee)
  codec.encode(value, writer)
  return Buffer.from(writer.bytes.subarray(at, writer.position))
}

/** The bytes in shared memory, between others. */
function place(content: Uint8Array, at: number) {
  const source = memory.allocate((content.length + at + 16) & ~7).bytes.fill(0xee)
  source.set(content, at)
  return { source, from: at, to: at + content.length }
}

function decode<T>(codec: Codec<T>, content: Uint8Array, at = 3): T {
  const { source, from, to } = place(content, at)
  const value = codec.decode(source, from, to)
  source.fill(0xee)
  return value
}

function viewOf<T>(codec: Codec<T>, content: Uint8Array, at = 8) {
  const view = codec.view?.()
  assert.ok(view)
  const { source, from, to } = place(content, at)
  view.moveTo(source, from, to)
  return view.value
}

test('a record has the bytes that the layout says', () => {
  const content = encode(trade, TRADE)
  assert.deepEqual(
    [...content],
    [
      ...[0, 0, 0, 0, 0, 0, 0xf8, 0x3f], // price: a double
      ...[24, 0, 0, 0], // symbol ends at byte 24
      ...[4, 3, 2, 1], // size
      ...[26, 0, 0, 0], // note ends at byte 26
      0b11, // buy, and note is there
      ...[0x49, 0x42, 0x4d], // symbol
      ...[0xc3, 0xa9], // note
    ],
  )
  assert.deepEqual(
    [...encode(trade, { symbol: 'IBM', price: 0, size: 0, buy: false })].slice(8),
    [24, 0, 0, 0, 0, 0, 0, 0, 24, 0, 0, 0, 0, 0x49, 0x42, 0x4d],
  )
})

test('fields stand by size, then bits, then texts and bytes', () => {
  const layout = layOut({
    a: 'int8',
    b: 'boolean?',
    c: 'bytes',
    d: 'uint16?',
    e: 'integer?',
    f: 'text?',
    g: 'float32',
    h: 'int64',
    i: 'boolean',
    j: 'boolean',
    k: 'boolean',
    l: 'uint8',
  })
  const places = layout.fields.map((field) => [field.name, field.offset, field.mask])
  assert.deepEqual(places, [
    ['a', 30, 0],
    ['b', 32, 2],
    ['c', 16, 0],
    ['d', 28, 0],
    ['e', 0, 0],
    ['f', 20, 0],
    ['g', 24, 0],
    ['h', 8, 0],
    ['i', 32, 32],
    ['j', 32, 64],
    ['k', 32, 128],
    ['l', 31, 0],
  ])
  assert.deepEqual(
    layout.fields.filter((field) => field.isOptional).map((field) => field.presenceMask),
    [1, 4, 8, 16],
  )
  const { bitsOffset, fixedBytes, endOffsets, reservedMask } = layout
  assert.deepEqual(
    { bitsOffset, fixedBytes, endOffsets, reservedMask },
    { bitsOffset: 32, fixedBytes: 33, endOffsets: [16, 20], reservedMask: 0 },
  )
})

test('an absent field is filled with zeros, whatever was there before', () => {
  const codec = record({ a: 'int32?', b: 'float64?', c: 'uint8?', d: 'boolean?', e: 'int16' })
  assert.deepEqual([...encode(codec, { e: 0x0201 })], [...new Array(12).fill(0), 1, 2, 0, 0])
  const one = encode(codec, { c: 0, e: -1 })
  assert.deepEqual([...one], [...new Array(12).fill(0), 0xff, 0xff, 0, 0b100])
  assert.deepEqual(decode(codec, one), { a: undefined, b: undefined, c: 0, d: undefined, e: -1 })
})

test('records without bits, and with more than one byte of them', () => {
  assert.deepEqual([...encode(record({ a: 'uint8' }), { a: 7 })], [7])
  const names = Array.from({ length: 9 }, (_, index) => `b${index}`)
  const codec = record(Object.fromEntries(names.map((name) => [name, 'boolean'])))
  const value = Object.fromEntries(names.map((name, index) => [name, index % 2 === 0]))
  assert.deepEqual([...encode(codec, value)], [0b01010101, 1])
  assert.deepEqual(decode(codec, Uint8Array.of(0b01010101, 1)), value)
})

test('whatever the schema, what is written comes back, by object, by view and without code', () => {
  fc.assert(
    fc.property(recordCases(fc), fc.nat(8), ({ schema, value, expected }, at) => {
      const codec = record(schema) as Codec<Record<string, unknown>>
      const content = encode(codec, value, at)
      assert.deepEqual(decode(codec, content, at), expected)
      const view = viewOf(codec, content, at)
      for (const name of Object.keys(schema)) assert.deepEqual(view[name], expected[name])
      assert.deepEqual(view.toObject(), expected)

      const layout = layOut(schema)
      const loop = plainLoop(layout.fields)
      const writer = new ByteWriter(8)
      writer.ensure(layout.fixedBytes)
      writer.bytes.fill(0xee).fill(0, layout.bitsOffset, layout.fixedBytes)
      writer.position = layout.fixedBytes
      loop.write(value, writer, 0)
      assert.deepEqual(Buffer.from(writer.bytes.subarray(0, writer.position)), content)
      const { source, from, to } = place(content, at)
      const data = new DataView(source.buffer)
      assert.deepEqual(loop.read({ source, data, from, to }), expected)
    }),
    { numRuns: 300 },
  )
})

test('junk gives a record or a typed error, by object and by view alike', () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    // Nearly a record: a byte is another, or some are missing.
    fc.tuple(fc.nat(), fc.nat(255), fc.nat(2)).map(([at, byte, missing]) => {
      const content = encode(trade, TRADE)
      content[at % content.length] = byte
      return content.subarray(0, content.length - missing)
    }),
  )
  fc.assert(
    fc.property(junk, (content) => {
      let value: Trade | undefined
      try {
        value = decode(trade, content)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'UNDECODABLE_VALUE')
      }
      const view = viewOf(trade, content)
      if (value === undefined) {
        assert.throws(() => view.toObject(), { code: 'UNDECODABLE_VALUE' })
      } else {
        assert.deepEqual(view.toObject(), value)
      }
    }),
    { numRuns: 1000 },
  )
})

const ends = record({ a: 'text', b: 'bytes', c: 'boolean' })
const JUNK: readonly [what: string, codec: Codec<unknown>, content: number[], message: string][] = [
  ['too short', ends, [9, 0, 0, 0, 9, 0, 0, 0], 'a record of 9 bytes or more, but the 8 bytes'],
  ['an end inside the fixed part', ends, [8, 0, 0, 0, 9, 0, 0, 0, 0], 'texts and bytes in order'],
  ['ends that go back', ends, [11, 0, 0, 0, 10, 0, 0, 0, 0, 1], 'texts and bytes in order'],
  ['an end beyond', ends, [9, 0, 0, 0, 12, 0, 0, 0, 0, 1], 'a record that ends at byte 12'],
  ['bytes left over', ends, [9, 0, 0, 0, 9, 0, 0, 0, 0, 1], 'a record that ends at byte 9'],
  ['bits of no field', ends, [9, 0, 0, 0, 9, 0, 0, 0, 2], 'unused bits that are 0'],
  ['no UTF-8', ends, [10, 0, 0, 0, 10, 0, 0, 0, 0, 0xff], 'UTF-8 in field a'],
  [
    'no whole number',
    record({ n: 'integer' }),
    [0, 0, 0, 0, 0, 0, 0xf8, 0x3f],
    'a whole number from -9007199254740991 to 9007199254740991 in field n',
  ],
]

for (const [what, codec, content, message] of JUNK) {
  test(`cannot be read: ${what}`, () => {
    const expected = {
      code: 'UNDECODABLE_VALUE',
      message: new RegExp(`^codec record reads ${message}`),
      details: { codec: 'record', sizeBytes: content.length },
    }
    assert.throws(() => decode(codec, Uint8Array.from(content)), expected)
    const view = viewOf(codec, Uint8Array.from(content))
    assert.throws(() => view.toObject(), expected)
  })
}

test('a field that can be read is read, also where another one cannot', () => {
  const view = viewOf(ends, Uint8Array.of(10, 0, 0, 0, 11, 0, 0, 0, 1, 0xff, 0xff))
  assert.equal(view.c, true)
  assert.deepEqual(view.b, Buffer.of(0xff))
  assert.throws(() => view.a, { code: 'UNDECODABLE_VALUE' })
})

test('a view moves from record to record, and prints what it stands on', () => {
  const view = trade.view?.()
  assert.ok(view)
  const { value } = view
  assert.throws(() => value.symbol, {
    code: 'UNDECODABLE_VALUE',
    message: 'codec record reads a record to move to, but the 0 bytes are not',
  })
  const first = place(encode(trade, TRADE), 8)
  view.moveTo(first.source, first.from, first.to)
  assert.equal(value.symbol, 'IBM')
  const second = place(encode(trade, { ...TRADE, symbol: 'SAP', note: undefined }), 16)
  view.moveTo(second.source, second.from, second.to - 1)
  assert.throws(() => value.symbol, { code: 'UNDECODABLE_VALUE' })
  view.moveTo(second.source, second.from, second.to)
  assert.equal(view.value, value)
  assert.equal(value.symbol, 'SAP')
  assert.equal(JSON.stringify(value), '{"symbol":"SAP","price":1.5,"size":16909060,"buy":true}')
  assert.equal(inspect(value), inspect({ ...TRADE, symbol: 'SAP', note: undefined }))
  const kept = value.toObject()
  second.source.fill(0)
  assert.equal(kept.symbol, 'SAP')
})

const every = {
  i8: 'int8',
  u8: 'uint8',
  i16: 'int16',
  u16: 'uint16',
  i32: 'int32',
  u32: 'uint32',
  i64: 'int64',
  u64: 'uint64',
  i: 'integer',
  f32: 'float32',
  f64: 'float64',
  b: 'boolean',
  t: 'text',
  bytes: 'bytes',
} as const

/** For each field: the least and the most that it takes, and what it does not. */
const LIMITS: Readonly<
  Record<keyof typeof every, readonly [taken: unknown[], refused: unknown[]]>
> = {
  i8: [
    [-128, 127],
    [-129, 128, 0.5, Number.NaN, '1', 1n, true],
  ],
  u8: [
    [0, 255],
    [-1, 256, 0.5, Number.NaN, '1', 1n, 2 ** 32],
  ],
  i16: [
    [-(2 ** 15), 2 ** 15 - 1],
    [-(2 ** 15) - 1, 2 ** 15, 0.5, Number.NaN, '1', 1n],
  ],
  u16: [
    [0, 2 ** 16 - 1],
    [-1, 2 ** 16, 0.5, Number.NaN, '1', 1n],
  ],
  i32: [
    [-(2 ** 31), 2 ** 31 - 1],
    [-(2 ** 31) - 1, 2 ** 31, 0.5, Number.NaN, '1', 1n],
  ],
  u32: [
    [0, 2 ** 32 - 1],
    [-1, 2 ** 32, 0.5, Number.NaN, '1', 1n],
  ],
  i64: [
    [-(2n ** 63n), 2n ** 63n - 1n],
    [-(2n ** 63n) - 1n, 2n ** 63n, 1, '1'],
  ],
  u64: [
    [0n, 2n ** 64n - 1n],
    [-1n, 2n ** 64n, 1, '1'],
  ],
  i: [
    [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [2 ** 53, -(2 ** 53), 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1n, '1'],
  ],
  f32: [
    [Number.NaN, Number.NEGATIVE_INFINITY, -0, 1.5, 3.4028234663852886e38],
    [3.5e38, -3.5e38, Number.MAX_VALUE, '1', 1n, null],
  ],
  f64: [
    [Number.NaN, Number.NEGATIVE_INFINITY, -0, Number.MAX_VALUE],
    ['1', 1n, null, {}],
  ],
  b: [
    [false, true],
    [0, 1, 'true', null],
  ],
  t: [
    ['', 'é\u{1f600}'],
    [5, null, 'half \ud83d', ['a']],
  ],
  bytes: [
    [Buffer.alloc(0), Buffer.of(1, 2)],
    ['a', [1], new ArrayBuffer(1), new DataView(new ArrayBuffer(1))],
  ],
}

for (const [name, [taken, refused]] of Object.entries(LIMITS)) {
  const type = every[name as keyof typeof every]
  test(`${type} takes what fits, and refuses what does not`, () => {
    const codec = record({ [name]: type })
    for (const value of taken) {
      assert.deepEqual(decode(codec, encode(codec, { [name]: value } as never)), { [name]: value })
    }
    for (const value of [...refused, undefined]) {
      assert.throws(() => encode(codec, { [name]: value } as never), {
        code: 'INVALID_VALUE',
        message: new RegExp(`^codec record takes .* in field ${name}, but it is `),
      })
    }
  })
}

test('whole numbers have no -0, float32 rounds', () => {
  const codec = record({ i8: 'int8', i: 'integer', f32: 'float32' })
  const value = decode(codec, encode(codec, { i8: -0, i: -0, f32: 0.1 }))
  assert.deepEqual(value, { i8: 0, i: 0, f32: Math.fround(0.1) })
})

test('a refusal names codec, field, value and limit', () => {
  assert.throws(() => encode(trade, { ...TRADE, size: -1 }), {
    code: 'INVALID_VALUE',
    message: 'codec record takes a whole number from 0 to 4294967295 in field size, but it is -1',
    details: {
      codec: 'record',
      field: 'size',
      expected: 'a whole number from 0 to 4294967295',
      received: '-1',
    },
  })
  const expectations = Object.entries(every).map(([name, type]) => {
    try {
      return encode(record({ [name]: type }), { [name]: null } as never).toString()
    } catch (error) {
      return (error as { details: { expected: string } }).details.expected
    }
  })
  assert.deepEqual(expectations, [
    'a whole number from -128 to 127',
    'a whole number from 0 to 255',
    'a whole number from -32768 to 32767',
    'a whole number from 0 to 65535',
    'a whole number from -2147483648 to 2147483647',
    'a whole number from 0 to 4294967295',
    'a bigint from -9223372036854775808 to 9223372036854775807',
    'a bigint from 0 to 18446744073709551615',
    'a whole number from -9007199254740991 to 9007199254740991',
    'a number that float32 can hold',
    'a number',
    'a boolean',
    'a text without lone surrogates',
    'a Uint8Array',
  ])
})

for (const [received, value] of [
  ['undefined', undefined],
  ['null', null],
  ['number', 5],
  ['string', 'IBM'],
] as const) {
  test(`a record is no ${received}`, () => {
    assert.throws(() => encode(trade, value as unknown as Trade), {
      code: 'INVALID_VALUE',
      message: `codec record takes an object, but the value is ${received}`,
      details: { codec: 'record', received },
    })
  })
}

test('an object that cannot be read is refused with the reason', () => {
  const reason = new Error('no price today')
  const broken = {
    ...TRADE,
    get price(): number {
      throw reason
    },
  }
  assert.throws(() => encode(trade, broken), {
    code: 'INVALID_VALUE',
    message: 'codec record takes an object whose fields can be read, but the value is Object',
    cause: reason,
  })
})

test('null is not absent, and what the schema does not name is left behind', () => {
  assert.throws(() => encode(trade, { ...TRADE, note: null } as never), {
    code: 'INVALID_VALUE',
    message: /in field note, but it is null/,
  })
  const more = { ...TRADE, venue: 'XETRA' }
  assert.deepEqual(decode(trade, encode(trade, more)), TRADE)
  assert.deepEqual(decode(trade, encode(trade, withoutNote)), { ...withoutNote, note: undefined })
  assert.throws(() => encode(trade, incomplete as Trade), {
    message: /in field buy, but it is undefined/,
  })
  assert.ok(isExact)
})

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 'int8?'] as const))

test('a record has 1 to 64 fields', () => {
  const codec = record(many(64))
  assert.deepEqual(Object.keys(decode(codec, encode(codec, {}))).length, 64)
  assert.deepEqual(encode(codec, {}).length, 64 + 8)
})

const TYPES =
  'one of int8, uint8, int16, uint16, int32, uint32, int64, uint64, integer, float32, float64, ' +
  'boolean, text, bytes, or that with a question mark'
const NAMES =
  '1 to 64 of the characters a-z, A-Z, 0-9, _ and $, not a digit first, and not toObject, toJSON ' +
  'or what every object has'
const COUNT = 'an object of 1 to 64 fields'
const SCHEMAS: readonly [schema: unknown, message: string][] = [
  [undefined, `record must be ${COUNT}, but is undefined`],
  [null, `record must be ${COUNT}, but is null`],
  [['text'], `record must be ${COUNT}, but is an array`],
  ['text', `record must be ${COUNT}, but is 'text'`],
  [{}, `record must be ${COUNT}, but is 0`],
  [many(65), `record must be ${COUNT}, but is 65`],
  [{ price: 'double' }, `record.price must be ${TYPES}, but is 'double'`],
  [{ price: 'text??' }, `record.price must be ${TYPES}, but is 'text??'`],
  [{ price: 'toString' }, `record.price must be ${TYPES}, but is 'toString'`],
  [{ price: undefined }, `record.price must be ${TYPES}, but is undefined`],
  [{ '1st': 'text' }, `name of a record field must be ${NAMES}, but is '1st'`],
  [{ 'a;b': 'text' }, `name of a record field must be ${NAMES}, but is 'a;b'`],
  [{ '': 'text' }, `name of a record field must be ${NAMES}, but is ''`],
  [{ ['__proto__']: 'text' }, `name of a record field must be ${NAMES}, but is '__proto__'`],
  [{ valueOf: 'text?' }, `name of a record field must be ${NAMES}, but is 'valueOf'`],
  [{ toJSON: 'text' }, `name of a record field must be ${NAMES}, but is 'toJSON'`],
]

for (const [schema, message] of SCHEMAS) {
  test(`no schema: ${message}`, () => {
    assert.throws(() => record(schema as never), { code: 'INVALID_OPTION', message })
  })
}

test('a name may have 64 characters, and be a word of the language', () => {
  const longest = '$'.padEnd(64, '_')
  const schema = {
    [longest]: 'int8',
    if: 'int8',
    values: 'int8',
    fields: 'int8',
    at: 'int8',
  } as const
  const codec = record(schema)
  const value = { [longest]: 1, if: 2, values: 3, fields: 4, at: 5 }
  assert.deepEqual(decode(codec, encode(codec, value)), value)
  assert.throws(() => record({ [`${longest}_`]: 'int8' }), { code: 'INVALID_OPTION' })
})

test('a schema that is changed later changes nothing', () => {
  const schema: { a: 'int8' | 'text' } = { a: 'int8' }
  const codec = record(schema)
  schema.a = 'text'
  assert.deepEqual(describeCodec(codec as Codec<unknown>).schema, { a: 'int8' })
  assert.equal(encode(codec, { a: 1 } as never).length, 1)
})

test('the code that is made for each type compiles: it is not the plain loop', () => {
  for (const [name, type] of Object.entries(every)) {
    for (const fieldType of [type, `${type}?`] as const) {
      const { fields } = layOut({ [name]: fieldType })
      assert.match(String(unrolledLoop(fields).write), /write0\(value, target, at, field0\)/)
      assert.doesNotMatch(String(plainLoop(fields).write), /write0/)
    }
  }
})

test('works where no code may be made from texts', () => {
  const program = `
    const { record } = await import(${JSON.stringify(new URL('./record.js', import.meta.url))})
    const { ByteWriter } = await import(${JSON.stringify(new URL('./byte-writer.js', import.meta.url))})
    let isRefused = false
    try { new Function('') } catch { isRefused = true }
    const codec = record({ a: 'text', b: 'int8?' })
    const writer = new ByteWriter()
    codec.encode({ a: 'x', b: 7 }, writer)
    const value = codec.decode(writer.bytes, 0, writer.position)
    console.log(JSON.stringify({ isRefused, value }))`
  const options = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', program]
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(stdout || '{}'), { isRefused: true, value: { a: 'x', b: 7 } }, stderr)
})
