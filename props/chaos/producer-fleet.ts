import { Worker } from 'node:worker_threads'
import type { Engine } from '../../workers/index.js'
import type { Recorder } from '../history/recorder.js'
import { nowMs } from './clock.js'
import { Orders } from './orders.js'
import type { Workload } from './plan.js'
import { type ProducerData, WAYS } from './producer-data.js'
import type { Random } from './random.js'
import { PRODUCERS_MAX, type SendLedger } from './send-ledger.js'

/** One producer thread, from its start on. */
export interface ProducerRun {
  readonly producer: number
  readonly threadId: number
  /** Its slot in the engine, which another thread may have had before. */
  readonly slot: number
  readonly worker: Worker
  readonly ended: Promise<void>
  /** Which fault killed it, and when; of those that ended as they should, nothing. */
  death: { readonly fault: string; readonly atMs: number } | undefined
  /** When the engine said that it had repaired what the thread left. */
  repairedAtMs: number | undefined
  abortedFrames: number
}

/** The producer threads of a trial. Whichever ends, another one takes its place. */
export class ProducerFleet {
  /** Errors that ended a producer: there must be none. */
  readonly failures: string[] = []
  readonly orders = new Orders()
  /** All that were ever started. */
  readonly runs: ProducerRun[] = []
  private readonly engine: Engine
  private readonly sends: SendLedger
  private readonly recorder: Recorder
  private readonly workload: Workload
  private readonly random: Random
  private readonly running = new Set<ProducerRun>()

  /** @param recorder what they do goes to its lanes */
  constructor(
    engine: Engine,
    sends: SendLedger,
    recorder: Recorder,
    workload: Workload,
    random: Random,
  ) {
    this.engine = engine
    this.sends = sends
    this.recorder = recorder
    this.workload = workload
    this.random = random
    engine.on('thread:death', ({ slot, abortedFrames }) => this.repaired(slot, abortedFrames))
  }

  begin(): void {
    for (let count = 0; count < this.workload.producers; count++) this.start()
  }

  /** Whether so many have come and gone that the ledger is full. */
  get isExhausted(): boolean {
    return this.running.size === 0
  }

  /** Whether one of them waits for space in a full log. */
  get isOneWaiting(): boolean {
    return this.waiting().length > 0
  }

  get areAllWaiting(): boolean {
    return this.waiting().length === this.running.size
  }

  private waiting(): ProducerRun[] {
    return [...this.running].filter(({ producer }) => this.sends.isWaiting(producer))
  }

  private start(): void {
    if (this.runs.length === PRODUCERS_MAX) return
    const { workload, random } = this
    const producer = this.runs.length
    const engine = this.engine.handle()
    const data: ProducerData = {
      engine,
      sends: this.sends.buffer,
      orders: this.orders.buffer,
      recorder: this.recorder.buffer,
      topic: 'samples',
      producer,
      seed: workload.seed * PRODUCERS_MAX + producer,
      way: random.pick(WAYS),
      keys: workload.keys,
      fillerBytesMax: workload.fillerBytesMax,
      batchMax: workload.batchMax,
      pauseMs: workload.pauseMs,
    }
    const worker = new Worker(new URL('./producer-thread.js', import.meta.url), {
      workerData: data,
      transferList: [...engine.transferList],
    })
    worker.on('error', (error) => this.failures.push(`producer ${producer}: ${error.stack}`))
    const ended = new Promise<void>((resolve) => worker.on('exit', () => resolve()))
    const { threadId } = worker
    const run: ProducerRun = {
      producer,
      threadId,
      slot: engine.slot,
      worker,
      ended,
      death: undefined,
      repairedAtMs: undefined,
      abortedFrames: 0,
    }
    this.running.add(run)
    this.runs.push(run)
    void ended.then(() => {
      this.running.delete(run)
      if (!this.sends.isStopping) this.start()
    })
  }

  private repaired(slot: number, abortedFrames: number): void {
    // The first: the slot may have been taken again before its repair was told here.
    const run = this.runs.find((one) => one.slot === slot && one.repairedAtMs === undefined)
    if (run === undefined) return
    run.repairedAtMs = nowMs()
    run.abortedFrames = abortedFrames
  }

  private alive(): ProducerRun[] {
    this.noteOwnDeaths()
    return [...this.running].filter(
      (run) => run.death === undefined && run.repairedAtMs === undefined,
    )
  }

  private noteOwnDeaths(): void {
    const own = new Map(this.orders.deaths().map((death) => [death.threadId, death]))
    for (const run of this.runs) run.death ??= own.get(run.threadId)
  }

  countDeaths(fault: string): number {
    this.noteOwnDeaths()
    return this.runs.filter(({ death }) => death?.fault === fault).length
  }

  /** One that waits for space in a full log. */
  pickWaiting(): ProducerRun | undefined {
    const waiting = this.alive().filter(({ producer }) => this.sends.isWaiting(producer))
    return waiting.length === 0 ? undefined : this.random.pick(waiting)
  }

  /** Kills one of them at whatever instruction it is. @returns whether there was one */
  kill(fault: string, victim?: ProducerRun): boolean {
    const alive = victim === undefined ? this.alive() : [victim]
    if (alive.length === 0) return false
    const run = this.random.pick(alive)
    run.death = { fault, atMs: nowMs() }
    void run.worker.terminate()
    return true
  }

  /** Asks all of them to end, and resolves when they have. */
  async stop(): Promise<void> {
    this.sends.stop()
    this.orders.withdraw()
    await Promise.all([...this.running].map(({ ended }) => ended))
    this.noteOwnDeaths()
  }
}
