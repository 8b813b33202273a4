import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import * as memory from '../../core/memory.js'
import { type Lane, Recorder } from '../history/recorder.js'
import { nowMs } from './clock.js'
import { obeyAtOperation } from './interruptions.js'
import { type GivenOrder, type Order, Orders } from './orders.js'
import { Random } from './random.js'
import { decodeSample, keyText, nameOf, TORN } from './sample.js'
import { TakeoverLog } from './takeover-log.js'

/** What the handlers of a trial get as their workerData. */
export interface SubjectData {
  readonly recorder: SharedArrayBuffer
  /** Number of the group. */
  readonly group: number
  readonly takeovers: SharedArrayBuffer
  readonly orders: SharedArrayBuffer
  readonly seed: number
  /** How many of a thousand calls return a promise that is pending for a moment. */
  readonly asyncPerMille: number
}

/** Argument of a handler that hangs: it blocks its thread, or returns a promise that stays pending. */
export const BLOCKING = 1
const STILL = memory.allocate(8)

/** The part of a handler that is the same for messages and batches. One for each thread. */
export class Subject {
  private readonly group: number
  private readonly lane: Lane
  private readonly takeovers: TakeoverLog
  private readonly orders: Orders
  private readonly random: Random
  private readonly asyncPerMille: number
  private isToReject = false
  private isToHang = false

  constructor(data: SubjectData, workerId: number) {
    this.group = data.group
    this.lane = new Recorder(data.recorder).lane(threadId)
    this.takeovers = new TakeoverLog(data.takeovers)
    this.orders = new Orders(data.orders)
    this.random = new Random(data.seed + workerId)
    this.asyncPerMille = data.asyncPerMille
  }

  /**
   * Handles a record: notes it, and does what the trial asks for. {@link settle} ends it.
   *
   * @throws Error at some first attempts, if the trial wants that
   */
  handle(
    partition: number,
    offset: number,
    key: unknown,
    bytes: Buffer,
    from: number,
    to: number,
    attempt: number,
  ): void {
    const sample = decodeSample(bytes, from, to)
    const isWhole = sample !== undefined && key === keyText(sample.key)
    this.lane.polled(this.group, partition, offset, isWhole ? nameOf(sample) : TORN)
    this.takeovers.follow(partition, offset)
    this.spin()
    try {
      const order = this.orders.take()
      if (order !== undefined) this.obey(order)
      if (attempt === 1) this.failNowAndThen()
    } catch (error) {
      this.lane.handlerFailed(this.group, partition, offset)
      throw error
    }
  }

  private spin(): void {
    const { spinMicroseconds } = this.orders
    if (spinMicroseconds === 0) return
    const end = nowMs() + spinMicroseconds / 1000
    while (nowMs() < end);
  }

  private failNowAndThen(): void {
    if (this.random.integer(1, 1_000_000) > this.orders.throwsPerMillion) return
    throw new Error('a handler that fails now and then')
  }

  private obey(given: GivenOrder): void {
    const { order, argument } = given
    if (obeyAtOperation(given, this.orders)) return
    switch (order) {
      case 'handler throws':
        throw new Error('a handler that throws, as ordered')
      case 'handler rejects':
        this.isToReject = true
        return
      case 'process.exit in a handler':
        this.exit(order)
        return
      case 'unhandled rejection':
        this.orders.noteDeath(order)
        void Promise.reject(new Error('a rejection that nobody handles'))
        return
      case 'uncaught exception in a timer':
        setTimeout(() => {
          this.orders.noteDeath(order)
          throw new Error('an error that nobody catches')
        }, 1)
        return
      case 'out of memory':
        this.exhaustMemory()
        return
      case 'handler hangs for ever':
        this.orders.noteDeath(order)
        if (argument === BLOCKING) memory.wait(STILL.words, 0, 0, Number.POSITIVE_INFINITY)
        this.isToHang = true
        return
      case 'handler comes back when its time is over':
        memory.wait(STILL.words, 0, 0, argument)
    }
  }

  private exit(order: Order): void {
    this.orders.noteDeath(order)
    process.exit(1)
  }

  private exhaustMemory(): void {
    const hoard: unknown[] = []
    const noteAgain = this.orders.noteDeath('out of memory')
    for (;;) {
      hoard.push(new Array(10_000).fill(0.5))
      noteAgain()
    }
  }

  /** The handler is done with a record. */
  done(partition: number, offset: number): void {
    this.lane.handled(this.group, partition, offset)
  }

  /**
   * Ends the handling of the last record, or of the only one.
   *
   * @returns what the handler returns: now and then a promise that is pending for a moment, or rejects
   */
  settle(partition: number, offset: number): Promise<void> | undefined {
    if (this.isToHang) return new Promise(() => {})
    if (this.isToReject) {
      this.isToReject = false
      return this.reject(partition, offset)
    }
    if (this.random.integer(1, 1000) <= this.asyncPerMille) return this.wait(partition, offset)
    this.done(partition, offset)
    return undefined
  }

  private async reject(partition: number, offset: number): Promise<void> {
    await sleep(1)
    this.lane.handlerFailed(this.group, partition, offset)
    throw new Error('a handler that rejects, as ordered')
  }

  private async wait(partition: number, offset: number): Promise<void> {
    await sleep(this.random.integer(0, 2))
    this.done(partition, offset)
  }
}
