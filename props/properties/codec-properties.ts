import assert from 'node:assert/strict'
import fc from 'fast-check'
import * as memory from '#memory'
import { ByteWriter } from '../../core/codec/byte-writer.js'
import { bytes } from '../../core/codec/bytes.js'
import type { Codec } from '../../core/codec/codec.js'
import { json } from '../../core/codec/json.js'
import { msgpack } from '../../core/codec/msgpack.js'
import { record } from '../../core/codec/record.js'
import { recordCases } from '../../core/codec/record.test.helper.js'
import { utf8 } from '../../core/codec/utf8.js'
import { MillraceError } from '../../core/errors.js'
import { type Property, property, type Run } from './property.js'

/** A codec, values that it holds, and how they come back. */
interface Subject {
  readonly codec: Codec<unknown>
  readonly values: fc.Arbitrary<unknown>
  readonly expected: (value: unknown) => unknown
}

/** A record of any schema. */
const recordSubject: fc.Arbitrary<Subject> = recordCases(fc).map(({ schema, value, expected }) => ({
  codec: record(schema) as Codec<unknown>,
  values: fc.constant(value),
  expected: () => expected,
}))

/** What MessagePack keeps of JSON: all but -0 and one name. */
function packed(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(packed)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const entries = Object.entries(value).map(([name, each]) => [
    name === '__proto__' ? '__proto_' : name,
    packed(each),
  ])
  return Object.fromEntries(entries)
}

const SUBJECTS: readonly Subject[] = [
  {
    codec: bytes() as Codec<unknown>,
    values: fc.uint8Array({ maxLength: 300, size: 'max' }),
    expected: (value) => Buffer.from(value as Uint8Array),
  },
  {
    codec: utf8() as Codec<unknown>,
    values: fc.string({ unit: 'binary', maxLength: 100, size: 'max' }),
    expected: (value) => value,
  },
  {
    codec: json(),
    values: fc.jsonValue({ stringUnit: 'binary' }),
    expected: (value) => JSON.parse(JSON.stringify(value)),
  },
  {
    codec: msgpack({ structures: [['a', 'b']] }),
    values: fc.oneof(
      fc.jsonValue({ stringUnit: 'binary' }),
      fc.record({ a: fc.jsonValue(), b: fc.date({ noInvalidDate: true }) }),
    ),
    expected: packed,
  },
]

interface CodecCase {
  readonly subject: Subject
  readonly value: unknown
  readonly junk: Uint8Array
  /** Any value at all, also of those that the codec cannot hold. */
  readonly anything: unknown
}

const codecCase: fc.Arbitrary<CodecCase> = fc
  .oneof({ weight: SUBJECTS.length, arbitrary: fc.constantFrom(...SUBJECTS) }, recordSubject)
  .chain((subject) =>
    fc.record({
      subject: fc.constant(subject),
      value: subject.values,
      junk: fc.uint8Array({ maxLength: 40 }),
      anything: fc.anything({ withBigInt: true, withSparseArray: true, withTypedArray: true }),
    }),
  )

/** What a codec does with bytes in the middle of shared memory, and what its view shows there. */
function decode(codec: Codec<unknown>, content: Uint8Array): unknown {
  const log = memory.allocate((content.length + 16) & ~7).bytes.fill(0xee)
  log.set(content, 3)
  const value = codec.decode(log, 3, 3 + content.length)
  const view = codec.view?.()
  view?.moveTo(log, 3, 3 + content.length)
  if (view !== undefined) assert.deepEqual(view.value.toObject(), value)
  // What was decoded is not a view of memory that is recycled.
  log.fill(0xee)
  return value
}

function encode(codec: Codec<unknown>, value: unknown): Buffer {
  const writer = new ByteWriter(16)
  codec.encode(value, writer)
  return Buffer.from(writer.bytes.subarray(0, writer.position))
}

/** @returns the code of the typed error, or undefined if there was none */
function refusalOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    assert.ok(error instanceof MillraceError, `no typed error: ${String(error)}`)
    return error.code
  }
}

function checkCodec({ subject, value, junk, anything }: CodecCase, run: Run): void {
  const { codec, expected } = subject
  const content = encode(codec, value)
  if (run.fault !== undefined) content[content.length - 1] = 0xff
  assert.deepEqual(decode(codec, content), expected(value))
  const unreadable = refusalOf(() => decode(codec, junk))
  assert.ok(unreadable === undefined || unreadable === 'UNDECODABLE_VALUE', unreadable)
  const refused = refusalOf(() => encode(codec, anything))
  assert.ok(refused === undefined || refused === 'INVALID_VALUE', refused)
  run.sometimes(`${codec.name} cannot read junk`, unreadable !== undefined)
  run.sometimes(`${codec.name} refuses a value`, refused !== undefined)
}

export const CODEC_PROPERTIES: readonly Property[] = [
  property({
    name: 'codec-total',
    claim: 'Every codec gives back what it took, and answers all else with a typed error.',
    generator: codecCase,
    runs: 600,
    oracle: checkCodec,
    reaches: [
      'utf8 cannot read junk',
      'json cannot read junk',
      'msgpack cannot read junk',
      'record cannot read junk',
      'bytes refuses a value',
      'utf8 refuses a value',
      'json refuses a value',
      'msgpack refuses a value',
      'record refuses a value',
    ],
    faults: ['a byte changes on the way'],
  }),
]
