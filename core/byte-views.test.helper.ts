import type { ByteViews } from '#memory'

/** Private memory with this content, and zeros up to `sizeBytes`. */
export function byteViews(content: Uint8Array, sizeBytes = content.length): ByteViews {
  const buffer = new ArrayBuffer(Math.ceil(sizeBytes / 8) * 8)
  const bytes = Buffer.from(buffer)
  bytes.set(content)
  return { bytes, longs: new BigInt64Array(buffer) }
}
