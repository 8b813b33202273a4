import type { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { invalidValue } from './refusal.js'

/**
 * Bytes as they are. Takes every Uint8Array, gives a Buffer with a copy of its own.
 *
 * Errors: `INVALID_VALUE` for anything that is not a Uint8Array, other views and ArrayBuffers
 * included: wrap them, so that it is plain which bytes are meant. All bytes decode.
 *
 * @example
 * createEngine({ topics: { images: { codec: bytes() } } })
 */
export function bytes(): Codec<Uint8Array> {
  return BYTES
}

const BYTES: Codec<Uint8Array> = { name: 'bytes', encode, decode }

function encode(value: Uint8Array, target: ByteWriter): void {
  if (!isBytes(value)) throw invalidValue('bytes', 'a Uint8Array', value)
  target.blob(value)
}

function decode(source: Buffer, from: number, to: number): Uint8Array {
  // From Buffer's pool: memory of its own costs 10 times as much from 65 bytes on.
  const copy = Buffer.allocUnsafe(to - from)
  source.copy(copy, 0, from, to)
  return copy
}

/** Unlike instanceof, this also knows arrays of other realms, as test runners make them. */
function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) && Reflect.get(value, Symbol.toStringTag) === 'Uint8Array'
}
