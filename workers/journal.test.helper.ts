import type { Region } from '#memory'
import * as memory from '#memory'

/** What a handler notes. Starts and stops have the partition and offset of {@link START}. */
export interface JournalEntry {
  readonly workerId: number
  readonly partition: number
  readonly offset: number
  readonly attempt: number
}

export const START = -1
export const STOP = -2

const CAPACITY = 8192
/** workerId, partition, offset, attempt, and a word that says that the others are there. */
const ENTRY_WORDS = 5

/**
 * What handlers in worker threads did, in the order in which they did it. It lies in shared memory,
 * so that it survives the death of whoever wrote it.
 */
export class Journal {
  readonly region: Region

  constructor(region: Region) {
    this.region = region
  }

  static create(): Journal {
    return new Journal(memory.allocate((CAPACITY * ENTRY_WORDS + 2) * 4))
  }

  static of(buffer: SharedArrayBuffer): Journal {
    return new Journal(memory.attach(buffer))
  }

  add({ workerId, partition, offset, attempt }: JournalEntry): void {
    const { words } = this.region
    const index = memory.add(words, 0, 1)
    if (index >= CAPACITY) throw new Error('the journal is full')
    const at = 1 + index * ENTRY_WORDS
    memory.store(words, at, workerId)
    memory.store(words, at + 1, partition)
    memory.store(words, at + 2, offset)
    memory.store(words, at + 3, attempt)
    memory.store(words, at + 4, 1)
  }

  get all(): JournalEntry[] {
    const { words } = this.region
    const count = Math.min(memory.load(words, 0), CAPACITY)
    return Array.from({ length: count }, (_, index) => 1 + index * ENTRY_WORDS)
      .filter((at) => memory.load(words, at + 4) === 1)
      .map((at) => ({
        workerId: memory.load(words, at),
        partition: memory.load(words, at + 1),
        offset: memory.load(words, at + 2),
        attempt: memory.load(words, at + 3),
      }))
  }

  /** Records that were handed over, without starts and stops. */
  get deliveries(): JournalEntry[] {
    return this.all.filter(({ offset }) => offset >= 0)
  }

  /** Offsets that were handed over, of one partition. */
  offsets(partition = 0): number[] {
    return this.deliveries
      .filter((entry) => entry.partition === partition)
      .map(({ offset }) => offset)
  }

  /** How often a record was handed over. */
  countOf(partition: number, offset: number): number {
    return this.offsets(partition).filter((found) => found === offset).length
  }

  /** Ids of the workers that noted a start or a stop. */
  workers(what: typeof START | typeof STOP): number[] {
    return this.all.filter(({ offset }) => offset === what).map(({ workerId }) => workerId)
  }
}
