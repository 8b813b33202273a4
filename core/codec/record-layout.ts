import { invalidOption } from '../options.js'
import {
  type Place,
  RECORD_FIELD_KINDS,
  type RecordBaseType,
  type RecordField,
} from './record-fields.js'

/** Most fields of a record. */
const RECORD_FIELDS_MAX = 64

/** The type of a field; with a question mark it is optional. */
export type RecordFieldType = RecordBaseType | `${RecordBaseType}?`

/** Names and types of a record's fields. */
export type RecordSchema = Readonly<Record<string, RecordFieldType>>

/*
 *   0                                                          fixedBytes
 *  +---------+---------+---------+---------+---------------------+---------------------------+
 *  | 8 bytes | 4 bytes | 2 bytes | 1 byte  | bits                | text and bytes            |
 *  | each    | each    | each    | each    | (8 in a byte)       | without gaps              |
 *  +---------+---------+---------+---------+---------------------+---------------------------+
 *   int64     int32     int16     int8      for each field in      in the order of the schema
 *   uint64    uint32    uint16    uint8     the order of the
 *   integer   float32                       schema: is it there
 *   float64   end of a                      (if it is optional),
 *             text or                       is it true (if it is
 *             bytes                         a boolean)
 *
 * Little-endian throughout. Fields of one size stand in the order of the schema. Since sizes only
 * decrease, nothing is padded, and where the record begins on a multiple of 8, as in the log, every
 * number is aligned.
 *
 * Text and bytes are found by where they end, counted from the record's first byte; each begins
 * where the one before ends, the first at fixedBytes. So there are no lengths that could overlap or
 * leave gaps, and the last end is the size of the record. The bits fill bytes from the lowest bit
 * on; what is left of the last byte is 0.
 */
export interface RecordLayout {
  /** In the order of the schema. */
  readonly fields: readonly RecordField[]
  /** First byte of the bits. */
  readonly bitsOffset: number
  readonly fixedBytes: number
  /** The words with the ends of texts and bytes, in order. */
  readonly endOffsets: readonly number[]
  /** Bits of the last byte of the fixed part that no field uses. */
  readonly reservedMask: number
}

const NAME = /^[A-Za-z_$][A-Za-z0-9_$]{0,63}$/
/** What every object has already: a value that lacks the field would seem to have it. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype)
/** With what views have already. */
const TAKEN: ReadonlySet<string> = new Set([...INHERITED, 'toObject', 'toJSON'])

/** @throws MillraceError `INVALID_OPTION` that names the field */
export function layOut(schema: RecordSchema): RecordLayout {
  const names = namesOf(schema)
  const types = names.map((name) => parseType(name, schema[name]))
  const offsets = new Array<number>(names.length).fill(0)
  let next = 0
  for (const size of [8, 4, 2, 1]) {
    for (const [index, { kind }] of types.entries()) {
      if (kind.sizeBytes !== size) continue
      offsets[index] = next
      next += size
    }
  }
  const bits = new Bits(next)
  const drafts = types.map(({ type, kind, isOptional }, index) => {
    const presence = isOptional ? bits.take() : NO_BIT
    const value = type === 'boolean' ? bits.take() : { offset: offsets[index] as number, mask: 0 }
    const name = names[index] as string
    return { name, type, kind, isOptional, ...value, presence }
  })
  const fixedBytes = bits.end
  const endOffsets = drafts.filter(({ kind }) => kind.isVariable).map(({ offset }) => offset)
  const fields = drafts.map(({ presence, ...field }) => ({
    ...field,
    presenceOffset: presence.offset,
    presenceMask: presence.mask,
    startOffset: endOffsets[endOffsets.indexOf(field.offset) - 1] ?? -1,
    fixedBytes,
  }))
  return { fields, bitsOffset: next, fixedBytes, endOffsets, reservedMask: bits.reservedMask }
}

function namesOf(schema: RecordSchema): readonly string[] {
  const expected = `an object of 1 to ${RECORD_FIELDS_MAX} fields`
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw invalidOption('record', expected, schema)
  }
  const names = Object.keys(schema)
  if (names.length === 0 || names.length > RECORD_FIELDS_MAX) {
    throw invalidOption('record', expected, names.length)
  }
  for (const name of names) if (!NAME.test(name) || TAKEN.has(name)) throw invalidName(name)
  return names
}

function invalidName(name: string): Error {
  const expected =
    '1 to 64 of the characters a-z, A-Z, 0-9, _ and $, not a digit first, and not toObject, ' +
    'toJSON or what every object has'
  return invalidOption('name of a record field', expected, name)
}

function parseType(name: string, received: unknown) {
  const text = typeof received === 'string' ? received : ''
  const isOptional = text.endsWith('?')
  const type = (isOptional ? text.slice(0, -1) : text) as RecordBaseType
  if (!Object.hasOwn(RECORD_FIELD_KINDS, type)) {
    const types = Object.keys(RECORD_FIELD_KINDS).join(', ')
    throw invalidOption(`record.${name}`, `one of ${types}, or that with a question mark`, received)
  }
  return { type, kind: RECORD_FIELD_KINDS[type], isOptional }
}

interface Bit {
  readonly offset: number
  readonly mask: number
}

const NO_BIT: Bit = { offset: 0, mask: 0 }

/** Hands out bits from a byte on, the lowest of each byte first. */
class Bits {
  private readonly from: number
  private count = 0

  constructor(from: number) {
    this.from = from
  }

  take(): Bit {
    const bit = { offset: this.from + (this.count >>> 3), mask: 1 << (this.count & 7) }
    this.count++
    return bit
  }

  get end(): number {
    return this.from + ((this.count + 7) >>> 3)
  }

  get reservedMask(): number {
    const used = this.count & 7
    return used === 0 ? 0 : 0xff & (0xff << used)
  }
}

/**
 * Whether the fields can be read without leaving the record.
 *
 * @returns what a record would have been, for the error, or undefined if this is one
 */
export function problemOf(layout: RecordLayout, place: Place): string | undefined {
  const { source, data, from, to } = place
  const { fixedBytes, endOffsets } = layout
  const sizeBytes = to - from
  if (sizeBytes < fixedBytes) return `a record of ${fixedBytes} bytes or more`
  let end = fixedBytes
  for (let index = 0; index < endOffsets.length; index++) {
    const next = data.getUint32(from + (endOffsets[index] as number), true)
    if (next < end) return 'texts and bytes in order'
    end = next
  }
  if (end !== sizeBytes) return `a record that ends at byte ${end}`
  const lastBits = source[from + fixedBytes - 1] as number
  return (lastBits & layout.reservedMask) === 0 ? undefined : 'unused bits that are 0'
}
