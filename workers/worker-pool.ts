import {
  MessageChannel,
  type ResourceLimits,
  receiveMessageOnPort,
  type Worker,
} from 'node:worker_threads'
import { Piscina } from 'piscina'
import { after, monotonicMs, type Timer } from '#clock'
import { MillraceError } from '../core/errors.js'
import type { EngineHandle } from './engine-handle.js'
import { type ErrorMemo, fromMemo } from './supervisor-protocol.js'
import { type ConsumerStats, WorkerControl } from './worker-control.js'
import type { WorkerTask } from './worker-entry.js'

const RESTART_MS_MIN = 100
const RESTART_MS_MAX = 30_000
/** So many deaths within the window, without a record handled in between, and a group is degraded. */
const CRASHES_MAX = 5
const CRASH_WINDOW_MS = 60_000

/** From a worker to the thread that started it. */
export type WorkerReport =
  | { readonly type: 'ready'; readonly threadId: number; readonly member: number }
  | { readonly type: 'failed'; readonly error: ErrorMemo }

type ReadyReport = Extract<WorkerReport, { type: 'ready' }>

/** What a pool needs of its consumer. */
export interface WorkerPoolHost {
  handle(): EngineHandle
  /** Everything of the task that is the same for all workers. */
  readonly job: Omit<WorkerTask, 'engine' | 'report' | 'control' | 'workerId'>
  readonly resourceLimits: ResourceLimits
  wakeAll(): void
  /** Whether the engine is closed: then workers end, and are not replaced. */
  isClosed(): boolean
  onStart(workerId: number, threadId: number): void
  onCrash(workerId: number, error: Error, restartMs: number): void
  /** A worker that was asked to stop has done so, but not its handler's `onStop`. */
  onStopFailed(workerId: number, threadId: number, error: Error): void
  onDegraded(workerId: number, crashes: number): void
}

/**
 * The worker threads of one consumer. Piscina owns the threads: each worker is one task that never
 * ends by itself, so that every worker has a thread of its own, and a thread that dies is not
 * replaced behind our back. What follows a death is decided here, for each worker alone.
 */
export class WorkerPool {
  private readonly host: WorkerPoolHost
  private readonly pool: Piscina
  private readonly workers: PoolWorker[] = []
  /** Scaled away, and not done yet with what they have in hand. */
  private readonly leaving = new Set<PoolWorker>()
  /** Counts of workers that were scaled away. */
  private readonly retired: WorkerControl[] = []

  constructor(host: WorkerPoolHost) {
    this.host = host
    this.pool = new Piscina({
      filename: new URL('./worker-entry.js', import.meta.url).href,
      minThreads: 0,
      maxThreads: 255,
      concurrentTasksPerWorker: 1,
      resourceLimits: host.resourceLimits,
      // With the others an idle thread would wait blocked, its timers with it.
      atomics: 'disabled',
      recordTiming: false,
    })
    // Errors of a thread between its tasks: nothing of ours runs there.
    this.pool.on('error', () => {})
  }

  /**
   * Starts or stops workers until there are `size`.
   *
   * @throws MillraceError `HANDLER_NOT_LOADED`, `HANDLER_INVALID` if one of them cannot start: then
   *   none of the new ones is left
   */
  async resize(size: number): Promise<void> {
    const surplus = this.workers.splice(size)
    this.retired.push(...surplus.map((worker) => worker.control))
    const stopped = surplus.map(async (worker) => {
      this.leaving.add(worker)
      await worker.stop()
      this.leaving.delete(worker)
    })
    const fresh: PoolWorker[] = []
    while (this.workers.length < size) {
      const worker = new PoolWorker(this.host, this.pool, this.workers.length)
      this.workers.push(worker)
      fresh.push(worker)
    }
    const [started] = await Promise.all([
      Promise.allSettled(fresh.map((worker) => worker.start())),
      Promise.all(stopped),
    ])
    const failed = started.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    for (const worker of fresh) this.workers.splice(this.workers.indexOf(worker), 1)
    await Promise.all(fresh.map((worker) => worker.stop()))
    throw failed.reason
  }

  /** The counts of all workers, dead ones included. */
  stats(): ConsumerStats[] {
    const controls = [...this.retired, ...this.workers.map((worker) => worker.control)]
    return controls.map((control) => control.read())
  }

  /** Those that run now. */
  running(): { readonly id: number; readonly threadId: number }[] {
    return this.workers.flatMap(({ id, threadId }) =>
      threadId === undefined ? [] : [{ id, threadId }],
    )
  }

  /** Kills a thread, as a crash would. */
  async terminate(threadId: number): Promise<void> {
    await this.threadOf(threadId)?.terminate()
  }

  /** Whether a member of the group is one of these workers. */
  has(member: number): boolean {
    return this.find(member) !== undefined
  }

