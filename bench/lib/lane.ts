import { AllocationMeter } from './allocation-meter.js'
import { BARRIER_WORDS, Barrier } from './barrier.js'
import type { Load, Measurement } from './row.js'

/**
 * What the two threads of a row share: a start barrier, the two time stamps, the receiver's
 * progress and what it allocated.
 *
 *     byte  0       8       16          24            32     36
 *           | start | end   | allocated | barrier (2) | ends | received |
 *           | long  | long  | double    |             |      |          |
 *
 * Both stamps come from the same monotonic clock of the process. The sender takes the first one
 * after the barrier, the receiver the second one after the last message.
 */
const START = 0
const END = 1
const ALLOCATED = 2
const BARRIER = 6
const ENDS = BARRIER + BARRIER_WORDS
const RECEIVED = ENDS + 1
const LANE_BYTES = (RECEIVED + 1) * 4

/** What a receiver gets from its sender, by `workerData`. */
export interface LaneData extends Load {
  readonly lane: SharedArrayBuffer
}

class Lane {
  readonly buffer: SharedArrayBuffer
  readonly words: Int32Array
  readonly longs: BigInt64Array
  readonly doubles: Float64Array
  readonly barrier: Barrier

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.words = new Int32Array(buffer)
    this.longs = new BigInt64Array(buffer)
    this.doubles = new Float64Array(buffer)
    this.barrier = new Barrier(this.words.subarray(BARRIER, ENDS), 2)
  }
}

/** The sender's end of a row: a warm-up run, then the timed run. */
export class SenderLane {
  readonly #lane = new Lane(new SharedArrayBuffer(LANE_BYTES))
  readonly #load: Load

  constructor(load: Load) {
    this.#load = load
  }

  /** For the receiver. */
  get data(): LaneData {
    return { ...this.#load, lane: this.#lane.buffer }
  }

  /**
   * Runs the row: `send` must send exactly as many messages as it is told.
   *
   * @returns what the timed run took, from the barrier to the receiver's end
   */
  async measure(send: (count: number) => Promise<void> | void): Promise<Measurement> {
    const { words, longs, doubles, barrier } = this.#lane
    await send(this.#load.warmUpCount)
    this.#awaitEnds(1)
    Atomics.store(words, RECEIVED, 0)
    const meter = new AllocationMeter()
    meter.start()
    barrier.arrive()
    Atomics.store(longs, START, process.hrtime.bigint())
    await send(this.#load.count)
    const sender = meter.stop()
    this.#awaitEnds(2)
    const receiver = doubles[ALLOCATED] as number
    return {
      elapsedNs: Number(Atomics.load(longs, END) - Atomics.load(longs, START)),
      allocatedBytes: { sender, receiver },
    }
  }

  #awaitEnds(ends: number): void {
    this.#awaitAtLeast(ENDS, ends)
  }

  /** Blocks until the receiver has reported at least so many messages of the current run. */
  awaitProgress(received: number): void {
    this.#awaitAtLeast(RECEIVED, received)
  }

  #awaitAtLeast(word: number, wanted: number): void {
    const { words } = this.#lane
    for (;;) {
      const seen = Atomics.load(words, word)
      if (seen >= wanted) return
      Atomics.wait(words, word, seen)
    }
  }
}

/** Counts what arrived, and knows whether it is what was sent. */
export interface Tally {
  readonly count: number
  /** Throws unless it is; starts again from 0. */
  settle(): void
}

/** The receiver's end. */
export class ReceiverLane {
  /** Messages of the current run. */
  target: number
  readonly #lane: Lane
  readonly #count: number
  readonly #tally: Tally
  readonly #meter = new AllocationMeter()
  #isTimed = false

  constructor(data: LaneData, tally: Tally) {
    this.target = data.warmUpCount
    this.#lane = new Lane(data.lane)
    this.#count = data.count
    this.#tally = tally
  }

  /** Reports progress to a sender that limits how far it runs ahead. */
  progress(): void {
    Atomics.store(this.#lane.words, RECEIVED, this.#tally.count)
    Atomics.notify(this.#lane.words, RECEIVED)
  }

  /**
   * To be called once `target` messages have been handled. After the warm-up it blocks until the
   * sender begins the timed run.
   *
   * @returns whether that was the last run
   */
  endRun(): boolean {
    const { words, longs, doubles, barrier } = this.#lane
    Atomics.store(longs, END, process.hrtime.bigint())
    if (this.#isTimed) doubles[ALLOCATED] = this.#meter.stop()
    this.#tally.settle()
    Atomics.add(words, ENDS, 1)
    Atomics.notify(words, ENDS)
    if (this.#isTimed) return true
    this.#isTimed = true
    this.target = this.#count
    this.#meter.start()
    barrier.arrive()
    return false
  }
}

const SPIN_TURNS = 200
const PARK_MS = 0.05
const PARKING = new Int32Array(new SharedArrayBuffer(4))

/**
 * One turn of a polling loop: spins at first, then gives the core back for a moment each time.
 *
 * @param turn turns without work so far, from 0
 */
export function relax(turn: number): void {
  if (turn >= SPIN_TURNS) Atomics.wait(PARKING, 0, 0, PARK_MS)
}
