/**
 * Counters per key in shared memory that count every message once, although the engine may hand a
 * message out again after a crash.
 *
 * A worker can be killed between any two of its instructions, and whatever it kept for itself is
 * gone with it. So nothing is kept outside the shared memory, and an update becomes visible by one
 * store, together with the offset of the message that caused it. Every key has two copies of its
 * counters:
 *
 *     | key | offset + 1 | counter ... | offset + 1 | counter ... |
 *            '------ copy A ---------'  '------ copy B ---------'
 *
 * The copy with the higher offset is valid. An update is written into the other one, its offset
 * last: that store is the commit. Killed before it, the update never happened, and the message
 * comes again; killed after it, the message comes again as well, and its offset tells that it is
 * counted.
 *
 * The guard is per key, because that is what the engine orders: messages of one key arrive in the
 * order of their offsets.
 *
 * No atomics: a partition is in the hands of one thread at a time, and the engine hands it on, and
 * tells the main thread that a group is closed, in ways that order these plain writes before the
 * reads of the next thread.
 */

/** A tally as it travels to the workers, in `workerData`. */
export interface TallyMemory {
  readonly buffer: SharedArrayBuffer
  readonly partitions: number
  /** Room for keys in each partition: a power of two. */
  readonly keysPerPartition: number
  readonly countersPerKey: number
}

/** The counters of one key, read when all is done. */
export interface TallyEntry {
  readonly partition: number
  readonly key: number
  readonly counters: Int32Array
}

/** What {@link Tally.open} returns for a message that is counted already. */
export const COUNTED = -1

const HASH_MULTIPLIER = 0x9e3779b1 // 2^32 divided by the golden ratio: Knuth, TAOCP 3, 6.4

/** Shared memory for a tally, all zeros. */
export function allocateTally(
  partitions: number,
  keysPerPartition: number,
  countersPerKey: number,
): TallyMemory {
  const words = partitions * keysPerPartition * entryWords(countersPerKey)
  const buffer = new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT)
  return { buffer, partitions, keysPerPartition, countersPerKey }
}

/**
 * One thread's view of a {@link TallyMemory}.
 *
 * @example
 * const at = tally.open(partition, key, message.offset)
 * if (at === COUNTED) return
 * tally.counters[at]++
 * tally.commit(at, message.offset)
 */
export class Tally {
  /** Where the counters are: `counters[at]`, `counters[at + 1]`, ... of an `at` from `open`. */
  readonly counters: Int32Array
  readonly #memory: TallyMemory
  readonly #entryWords: number
  readonly #copyWords: number

  constructor(memory: TallyMemory) {
    this.counters = new Int32Array(memory.buffer)
    this.#memory = memory
    this.#entryWords = entryWords(memory.countersPerKey)
    this.#copyWords = copyWords(memory.countersPerKey)
  }

  /**
   * Starts to count a message: returns where the counters of its key are, ready to be changed, or
   * `COUNTED`. Without the `commit` that follows, nothing has changed.
   *
   * @param key a whole number above 0
   * @param offset the message's offset, below 2^31 - 1
   */
  open(partition: number, key: number, offset: number): number {
    const words = this.counters
    const first = this.#find(partition, key) + 1
    const second = first + this.#copyWords
    const firstIsValid = (words[first] as number) > (words[second] as number)
    const valid = firstIsValid ? first : second
    const spare = firstIsValid ? second : first
    if ((words[valid] as number) > offset) return COUNTED
    for (let i = 1; i < this.#copyWords; i++) words[spare + i] = words[valid + i] as number
    return spare + 1
  }

  /** Makes the counters that `open` returned valid, as those after the message at `offset`. */
  commit(at: number, offset: number): void {
    this.counters[at - 1] = offset + 1
  }

  /** All keys that were counted. Only when no worker writes any more. */
  *entries(): Generator<TallyEntry> {
    const { partitions, keysPerPartition } = this.#memory
    const words = this.counters
    for (let slot = 0; slot < partitions * keysPerPartition; slot++) {
      const entry = slot * this.#entryWords
      const first = entry + 1
      const second = first + this.#copyWords
      const valid = (words[first] as number) > (words[second] as number) ? first : second
      if (words[valid] === 0) continue
      yield {
        partition: Math.floor(slot / keysPerPartition),
        key: words[entry] as number,
        counters: words.slice(valid + 1, valid + this.#copyWords),
      }
    }
  }

  /** The entry of a key in the hash table of its partition: linear probing, nothing is removed. */
  #find(partition: number, key: number): number {
    const { keysPerPartition } = this.#memory
    const mask = keysPerPartition - 1
    const hash = Math.imul(key, HASH_MULTIPLIER) >>> 16
    for (let probe = 0; probe < keysPerPartition; probe++) {
      const slot = (hash + probe) & mask
      const entry = (partition * keysPerPartition + slot) * this.#entryWords
      const found = this.counters[entry]
      if (found === key) return entry
      if (found === 0) {
        this.counters[entry] = key
        return entry
      }
    }
    throw new RangeError(`partition ${partition} has more than ${keysPerPartition} keys`)
  }
}

function entryWords(countersPerKey: number): number {
  return 1 + 2 * copyWords(countersPerKey)
}

function copyWords(countersPerKey: number): number {
  return 1 + countersPerKey
}