  /** Kills the thread of a member, for a reason that is told as the cause of its crash. */
  end(member: number, reason: Error): void {
    const worker = this.find(member)
    if (worker?.threadId === undefined) return
    worker.endReason = reason
    void this.terminate(worker.threadId)
  }

  private find(member: number): PoolWorker | undefined {
    return [...this.workers, ...this.leaving].find((worker) => worker.member === member)
  }

  private threadOf(threadId: number): Worker | undefined {
    return this.pool.threads.find((thread) => thread.threadId === threadId)
  }

  /** Asks all workers to finish what they have in hand. Resolves when they did. */
  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()))
  }

  /** Ends all threads, whatever they do. */
  async destroy(): Promise<void> {
    for (const worker of this.workers) void worker.stop()
    await this.pool.destroy()
  }
}

/** One worker: a task, and its successors after crashes. */
class PoolWorker {
  readonly id: number
  readonly control = WorkerControl.create()
  threadId: number | undefined
  member: number | undefined
  /** Why the thread was ended from here, if it was. */
  endReason: Error | undefined
  private readonly host: WorkerPoolHost
  private readonly pool: Piscina
  private readonly crashesAtMs: number[] = []
  private processedAtCrash = 0
  private restartMs = RESTART_MS_MIN
  private restart: Timer | undefined
  private running: Promise<void> | undefined
  private isDegraded = false

  constructor(host: WorkerPoolHost, pool: Piscina, id: number) {
    this.host = host
    this.pool = pool
    this.id = id
  }

  /** Resolves when the handler is loaded and the worker is a member of the group. */
  async start(): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    const engine = this.host.handle()
    const task: WorkerTask = {
      ...this.host.job,
      engine,
      report: port2,
      control: this.control.region.buffer,
      workerId: this.id,
    }
    const run = this.pool.run(task, { transferList: [port2, ...engine.transferList] })
    return new Promise((resolve, reject) => {
      let refusal: Error | undefined
      const receive = (report: WorkerReport) => {
        if (report.type === 'failed') refusal = fromMemo(report.error)
        else this.started(report, resolve)
      }
      port1.on('message', receive)
      const ended = (error?: Error) => {
        // The report may be on its way still, though it was sent first: by another port.
        const last = receiveMessageOnPort(port1)
        if (last !== undefined) receive(last.message)
        port1.close()
        this.ended(refusal, refusal ?? error, reject)
      }
      this.running = run.then(() => ended(), ended)
    })
  }

  private started({ threadId, member }: ReadyReport, resolve: () => void): void {
    this.threadId = threadId
    this.member = member
    this.host.onStart(this.id, threadId)
    resolve()
  }

  /** The task has ended: asked to, unable to start, or dead. */
  private ended(
    refusal: Error | undefined,
    error: Error | undefined,
    reject: (error: Error) => void,
  ): void {
    const { threadId, endReason: ownReason } = this
    const hadStarted = threadId !== undefined
    this.threadId = undefined
    this.member = undefined
    this.endReason = undefined
    this.running = undefined
    if (this.control.isStopping || this.host.isClosed()) {
      const failure = refusal ?? ownReason
      if (hadStarted && failure !== undefined) {
        this.host.onStopFailed(this.id, threadId, failure)
      }
      reject(stopped())
      return
    }
    const reason =
      ownReason ?? error ?? new Error('the worker came to an end without having been asked to')
    if (hadStarted || this.crashesAtMs.length > 0) this.crashed(reason)
    else reject(reason)
  }

  private crashed(error: Error): void {
    const { processed } = this.control.read()
    if (processed > this.processedAtCrash) {
      this.crashesAtMs.length = 0
      this.isDegraded = false
      this.restartMs = RESTART_MS_MIN
    }
    this.processedAtCrash = processed
    const now = monotonicMs()
    this.crashesAtMs.push(now)
    const recent = this.crashesAtMs.filter((at) => now - at < CRASH_WINDOW_MS).length
    this.host.onCrash(this.id, error, this.restartMs)
    if (recent >= CRASHES_MAX && !this.isDegraded) {
      this.isDegraded = true
      this.host.onDegraded(this.id, recent)
    }
    this.restart = after(this.restartMs, () => {
      this.restart = undefined
      this.start().catch((cause: Error) => {
        // Without a thread to start in, or a slot for it, nobody else reports it.
        const isReported = this.restart !== undefined || this.control.isStopping
        if (!isReported && !this.host.isClosed()) this.crashed(cause)
      })
    })
    this.restartMs = Math.min(this.restartMs * 2, RESTART_MS_MAX)
  }

  /** Resolves when the worker has finished what it had in hand, and has let go of its partitions. */
  async stop(): Promise<void> {
    this.control.stop()
    this.restart?.cancel()
    this.host.wakeAll()
    await this.running
  }
}

function stopped(): MillraceError {
  return new MillraceError('CONSUMER_CLOSED', 'the worker was stopped before it had started')
}
