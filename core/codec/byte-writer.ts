import { MillraceError } from '../errors.js'
import { writeUtf8 } from './text.js'

const WORD_ALIGNMENT = 8
const DEFAULT_SIZE_BYTES = 4096

/**
 * Memory that grows as bytes are appended. A producer collects its batches in one, and codecs
 * append to it.
 *
 * `bytes`, `words`, `longs`, `doubles` and `data` are views of the same private memory. Growing
 * replaces all of them, so do not hold on to them across a call. Appending allocates only when it
 * grows.
 *
 * @example
 * const writer = new ByteWriter()
 * writer.utf8('c-17')
 * writer.bytes.toString('utf8', 0, writer.position) // 'c-17'
 */
export class ByteWriter {
  bytes: Buffer
  words: Int32Array
  doubles: Float64Array
  longs: BigInt64Array
  data: DataView

  /** Where the next byte goes. What lies before it is the content. */
  position = 0

  /** @param sizeBytes room at the start, 0 or more; rounded up to a multiple of 8 */
  constructor(sizeBytes = DEFAULT_SIZE_BYTES) {
    const buffer = allocate(sizeBytes)
    this.bytes = Buffer.from(buffer)
    this.words = new Int32Array(buffer)
    this.doubles = new Float64Array(buffer)
    this.longs = new BigInt64Array(buffer)
    this.data = new DataView(buffer)
  }

  /** Makes room for `sizeBytes` more bytes from `position` on. The memory at least doubles. */
  ensure(sizeBytes: number): void {
    const needed = this.position + sizeBytes
    if (needed > this.bytes.length) this.#grow(Math.max(needed, this.bytes.length * 2))
  }

  /** Appends the bytes of `source`. */
  blob(source: Uint8Array): void {
    this.ensure(source.length)
    this.bytes.set(source, this.position)
    this.position += source.length
  }

  /**
   * Appends the UTF-8 of `text`.
   *
   * @throws MillraceError `INVALID_VALUE` for a text with a lone surrogate; nothing is appended
   */
  utf8(text: string): void {
    if (!this.tryUtf8(text)) {
      throw new MillraceError('INVALID_VALUE', 'a text with a lone surrogate has no UTF-8', {
        length: text.length,
      })
    }
  }

  /** The same, but returns false for a text with a lone surrogate. */
  tryUtf8(text: string): boolean {
    // The bound is free but loose; near the end of the memory the true size is worth its price.
    if (this.bytes.length - this.position < text.length * 3) this.ensure(Buffer.byteLength(text))
    const sizeBytes = writeUtf8(text, this.bytes, this.position)
    if (sizeBytes < 0) return false
    this.position += sizeBytes
    return true
  }

  /** Takes back what was appended after `position`. */
  truncate(position: number): void {
    this.position = position
  }

  #grow(sizeBytes: number): void {
    const content = this.bytes
    const buffer = allocate(sizeBytes)
    this.bytes = Buffer.from(buffer)
    this.words = new Int32Array(buffer)
    this.doubles = new Float64Array(buffer)
    this.longs = new BigInt64Array(buffer)
    this.data = new DataView(buffer)
    this.bytes.set(content)
  }
}

function allocate(sizeBytes: number): ArrayBuffer {
  return new ArrayBuffer(Math.ceil(sizeBytes / WORD_ALIGNMENT) * WORD_ALIGNMENT)
}
