import { describeValue } from '../options.js'
import type { ByteWriter } from './byte-writer.js'
import { isBytes } from './bytes.js'
import { invalidField, undecodable } from './refusal.js'
import { readUtf8 } from './text.js'

/** The types of a record's fields, and what each is in JavaScript. */
export interface RecordFieldTypes {
  int8: number
  uint8: number
  int16: number
  uint16: number
  int32: number
  uint32: number
  int64: bigint
  uint64: bigint
  /** Whole numbers from -(2^53 - 1) to 2^53 - 1. */
  integer: number
  float32: number
  float64: number
  boolean: boolean
  text: string
  bytes: Uint8Array
}

export type RecordBaseType = keyof RecordFieldTypes

/** Where the bytes of one record are. Its size has been checked before a field is read. */
export interface Place {
  readonly source: Buffer
  /** The same memory: DataViews read at any alignment, and say which byte order. */
  readonly data: DataView
  readonly from: number
  readonly to: number
}

/** Where one field lies in a record. Offsets count from the record's first byte. */
export interface RecordField {
  readonly name: string
  readonly type: RecordBaseType
  readonly kind: RecordFieldKind
  readonly isOptional: boolean
  /** The value; of a boolean the byte with its bit; of text and bytes the word with their end. */
  readonly offset: number
  /** The bit of a boolean. */
  readonly mask: number
  readonly presenceOffset: number
  readonly presenceMask: number
  /** Of text and bytes: the word with the end of the one before, or -1 for the first. */
  readonly startOffset: number
  /** Where the first text or bytes of the record begins. */
  readonly fixedBytes: number
}

/** One type of fields: how it is checked, written and read. */
export interface RecordFieldKind {
  /** In the fixed part: 8, 4, 2, 1, or 0 for a boolean, which is a bit. */
  readonly sizeBytes: number
  /** Its bytes stand behind the fixed part. */
  readonly isVariable: boolean
  /** Its part of an error's message. */
  readonly expected: string
  /** @param at where the record begins */
  write(value: unknown, target: ByteWriter, at: number, field: RecordField): void
  read(place: Place, field: RecordField): unknown
}

/** The error of a value that its field cannot hold. */
function refused({ name, kind }: RecordField, value: unknown): Error {
  return invalidField('record', name, kind.expected, describeValue(value))
}

function unreadable(place: Place, field: RecordField, expected: string): Error {
  return undecodable('record', `${expected} in field ${field.name}`, place.to - place.from)
}

// --------------------------------------------------------------------------------------- numbers

type Write = RecordFieldKind['write']
type Read<T> = (place: Place, field: RecordField) => T

function fixed(sizeBytes: number, expected: string, write: Write, read: Read<unknown>) {
  return { sizeBytes, isVariable: false, expected, write, read }
}

function range(min: number | bigint, max: number | bigint): string {
  const whole = typeof min === 'bigint' ? 'a bigint' : 'a whole number'
  return `${whole} from ${min} to ${max}`
}

const writeInt8: Write = (value, target, at, field) => {
  if (typeof value !== 'number' || (value << 24) >> 24 !== value) throw refused(field, value)
  target.data.setInt8(at + field.offset, value)
}

const writeUint8: Write = (value, target, at, field) => {
  if (typeof value !== 'number' || (value & 0xff) !== value) throw refused(field, value)
  target.data.setUint8(at + field.offset, value)
}

const writeInt16: Write = (value, target, at, field) => {
  if (typeof value !== 'number' || (value << 16) >> 16 !== value) throw refused(field, value)
  target.data.setInt16(at + field.offset, value, true)
}

const writeUint16: Write = (value, target, at, field) => {
  if (typeof value !== 'number' || (value & 0xffff) !== value) throw refused(field, value)
  target.data.setUint16(at + field.offset, value, true)
}

const writeInt32: Write = (value, target, at, field) => {
  if (typeof value !== 'number' || (value | 0) !== value) throw refused(field, value)
  target.data.setInt32(at + field.offset, value, true)
}

const writeUint32: Write = (value, target, at, field) => {
  if (typeof value !== 'number' || value >>> 0 !== value) throw refused(field, value)
  target.data.setUint32(at + field.offset, value, true)
}

const writeInt64: Write = (value, target, at, field) => {
  if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) throw refused(field, value)
  target.data.setBigInt64(at + field.offset, value, true)
}

const writeUint64: Write = (value, target, at, field) => {
  if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) throw refused(field, value)
  target.data.setBigUint64(at + field.offset, value, true)
}

/** As a double, which holds them all, and which reads without an allocation, unlike a bigint. */
const writeInteger: Write = (value, target, at, field) => {
  if (!Number.isSafeInteger(value)) throw refused(field, value)
  // Plus 0: as in the other integer types, -0 is 0.
  target.data.setFloat64(at + field.offset, (value as number) + 0, true)
}

const readInteger: Read<number> = (place, field) => {
  const value = place.data.getFloat64(place.from + field.offset, true)
  if (!Number.isSafeInteger(value)) throw unreadable(place, field, INTEGER)
  return value
}

const writeFloat32: Write = (value, target, at, field) => {
  if (typeof value !== 'number' || overflowsFloat32(value)) throw refused(field, value)
  target.data.setFloat32(at + field.offset, value, true)
}

