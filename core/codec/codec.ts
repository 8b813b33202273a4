import { MillraceError } from '../errors.js'
import type { ByteWriter } from './byte-writer.js'

/**
 * How values of a topic become bytes and back. Codecs are called for every message, never between
 * claim and publish of the log.
 *
 * @example
 * // point-codec.ts: a file of its own, so that worker threads can load it
 * export default defineCodec<Point>({
 *   name: 'point',
 *   module: import.meta.url,
 *   encode({ x, y }, target) {
 *     target.ensure(16)
 *     target.bytes.writeDoubleLE(x, target.position)
 *     target.bytes.writeDoubleLE(y, target.position + 8)
 *     target.position += 16
 *   },
 *   decode: (source, from) => ({
 *     x: source.readDoubleLE(from),
 *     y: source.readDoubleLE(from + 8),
 *   }),
 * })
 */
export interface Codec<T> {
  /** For messages of errors. */
  readonly name: string

  /**
   * URL of the module whose default export is this codec, so that worker threads can load it.
   * Built-in codecs need none.
   */
  readonly module?: string | URL

  /**
   * Appends the bytes of `value`. If it throws, the caller truncates what it appended.
   *
   * @throws MillraceError `INVALID_VALUE` for a value it cannot hold
   */
  encode(value: T, target: ByteWriter): void

  /**
   * Reads the value from bytes [from, to) of `source`. That is live memory of the log, valid only
   * during the call: copy what you keep.
   *
   * @throws MillraceError `UNDECODABLE_VALUE` for bytes that it did not write
   */
  decode(source: Buffer, from: number, to: number): T
  /**
   * Makes something that reads values in place, for `batch.view`. Called once for each partition
   * that a thread reads.
   */
  view?(): ValueView<T>
}

/** Reads one value after the other where it lies. */
export interface ValueView<T> {
  /** The value that was moved to. Always the same object. */
  readonly value: InPlace<T>
  /**
   * Moves to the value in bytes [from, to) of `source`: live memory of the log, which stays as it is
   * until the next move or the end of the handler. Reading what is no value throws, not moving
   * to it.
   */
  moveTo(source: Buffer, from: number, to: number): void
}

/** A value whose fields are read when they are asked for, and the ways to keep it. */
export type InPlace<T> = Readonly<T> & {
  /** A copy that may be kept. */
  toObject(): T
  /** The same, for `JSON.stringify`. */
  toJSON(): T
}

/**
 * Checks the shape of a codec and returns it.
 *
 * @throws MillraceError `INVALID_OPTION` that names the field
 */
export function defineCodec<T>(codec: Codec<T>): Codec<T> {
  if (typeof codec !== 'object' || codec === null) throw invalid('codec', 'an object', codec)
  const { name, module, encode, decode, view } = codec
  if (typeof name !== 'string' || name === '') throw invalid('codec.name', 'a text', name)
  if (typeof encode !== 'function') throw invalid('codec.encode', 'a function', encode)
  if (typeof decode !== 'function') throw invalid('codec.decode', 'a function', decode)
  if (view !== undefined && typeof view !== 'function') {
    throw invalid('codec.view', 'a function', view)
  }
  if (module !== undefined && !isUrl(module)) {
    throw invalid('codec.module', 'a URL such as import.meta.url', module)
  }
  return codec
}

function isUrl(module: string | URL): boolean {
  return module instanceof URL || (typeof module === 'string' && URL.canParse(module))
}

function invalid(field: string, expected: string, received: unknown): MillraceError {
  const found = typeof received === 'string' ? `'${received}'` : typeof received
  const message = `${field} must be ${expected}, but is ${found}`
  return new MillraceError('INVALID_OPTION', message, { field, received: found })
}
