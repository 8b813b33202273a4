import { setTimeout as sleep } from 'node:timers/promises'
import { GroupLedger, nowMs } from './group-ledger.js'
import { Random } from './random.js'
import { SendLedger } from './send-ledger.js'
import { Switches } from './switches.js'

/** What the handlers of a trial get as their workerData. */
export interface SubjectData {
  readonly sends: SharedArrayBuffer
  readonly group: SharedArrayBuffer
  readonly groupTimes: SharedArrayBuffer
  readonly switches: SharedArrayBuffer
  readonly seed: number
  /** How many of a thousand calls return a promise that is pending for a moment. */
  readonly asyncPerMille: number
}

/** The part of a handler that is the same for messages and batches. One for each thread. */
export class Subject {
  private readonly sends: SendLedger
  private readonly group: GroupLedger
  private readonly switches: Switches
  private readonly random: Random
  private readonly asyncPerMille: number

  constructor(data: SubjectData, workerId: number) {
    this.sends = new SendLedger(data.sends)
    this.group = new GroupLedger(data.group, data.groupTimes)
    this.switches = new Switches(data.switches)
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
    this.die()
    if (attempt === 1 && this.random.integer(1, 1_000_000) <= this.switches.throwsPerMillion) {
      throw new Error('a handler that fails now and then')
    }
  }

  private spin(): void {
    const { spinMicroseconds } = this.switches
    if (spinMicroseconds === 0) return
    const end = nowMs() + spinMicroseconds / 1000
    while (nowMs() < end);
  }

  private die(): void {
    const death = this.switches.takeDeath()
    if (death === 'exit') process.exit(3)
    if (death === 'rejection') void Promise.reject(new Error('a rejection that nobody handles'))
    if (death === 'uncaught') {
      setImmediate(() => {
        throw new Error('an error that nobody catches')
      })
    }
  }

  /** What the handler returns: now and then a promise that is pending for a moment. */
  settle(): Promise<void> | undefined {
    if (this.random.integer(1, 1000) > this.asyncPerMille) return undefined
    return sleep(this.random.integer(0, 2))
  }
}
