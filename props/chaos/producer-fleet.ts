import { Worker } from 'node:worker_threads'
import type { Engine } from '../../workers/index.js'
import type { Plan } from './plan.js'
import { type ProducerData, WAYS } from './producer-data.js'
import type { Random } from './random.js'
import { PRODUCERS_MAX, type SendLedger } from './send-ledger.js'

interface ProducerWorker {
  readonly producer: number
  readonly worker: Worker
  readonly ended: Promise<void>
}

/** The producer threads of a trial. Whichever ends, another one takes its place. */
export class ProducerFleet {
  /** Errors that ended a producer: there must be none. */
  readonly failures: string[] = []
  /** Threads started so far. */
  started = 0
  private readonly engine: Engine
  private readonly sends: SendLedger
  private readonly plan: Plan
  private readonly random: Random
  private readonly running = new Set<ProducerWorker>()

  constructor(engine: Engine, sends: SendLedger, plan: Plan, random: Random) {
    this.engine = engine
    this.sends = sends
    this.plan = plan
    this.random = random
    for (let count = 0; count < plan.producers; count++) this.start()
  }

  /** Whether so many have come and gone that the ledger is full. */
  get isExhausted(): boolean {
    return this.running.size === 0
  }

  /** Whether one of them waits for space in a full log. */
  get isOneWaiting(): boolean {
    return [...this.running].some(({ producer }) => this.sends.isWaiting(producer))
  }

  get areAllWaiting(): boolean {
    return [...this.running].every(({ producer }) => this.sends.isWaiting(producer))
  }

  /** Samples that the engine has acknowledged to any of them, dead or alive. */
  get acknowledged(): number {
    let sum = 0
    for (let producer = 0; producer < this.started; producer++) {
      sum += this.sends.acknowledged(producer)
    }
    return sum
  }

  private start(): void {
    if (this.started === PRODUCERS_MAX) return
    const { plan, random } = this
    const producer = this.started++
    const engine = this.engine.handle()
    const data: ProducerData = {
      engine,
      sends: this.sends.buffer,
      topic: 'samples',
      producer,
      seed: plan.seed * PRODUCERS_MAX + producer,
      way: random.pick(WAYS),
      keys: plan.keys,
      fillerBytesMax: plan.fillerBytesMax,
      batchMax: plan.batchMax,
      pauseMs: plan.pauseMs,
    }
    const worker = new Worker(new URL('./producer-thread.js', import.meta.url), {
      workerData: data,
      transferList: [...engine.transferList],
    })
    worker.on('error', (error) => this.failures.push(`producer ${producer}: ${error.stack}`))
    const ended = new Promise<void>((resolve) => worker.on('exit', () => resolve()))
    const entry = { producer, worker, ended }
    this.running.add(entry)
    void ended.then(() => {
      this.running.delete(entry)
      if (!this.sends.isStopping) this.start()
    })
  }

  /**
   * Kills one of them at whatever instruction it is.
   *
   * @returns whether it was waiting for space in a full log
   */
  kill(): boolean {
    const entry = this.random.pick([...this.running])
    const wasWaiting = this.sends.isWaiting(entry.producer)
    void entry.worker.terminate()
    return wasWaiting
  }

  /** Asks all of them to end, and resolves when they have. */
  async stop(): Promise<void> {
    this.sends.stop()
    await Promise.all([...this.running].map(({ ended }) => ended))
  }
}
