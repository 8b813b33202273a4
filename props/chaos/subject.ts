import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs } from './clock.js'
import { GroupLedger } from './group-ledger.js'
import { obeyAtOperation } from './interruptions.js'
import { type GivenOrder, type Order, Orders } from './orders.js'
import { Random } from './random.js'
import { SendLedger } from './send-ledger.js'

/** What the handlers of a trial get as their workerData. */
export interface SubjectData {
  readonly sends: SharedArrayBuffer
  readonly group: SharedArrayBuffer
  readonly groupTimes: SharedArrayBuffer
  readonly orders: SharedArrayBuffer
  readonly seed: number
  /** How many of a thousand calls return a promise that is pending for a moment. */
  readonly asyncPerMille: number
}

/** The part of a handler that is the same for messages and batches. One for each thread. */
export class Subject {
  private readonly sends: SendLedger
  private readonly group: GroupLedger
  private readonly orders: Orders
  private readonly random: Random
  private readonly asyncPerMille: number
  private isToReject = false

  constructor(data: SubjectData, workerId: number) {
    this.sends = new SendLedger(data.sends)
    this.group = new GroupLedger(data.group, data.groupTimes)
    this.orders = new Orders(data.orders)
    this.random = new Random(data.seed + workerId)
    this.asyncPerMille = data.asyncPerMille
  }

  /**
   * Handles a record: notes it, and does what the trial asks for.
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
    this.group.observe(this.sends, partition, offset, key, bytes, from, to, attempt)
    this.spin()
    const order = this.orders.take()
    if (order !== undefined) this.obey(order)
    if (attempt === 1 && this.random.integer(1, 1_000_000) <= this.orders.throwsPerMillion) {
      throw new Error('a handler that fails now and then')
    }
  }

  private spin(): void {
    const { spinMicroseconds } = this.orders
    if (spinMicroseconds === 0) return
    const end = nowMs() + spinMicroseconds / 1000
    while (nowMs() < end);
  }

  private obey(given: GivenOrder): void {
    const { order } = given
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
    }
  }

  private exit(order: Order): void {
    this.orders.noteDeath(order)
    process.exit(1)
  }

  private exhaustMemory(): never {
    const hoard: unknown[] = []
    const noteAgain = this.orders.noteDeath('out of memory')
    for (;;) {
      hoard.push(new Array(10_000).fill(0.5))
      noteAgain()
    }
  }

  /** What the handler returns: now and then a promise that is pending for a moment, or rejects. */
  settle(): Promise<void> | undefined {
    if (this.isToReject) {
      this.isToReject = false
      return sleep(1).then(() => {
        throw new Error('a handler that rejects, as ordered')
      })
    }
    if (this.random.integer(1, 1000) > this.asyncPerMille) return undefined
    return sleep(this.random.integer(0, 2))
  }
}
