import { crc32 } from 'node:zlib'

/** Bytes as one word. */
export function ofBytes(bytes: Uint8Array): number {
  return crc32(bytes) | 0
}

/** A recorded event as one word. */
export function ofEvent(event: unknown): number {
  return crc32(JSON.stringify(event, jsonValue) ?? 'undefined') | 0
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
