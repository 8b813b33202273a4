import type { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { invalidValue, undecodable } from './refusal.js'
import { readUtf8 } from './text.js'

/**
 * Strings as UTF-8. What it takes comes back unchanged, so a string with a lone surrogate is
 * refused: UTF-8 has no bytes for it.
 *
 * Errors: `INVALID_VALUE` for anything but a well-formed string, `UNDECODABLE_VALUE` for bytes that
 * are not UTF-8.
 *
 * @example
 * createEngine({ topics: { lines: { codec: utf8() } } })
 */
export function utf8(): Codec<string> {
  return UTF8
}

const UTF8: Codec<string> = { name: 'utf8', encode, decode }

function encode(value: string, target: ByteWriter): void {
  if (typeof value !== 'string') throw invalidValue('utf8', 'a string', value)
  if (!target.tryUtf8(value)) {
    throw invalidValue('utf8', 'a string without lone surrogates', value)
  }
}

function decode(source: Buffer, from: number, to: number): string {
  const text = readUtf8(source, from, to)
  if (text === undefined) throw undecodable('utf8', 'UTF-8', to - from)
  return text
}