function overflowsFloat32(value: number): boolean {
  return !Number.isFinite(Math.fround(value)) && Number.isFinite(value)
}

const writeFloat64: Write = (value, target, at, field) => {
  if (typeof value !== 'number') throw refused(field, value)
  target.data.setFloat64(at + field.offset, value, true)
}

// ------------------------------------------------------------------------------------------ bits

const writeBoolean: Write = (value, target, at, field) => {
  if (typeof value !== 'boolean') throw refused(field, value)
  if (value) setBit(target, at + field.offset, field.mask)
}

const readBoolean: Read<boolean> = ({ source, from }, { offset, mask }) =>
  ((source[from + offset] as number) & mask) !== 0

function setBit({ bytes }: ByteWriter, at: number, mask: number): void {
  bytes[at] = (bytes[at] as number) | mask
}

// --------------------------------------------------------------------------------- text and bytes

function variable(expected: string, write: Write, read: Read<unknown>): RecordFieldKind {
  return { sizeBytes: 4, isVariable: true, expected, write, read }
}

const writeText: Write = (value, target, at, field) => {
  if (typeof value !== 'string' || !target.tryUtf8(value)) throw refused(field, value)
  writeEnd(target, at, field)
}

const readText: Read<string> = (place, field) => {
  const { source, from } = place
  const text = readUtf8(source, from + startOf(place, field), from + endOf(place, field))
  if (text === undefined) throw unreadable(place, field, 'UTF-8')
  return text
}

const writeBytes: Write = (value, target, at, field) => {
  if (!isBytes(value)) throw refused(field, value)
  target.blob(value)
  writeEnd(target, at, field)
}

const readBytes: Read<Uint8Array> = (place, field) => {
  const { source, from } = place
  const start = startOf(place, field)
  const end = endOf(place, field)
  const copy = Buffer.allocUnsafe(end - start)
  source.copy(copy, 0, from + start, from + end)
  return copy
}

function writeEnd(target: ByteWriter, at: number, field: RecordField): void {
  target.data.setUint32(at + field.offset, target.position - at, true)
}

function endOf({ data, from }: Place, field: RecordField): number {
  return data.getUint32(from + field.offset, true)
}

function startOf({ data, from }: Place, { startOffset, fixedBytes }: RecordField): number {
  return startOffset < 0 ? fixedBytes : data.getUint32(from + startOffset, true)
}

// ------------------------------------------------------------------------------ optional fields

export function writePresent(target: ByteWriter, at: number, field: RecordField): void {
  setBit(target, at + field.presenceOffset, field.presenceMask)
}

/** An absent field takes its place all the same, filled with zeros; text and bytes are empty. */
export function writeAbsent(target: ByteWriter, at: number, field: RecordField): void {
  const { kind, offset } = field
  // A call of fill would take longer than all the rest of the record.
  if (kind.isVariable) writeEnd(target, at, field)
  else for (let index = 0; index < kind.sizeBytes; index++) target.bytes[at + offset + index] = 0
}

export function isPresent({ source, from }: Place, field: RecordField): boolean {
  return ((source[from + field.presenceOffset] as number) & field.presenceMask) !== 0
}

// ----------------------------------------------------------------------------------------- table

const INTEGER = range(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)

export const RECORD_FIELD_KINDS: Readonly<Record<RecordBaseType, RecordFieldKind>> = {
  int8: fixed(1, range(-128, 127), writeInt8, ({ data, from }, { offset }) =>
    data.getInt8(from + offset),
  ),
  uint8: fixed(1, range(0, 255), writeUint8, ({ data, from }, { offset }) =>
    data.getUint8(from + offset),
  ),
  int16: fixed(2, range(-(2 ** 15), 2 ** 15 - 1), writeInt16, ({ data, from }, { offset }) =>
    data.getInt16(from + offset, true),
  ),
  uint16: fixed(2, range(0, 2 ** 16 - 1), writeUint16, ({ data, from }, { offset }) =>
    data.getUint16(from + offset, true),
  ),
  int32: fixed(4, range(-(2 ** 31), 2 ** 31 - 1), writeInt32, ({ data, from }, { offset }) =>
    data.getInt32(from + offset, true),
  ),
  uint32: fixed(4, range(0, 2 ** 32 - 1), writeUint32, ({ data, from }, { offset }) =>
    data.getUint32(from + offset, true),
  ),
  int64: fixed(8, range(-(2n ** 63n), 2n ** 63n - 1n), writeInt64, ({ data, from }, { offset }) =>
    data.getBigInt64(from + offset, true),
  ),
  uint64: fixed(8, range(0n, 2n ** 64n - 1n), writeUint64, ({ data, from }, { offset }) =>
    data.getBigUint64(from + offset, true),
  ),
  integer: fixed(8, INTEGER, writeInteger, readInteger),
  float32: fixed(4, 'a number that float32 can hold', writeFloat32, ({ data, from }, { offset }) =>
    data.getFloat32(from + offset, true),
  ),
  float64: fixed(8, 'a number', writeFloat64, ({ data, from }, { offset }) =>
    data.getFloat64(from + offset, true),
  ),
  boolean: fixed(0, 'a boolean', writeBoolean, readBoolean),
  text: variable('a text without lone surrogates', writeText, readText),
  bytes: variable('a Uint8Array', writeBytes, readBytes),
}
