import { threadId } from 'node:worker_threads'
import * as memory from '../../core/memory.js'
import { nowMs } from './clock.js'

/** What a trial asks of a thread, named as in the table of faults: the first one that looks does it. */
const ORDERS = [
  'handler throws',
  'handler rejects',
  'unhandled rejection',
  'uncaught exception in a timer',
  'process.exit in a handler',
  'out of memory',
  'handler hangs for ever',
  'handler comes back when its time is over',
  'worker dies at operation k',
  'worker stops at operation k',
  'producer dies at operation k',
  'producer stops at operation k',
] as const
export type Order = (typeof ORDERS)[number]

export interface GivenOrder {
  readonly order: Order
  readonly argument: number
}

/** A thread that ended itself, as ordered. */
export interface OwnDeath {
  readonly threadId: number
  readonly fault: Order
  readonly atMs: number
}

/*
 * words    | order | argument | throws per million | spin | deaths | rows of deaths
 * doubles  | times of deaths
 */
const ORDER = 0
const ARGUMENT = 1
const THROWS_PER_MILLION = 3
const SPIN_MICROSECONDS = 4
const DEATH_COUNT = 5
const ROWS = 16
const ROW_WORDS = 2
const DEATHS_MAX = 512
const TIMES = (ROWS + DEATHS_MAX * ROW_WORDS) / 2

/** What a trial asks of its handlers, or of its producers, and who died of it, in shared memory. */
export class Orders {
  readonly buffer: SharedArrayBuffer
  private readonly words: Int32Array
  private readonly doubles: Float64Array

  constructor(buffer?: SharedArrayBuffer) {
    const region =
      buffer === undefined ? memory.allocate((TIMES + DEATHS_MAX) * 8) : memory.attach(buffer)
    this.buffer = region.buffer
    this.words = region.words
    this.doubles = region.doubles
  }

  // --------------------------------------------------------------------------------- by the trial

  give(order: Order, argument: number): void {
    memory.store(this.words, ARGUMENT, argument)
    memory.store(this.words, ORDER, ORDERS.indexOf(order) + 1)
  }

  /** @returns whether nobody had taken it */
  withdraw(): boolean {
    return memory.exchange(this.words, ORDER, 0) !== 0
  }

  get isOpen(): boolean {
    return memory.load(this.words, ORDER) !== 0
  }

  deaths(): OwnDeath[] {
    const rows = Math.min(memory.load(this.words, DEATH_COUNT), DEATHS_MAX)
    return Array.from({ length: rows }, (_, row) => ({
      threadId: memory.load(this.words, ROWS + row * ROW_WORDS + 1),
      fault: ORDERS[memory.load(this.words, ROWS + row * ROW_WORDS) - 1] as Order,
      atMs: memory.readDouble(this.doubles, TIMES + row),
    })).filter(({ fault }) => fault !== undefined)
  }

  // ------------------------------------------------------------------------------- by the threads

  /** For the one thread that gets it. */
  take(): GivenOrder | undefined {
    if (memory.load(this.words, ORDER) === 0) return undefined
    const argument = memory.load(this.words, ARGUMENT)
    const order = ORDERS[memory.exchange(this.words, ORDER, 0) - 1]
    return order === undefined ? undefined : { order, argument }
  }

  /** Notes that this thread is about to die. @returns to be called again if it takes its time */
  noteDeath(order: Order): () => void {
    const row = memory.add(this.words, DEATH_COUNT, 1)
    if (row >= DEATHS_MAX) return () => {}
    const note = () => memory.writeDouble(this.doubles, TIMES + row, nowMs())
    note()
    memory.store(this.words, ROWS + row * ROW_WORDS + 1, threadId)
    memory.store(this.words, ROWS + row * ROW_WORDS, ORDERS.indexOf(order) + 1)
    return note
  }

  // --------------------------------------------------------------------------------------- always

  /** How many of a million first attempts throw. */
  get throwsPerMillion(): number {
    return memory.load(this.words, THROWS_PER_MILLION)
  }

  set throwsPerMillion(count: number) {
    memory.store(this.words, THROWS_PER_MILLION, count)
  }

  /** How long a handler is busy with one record. */
  get spinMicroseconds(): number {
    return memory.load(this.words, SPIN_MICROSECONDS)
  }

  set spinMicroseconds(time: number) {
    memory.store(this.words, SPIN_MICROSECONDS, time)
  }
}
