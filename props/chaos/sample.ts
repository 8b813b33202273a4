import { SEQUENCES_MAX } from './send-ledger.js'

/*
 * What the producers of a trial send. A sample says who it is, so that whoever receives it can tell
 * what is missing, what came twice and what was torn.
 *
 *   0          4          8       12
 *  +----------+----------+-------+------------------------------------+
 *  | producer | sequence | key   | filler: the sequence's lowest byte |
 *  +----------+----------+-------+------------------------------------+
 */
const PRODUCER = 0
const SEQUENCE = 4
const KEY = 8
const HEADER_BYTES = 12

/** Keys are numbered from 0. */
export const KEYS_MAX = 64

export interface Sample {
  /** Number of the producer's thread within the trial. */
  readonly producer: number
  /** Counts the producer's samples. */
  readonly sequence: number
  readonly key: number
}

/** A sample's name in the history: no other one has it. */
export function nameOf({ producer, sequence }: Sample): number {
  return producer * SEQUENCES_MAX + sequence
}

/** The name of what nobody can have sent. */
export const TORN = -1

export function keyText(key: number): string {
  return `key-${key}`
}

export function encodeSample(sample: Sample, fillerBytes: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + fillerBytes, sample.sequence & 0xff)
  bytes.writeUInt32LE(sample.producer, PRODUCER)
  bytes.writeUInt32LE(sample.sequence, SEQUENCE)
  bytes.writeUInt32LE(sample.key, KEY)
  return bytes
}

/** The sample in bytes [from, to); undefined if they were never written as one. */
export function decodeSample(bytes: Buffer, from: number, to: number): Sample | undefined {
  if (to - from < HEADER_BYTES) return undefined
  const sequence = bytes.readUInt32LE(from + SEQUENCE)
  const filler = sequence & 0xff
  for (let at = from + HEADER_BYTES; at < to; at++) if (bytes[at] !== filler) return undefined
  return {
    producer: bytes.readUInt32LE(from + PRODUCER),
    sequence,
    key: bytes.readUInt32LE(from + KEY),
  }
}
