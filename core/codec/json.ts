import type { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { invalidValue, undecodable } from './refusal.js'
import { readUtf8 } from './text.js'

/**
 * JSON text in UTF-8. What comes back is what JSON keeps of a value: Dates are strings, NaN is null
 * and properties that are undefined are gone.
 *
 * Errors: `INVALID_VALUE` for a value without JSON (undefined, functions, symbols, and whatever
 * JSON.stringify throws for: BigInt, cycles; its error is the cause), `UNDECODABLE_VALUE` for bytes
 * that are not UTF-8 or not JSON (the SyntaxError is the cause).
 *
 * @typeParam T what the topic's values are; not checked at run time
 * @example
 * createEngine({ topics: { orders: { codec: json<Order>() } } })
 */
export function json<T = unknown>(): Codec<T> {
  return JSON_CODEC as Codec<T>
}

const JSON_CODEC: Codec<unknown> = { name: 'json', encode, decode }

function encode(value: unknown, target: ByteWriter): void {
  // JSON.stringify escapes lone surrogates, so its text always has a UTF-8.
  target.utf8(stringify(value))
}

function stringify(value: unknown): string {
  let text: string | undefined
  let cause: unknown
  try {
    text = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (text === undefined) throw invalidValue('json', 'what JSON.stringify takes', value, cause)
  return text
}

function decode(source: Buffer, from: number, to: number): unknown {
  const text = readUtf8(source, from, to)
  if (text === undefined) throw undecodable('json', 'UTF-8', to - from)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw undecodable('json', 'JSON', to - from, cause)
  }
}
