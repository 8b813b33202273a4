import type { ByteWriter } from '../codec/byte-writer.js'
import { readUtf8 } from '../codec/text.js'
import { MillraceError } from '../errors.js'
import { describeValue } from '../options.js'

/** Decides about the partition, and so about order. Text is kept as UTF-8; none is `null`. */
export type Key = string | Uint8Array | null

/** Headers as a producer gives them. */
export type Headers = Readonly<Record<string, string | Uint8Array>>

/** Headers as a consumer gets them: text stays text, bytes are a copy. */
export type ReceivedHeaders = Readonly<Record<string, string | Buffer>>

/** A message as a producer gives it. */
export interface OutgoingMessage<T = unknown> {
  /** Messages with equal keys go to one partition, in order. Without one: any partition. */
  readonly key?: Key | undefined
  /** What the topic's codec takes; `null` is a tombstone, which no codec sees. */
  readonly value: T | null
  readonly headers?: Headers | undefined
  /** Milliseconds since 1970, 0 to 8.64e15 (what a Date can hold). By default the time of sending. */
  readonly timestamp?: number | undefined
  /** Overrides the partition of the key, 0 to partitions - 1. */
  readonly partition?: number | undefined
}

/*
 * Headers are a row of entries up to the end that the record names:
 *
 *   0            4                     8
 *  +------------+---------------------+------+-------+---
 *  | name bytes | value bytes:31 |text| name | value | next entry ...
 *  |            |                | :1 |      |       |
 *  +------------+---------------------+------+-------+---
 */
const ENTRY_HEADER_BYTES = 8
const TEXT = 1

/**
 * Appends headers.
 *
 * @returns false if there are none: nothing is appended
 * @throws MillraceError `INVALID_HEADERS` for anything but an object of well-formed texts and
 *   Uint8Arrays; what was appended until then is left to the caller to take back
 */
export function writeHeaders(headers: Headers, target: ByteWriter): boolean {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw invalidHeaders('headers', 'an object', headers)
  }
  let hasEntries = false
  for (const [name, value] of Object.entries(headers)) {
    writeEntry(name, value, target)
    hasEntries = true
  }
  return hasEntries
}

function writeEntry(name: string, value: string | Uint8Array, target: ByteWriter): void {
  const field = `header ${describeValue(name)}`
  const start = target.position
  target.ensure(ENTRY_HEADER_BYTES)
  target.position += ENTRY_HEADER_BYTES
  if (!target.tryUtf8(name)) throw invalidHeaders(field, 'named without lone surrogates', name)
  const valueFrom = target.position
  const isText = typeof value === 'string'
  if (isText) {
    if (!target.tryUtf8(value)) throw invalidHeaders(field, 'without lone surrogates', value)
  } else {
    if (!isBytes(value)) throw invalidHeaders(field, 'a string or a Uint8Array', value)
    target.blob(value)
  }
  const valueWord = ((target.position - valueFrom) << 1) | (isText ? TEXT : 0)
  target.bytes.writeInt32LE(valueFrom - start - ENTRY_HEADER_BYTES, start)
  target.bytes.writeInt32LE(valueWord, start + 4)
}

/**
 * The headers in bytes [from, to), which {@link writeHeaders} wrote. Values are copied, so that they
 * outlive the log's memory.
 */
export function readHeaders(source: Buffer, from: number, to: number): ReceivedHeaders {
  const entries: [string, string | Buffer][] = []
  for (let at = from; at < to; ) {
    const valueWord = source.readInt32LE(at + 4)
    const nameFrom = at + ENTRY_HEADER_BYTES
    const nameTo = nameFrom + source.readInt32LE(at)
    at = nameTo + (valueWord >>> 1)
    const isText = (valueWord & TEXT) !== 0
    entries.push([
      readText(source, nameFrom, nameTo),
      isText ? readText(source, nameTo, at) : copyBytes(source, nameTo, at),
    ])
  }
  return Object.fromEntries(entries)
}

function readText(source: Buffer, from: number, to: number): string {
  return readUtf8(source, from, to) ?? source.toString('utf8', from, to)
}

function copyBytes(source: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from)
  source.copy(copy, 0, from, to)
  return copy
}

/** Unlike instanceof, this also knows arrays of other realms, as test runners make them. */
export function isBytes(value: unknown): value is Uint8Array {
  if (value instanceof Uint8Array) return true
  return ArrayBuffer.isView(value) && Reflect.get(value, Symbol.toStringTag) === 'Uint8Array'
}

function invalidHeaders(field: string, expected: string, received: unknown): MillraceError {
  const message = `${field} must be ${expected}, but is ${describeValue(received)}`
  return new MillraceError('INVALID_HEADERS', message, { field, received })
}
