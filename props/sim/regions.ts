import type { Region } from './memory.js'

const WORD_BYTES = 4
const POISON = 0xdd

/** Where the regions of one scenario lie in the simulated memory. */
export interface RegionTable {
  /** Content of all regions, one after the other. */
  readonly initial: Int32Array
  /** Bytes of each region, in their order. */
  readonly sizes: readonly number[]
  /** Says which word of which region an address is. */
  describe(address: number): string
  each(visit: (region: Region, word: number, address: number) => void): void
  /** Shows the algorithms' own typed arrays the content of the simulated memory, for a check. */
  show(memory: Buffer): void
  /** Hides it again, so that only what is observed can be read. */
  hide(): void
}

const regions: Region[] = []
const addresses = new Map<ArrayBufferLike, number>()
let wordCount = 0
let lastBuffer: ArrayBufferLike | undefined
let lastAddress = 0

/** Forgets the regions of the scenario before. */
export function beginRegions(): void {
  regions.length = 0
  addresses.clear()
  wordCount = 0
  lastBuffer = undefined
}

export function addRegion(region: Region): void {
  addresses.set(region.buffer, wordCount)
  regions.push(region)
  wordCount += region.buffer.byteLength / WORD_BYTES
}

export function findRegion(buffer: SharedArrayBuffer): Region | undefined {
  return regions.find((region) => region.buffer === buffer)
}

/** Address of the first word of a buffer, or -1 if it is private memory of an actor. */
export function addressOf(buffer: ArrayBufferLike): number {
  if (buffer === lastBuffer) return lastAddress
  const address = addresses.get(buffer)
  if (address === undefined) return privateAddress(buffer)
  lastBuffer = buffer
  lastAddress = address
  return address
}

function privateAddress(buffer: ArrayBufferLike): number {
  if (buffer instanceof SharedArrayBuffer) {
    throw new Error('an actor uses shared memory that was not allocated in the setup')
  }
  return -1
}

/**
 * What the setup made of the regions, from where the actors begin.
 *
 * @param nameOf says what a word of a region is
 */
export function endRegions(nameOf: (region: Region, word: number) => string): RegionTable {
  const table = regions.map((region) => ({
    region,
    first: addresses.get(region.buffer) as number,
    bytes: Buffer.from(region.buffer),
  }))
  const initial = new Int32Array(wordCount)
  for (const { first, bytes } of table) bytes.copy(Buffer.from(initial.buffer), first * WORD_BYTES)
  return {
    initial,
    sizes: table.map(({ bytes }) => bytes.length),
    describe(address) {
      const entry = table.findLast(({ first }) => first <= address)
      return entry === undefined ? `word ${address}` : nameOf(entry.region, address - entry.first)
    },
    each(visit) {
      for (const { region, first } of table) {
        for (let word = 0; word < region.words.length; word++) visit(region, word, first + word)
      }
    },
    show(memory) {
      for (const { first, bytes } of table) memory.copy(bytes, 0, first * WORD_BYTES)
    },
    hide() {
      for (const { bytes } of table) bytes.fill(POISON)
    },
  }
}
