import { allocate, type Region } from '../../core/memory.js'

/** The real memory of a scenario: regions of the sizes that the simulation has. */
export class SharedMemory {
  readonly #regions: readonly Region[]

  constructor(sizes: readonly number[]) {
    this.#regions = sizes.map((size) => allocate(size))
  }

  get buffers(): SharedArrayBuffer[] {
    return this.#regions.map(({ buffer }) => buffer)
  }

  /** The content of all regions, one after the other. */
  content(): Buffer {
    return Buffer.concat(this.#regions.map(({ bytes }) => bytes))
  }

  /** Writes it, while nobody else does. */
  write(content: Buffer): void {
    let at = 0
    for (const { bytes } of this.#regions) at += content.copy(bytes, 0, at)
  }

  /** Where a word lies that is counted over all regions. */
  find(address: number): { words: Int32Array; index: number } {
    let index = address
    for (const { words } of this.#regions) {
      if (index < words.length) return { words, index }
      index -= words.length
    }
    throw new Error(`no word ${address}`)
  }
}

/** The first word in which two contents differ, or -1. */
export function firstDifference(one: Buffer, other: Buffer): number {
  if (one.equals(other)) return -1
  const length = Math.max(one.length, other.length)
  for (let at = 0; at < length; at++) if (one[at] !== other[at]) return at >>> 2
  return -1
}
