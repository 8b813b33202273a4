import { BARRIER_WORDS, Barrier } from '../lib/barrier.js'
import type { Shape } from './shape.js'

/** What the threads of a workload share. */
export interface FieldData {
  readonly memory: SharedArrayBuffer
  readonly shape: Shape
}

/**
 *     byte  0      128                       256    384
 *           | end  | received | sum | ends   | sent | barrier (2) |
 *           | long | int, each               | int  | int, each   |
 *
 * `received` counts deliveries, `sum` adds up their numbers modulo 2^32. Both belong to all receivers,
 * who add to them once per batch. `ends` counts the ends of runs, the warm-up being the first.
 */
const END = 0
const RECEIVED = 32
const SUM = 33
const ENDS = 34
const SENT = 64
const BARRIER = 96
const WORDS = BARRIER + BARRIER_WORDS

/** Of `ends`, which counts no further then. */
const FAILED = -1

/** Where all threads of a workload meet and count. */
export class Field {
  readonly data: FieldData
  private readonly words: Int32Array
  private readonly longs: BigInt64Array
  private readonly barrier: Barrier
  private readonly warmUpTarget: number
  private readonly target: number

  static create(shape: Shape): Field {
    return new Field({ memory: new SharedArrayBuffer(WORDS * 4), shape })
  }

  constructor(data: FieldData) {
    const { groups, producers, warmUpCount, count } = data.shape
    this.data = data
    this.words = new Int32Array(data.memory)
    this.longs = new BigInt64Array(data.memory, 0, 1)
    const words = this.words.subarray(BARRIER, BARRIER + BARRIER_WORDS)
    this.barrier = new Barrier(words, producers + 1)
    this.warmUpTarget = warmUpCount * groups
    this.target = (warmUpCount + count) * groups
  }

  /** Blocks until all producers and the thread that measures are there. */
  meet(): void {
    this.barrier.arrive()
  }

  /**
   * Blocks until all messages of the warm-up, or all of them, have been handled.
   *
   * @returns when that was, on the process's monotonic clock
   * @throws unless they are what was sent
   */
  awaitEnd(run: 'warm-up' | 'timed'): bigint {
    const { words } = this
    const wanted = run === 'warm-up' ? 1 : 2
    for (;;) {
      const ends = Atomics.load(words, ENDS)
      if (ends === FAILED) throw new Error('a record came twice, or not in its order')
      if (ends === wanted) break
      Atomics.wait(words, ENDS, ends)
    }
    const { groups, producers, warmUpCount, count } = this.data.shape
    const each = (run === 'warm-up' ? warmUpCount : warmUpCount + count) / producers
    const sum = (BigInt(each) * BigInt(each - 1) * BigInt(producers * groups)) / 2n
    if (Atomics.load(words, SUM) !== Number(BigInt.asIntN(32, sum))) {
      throw new Error('what was received is not what was sent')
    }
    return Atomics.load(this.longs, END)
  }

  /** A receiver counts a batch, and may find that it was the last one. */
  add(count: number, sum: number): void {
    const { words } = this
    Atomics.add(words, SUM, sum | 0)
    const received = Atomics.add(words, RECEIVED, count) + count
    if (this.data.shape.aheadCount > 0) Atomics.notify(words, RECEIVED)
    if (received !== this.warmUpTarget && received !== this.target) return
    Atomics.store(this.longs, END, process.hrtime.bigint())
    Atomics.add(words, ENDS, 1)
    Atomics.notify(words, ENDS)
  }

  /** A receiver got what must not be: ends the run. */
  fail(): void {
    Atomics.store(this.words, ENDS, FAILED)
    Atomics.notify(this.words, ENDS)
  }

  // With `aheadCount`, the producer and the receiver keep their distance.

  /** The producer tells how many it has sent, and blocks while these are too many. */
  awaitRoom(sent: number): void {
    Atomics.store(this.words, SENT, sent)
    Atomics.notify(this.words, SENT)
    this.awaitAtLeast(RECEIVED, sent - this.data.shape.aheadCount)
  }

  /** The producer has sent all of a run: the receiver need not wait for more. */
  endSending(): void {
    Atomics.store(this.words, SENT, 2 ** 31 - 1)
    Atomics.notify(this.words, SENT)
  }

  /** The receiver blocks until there are so many messages more than it has handled. */
  awaitBacklog(): void {
    this.awaitAtLeast(SENT, Atomics.load(this.words, RECEIVED) + this.data.shape.aheadCount)
  }

  private awaitAtLeast(word: number, wanted: number): void {
    for (;;) {
      const seen = Atomics.load(this.words, word)
      if (seen >= wanted) return
      Atomics.wait(this.words, word, seen)
    }
  }
}
