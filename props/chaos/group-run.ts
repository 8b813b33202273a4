import * as cursor from '../../core/group/cursor.js'
import type { PartitionLog } from '../../core/log/partition-log.js'
import { readTail } from '../../core/log/tail.js'
import {
  type Consumer,
  type ConsumerOptions,
  type ConsumerStats,
  type Engine,
  MillraceError,
} from '../../workers/index.js'
import type { Lane, Recorder } from '../history/recorder.js'
import { nowMs } from './clock.js'
import { type Breakage, HandlerFile } from './handler-file.js'
import { Orders } from './orders.js'
import type { Workload } from './plan.js'
import type { Random } from './random.js'
import type { SubjectData } from './subject.js'
import { TakeoverLog } from './takeover-log.js'

/** Enough for a handler, and soon exhausted. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 }

/** After a wait as long as the first, a worker is left alone for as long as the second. */
const LONG_RESTART_MS = 800
const RECOVERY_MS = 500

/** Processes of the history that are no threads: those that look at a group. */
const OBSERVERS = 2 ** 20

/** Then a handler is told; after as long again, its thread is ended. */
export const HANDLER_TIMEOUT_MS = 300

/** How a thread came to its end: by which fault, and when. */
export interface Death {
  readonly fault: string
  readonly atMs: number
}

/** A time in which the group, or a part of it, was kept from working. */
export interface Interruption {
  readonly fromMs: number
  toMs: number
}

/** One group of a trial: its consumer, what its handlers see, and who of them died when. */
export class GroupRun {
  readonly groupId: string
  /** Groups get their gates in the order of their opening. */
  readonly gate: number
  readonly takeoverLog = new TakeoverLog()
  readonly orders = new Orders()
  /** Who was killed, by thread id. */
  readonly kills = new Map<number, Death>()
  /** When each thread began, by thread id. */
  readonly startedAtMs = new Map<number, number>()
  /** Threads that the consumer says have crashed, by id, with the error. */
  readonly crashes = new Map<number, Error>()
  /** Pauses of the whole group, and times without a handler that loads. */
  readonly interruptions: Interruption[] = []
  /** Times in which this thread was blocked, so that nobody started workers. */
  readonly blocks: Interruption[] = []
  private consumer: Consumer<Buffer>
  private readonly engine: Engine
  private readonly workload: Workload
  private readonly recorder: Recorder
  private readonly lane: Lane
  private readonly file: HandlerFile
  private readonly zombies = { redelivered: 0, staleCommits: 0 }
  private readonly degraded = new Set<number>()
  private readonly failedLoads = new Map<number, number>()
  private readonly restartMs = new Map<number, number>()
  private readonly newestThread = new Map<number, number>()
  private wantedWorkers: number
  private pausedAtMs = Number.NaN

  /** @param recorder what its handlers do goes to their lanes, what is seen of it to one of ours */
  constructor(engine: Engine, gate: number, workload: Workload, recorder: Recorder) {
    const groupId = `group-${gate}`
    this.gate = gate
    this.groupId = groupId
    this.workload = workload
    this.wantedWorkers = workload.workers
    this.recorder = recorder
    this.lane = recorder.lane(OBSERVERS + gate)
    this.engine = engine
    this.file = new HandlerFile(
      workload.handler === 'message'
        ? new URL('./message-handler.js', import.meta.url)
        : new URL('./batch-handler.js', import.meta.url),
    )
    this.consumer = this.createConsumer()
  }

  get consumerOptions(): ConsumerOptions {
    return {
      groupId: this.groupId,
      topics: ['samples'],
      from: 'earliest',
      retry: { backoff: { initialMs: 1, maxMs: 1 } },
      handlerTimeoutMs: HANDLER_TIMEOUT_MS,
    }
  }

  get subjectData(): SubjectData {
    return {
      recorder: this.recorder.buffer,
      group: this.gate,
      takeovers: this.takeoverLog.buffer,
      orders: this.orders.buffer,
      seed: this.workload.seed,
      asyncPerMille: this.workload.asyncPerMille,
    }
  }

  private createConsumer(): Consumer<Buffer> {
    const consumer = this.engine.consumer<Buffer>(this.consumerOptions)
    consumer.on('worker:start', ({ workerId, threadId }) => {
      this.startedAtMs.set(threadId, nowMs())
      this.newestThread.set(workerId, threadId)
    })
    consumer.on('worker:crash', ({ workerId, error, restartMs }) => {
      this.restartMs.set(workerId, restartMs)
      if (isLoadError(error)) {
        this.failedLoads.set(workerId, this.loadsFailed(workerId) + 1)
        return
      }
      const threadId = this.newestThread.get(workerId)
      if (threadId !== undefined && !this.crashes.has(threadId)) this.crashes.set(threadId, error)
    })
    // One that was scaled away with a handler that takes too long.
    consumer.on('worker:stop-failed', ({ threadId, error }) => this.crashes.set(threadId, error))
    consumer.on('group:degraded', ({ workerId }) => this.degraded.add(workerId))
    return consumer
  }

  async start(): Promise<void> {
    const { workload, orders } = this
    this.file.mend()
    orders.throwsPerMillion = workload.throwsPerMillion
    orders.spinMicroseconds = workload.spinMicroseconds
    await this.consumer.run({
      workers: this.wantedWorkers,
      handler: this.file.url,
      workerData: this.subjectData,
      resourceLimits: RESOURCE_LIMITS,
    })
  }

  // -------------------------------------------------------------------------------------- faults

  /** Kills one worker at whatever instruction it is. @returns its id; undefined if none runs */
  kill(random: Random, fault = 'a kill'): number | undefined {
    const { deaths } = this
    const alive = this.consumer.workers.filter(
      ({ id, threadId }) => !deaths.has(threadId) && !this.isRecovering(id, threadId),
    )
    if (alive.length === 0) return undefined
    const worker = random.pick(alive)
    this.noteCommits()
    this.kills.set(worker.threadId, { fault, atMs: nowMs() })
    void worker.terminate()
    return worker.id
  }

  /** Whoever dies again before he has done anything waits twice as long, up to half a minute. */
  private isRecovering(workerId: number, threadId: number): boolean {
    if ((this.restartMs.get(workerId) ?? 0) < LONG_RESTART_MS) return false
    return nowMs() - (this.startedAtMs.get(threadId) ?? 0) < RECOVERY_MS
  }

  /** What is committed now must not come again, whoever dies. */
  private noteCommits(): void {
    for (const { partition, committedOffset } of this.consumer.lag().partitions) {
      this.lane.committed(this.gate, partition, committedOffset)
    }
  }

  async pause(): Promise<void> {
    this.pausedAtMs = nowMs()
    await this.consumer.pause()
  }

  async resume(): Promise<void> {
    await this.consumer.resume()
    this.interruptions.push({ fromMs: this.pausedAtMs, toMs: nowMs() })
  }

  async scale(workers: number): Promise<void> {
    this.wantedWorkers = workers
    await this.consumer.scale(workers)
  }

  get isHandlerBroken(): boolean {
    return this.file.isBroken
  }

  /** How often a worker could not start because its handler did not load. */
  loadsFailed(workerId: number): number {
    return this.failedLoads.get(workerId) ?? 0
  }

  /** Whether the group was degraded because of this worker, now or before. */
  isDegraded(workerId: number): boolean {
    return this.degraded.has(workerId)
  }

  /** From now on no worker can start. */
  breakHandler(breakage: Breakage): void {
    this.file.break(breakage)
  }

  mendHandler(): void {
    this.file.mend()
  }

  /** Notes that the group is kept from its work until then. */
  async interrupted(work: Promise<void>): Promise<void> {
    const interruption = { fromMs: nowMs(), toMs: Number.POSITIVE_INFINITY }
    this.interruptions.push(interruption)
    await work
    interruption.toMs = nowMs()
  }

  /** From here on nothing goes wrong any more. */
  calmDown(): void {
    this.orders.withdraw()
    this.orders.throwsPerMillion = 0
    this.orders.spinMicroseconds = 0
  }

  // ---------------------------------------------------------------------------------------- state

  /** All deaths that were brought about, by thread id. */
  get deaths(): ReadonlyMap<number, Death> {
    const own = this.orders.deaths().map((death) => [death.threadId, death] as const)
    return new Map([...own, ...this.kills])
  }

  countDeaths(fault: string): number {
    return [...this.deaths.values()].filter((death) => death.fault === fault).length
  }

  isRunning(workerId: number): boolean {
    return this.consumer.workers.some(({ id }) => id === workerId)
  }

  get areAllRunning(): boolean {
    return this.consumer.workers.length === this.wantedWorkers
  }

  get lag(): number {
    return this.consumer.lag().messages
  }

  /** Counts of a member that is none of the consumer's own. */
  addZombie({
    redelivered,
    staleCommits,
  }: Pick<ConsumerStats, 'redelivered' | 'staleCommits'>): void {
    this.zombies.redelivered += redelivered
    this.zombies.staleCommits += staleCommits
  }

  get stats(): ConsumerStats {
    const stats = this.consumer.stats()
    const { redelivered, staleCommits } = this.zombies
    return {
      ...stats,
      redelivered: stats.redelivered + redelivered,
      staleCommits: stats.staleCommits + staleCommits,
    }
  }

  get deliveries(): number {
    let sum = 0
    for (let partition = 0; partition < this.workload.partitions; partition++) {
      sum += this.takeoverLog.deliveries(partition)
    }
    return sum
  }

  /** For a report of a stall: who holds what, and how far it is. */
  describe(logs: readonly PartitionLog[]): string {
    return JSON.stringify({
      group: this.groupId,
      workers: this.consumer.workers.map(({ id, threadId }) => ({ id, threadId })),
      lag: this.consumer.lag().partitions,
      stats: this.stats,
      gates: logs.map((log) => this.describeGate(log)),
    })
  }

  private describeGate(log: PartitionLog): unknown {
    const { gate } = this
    return {
      committed: cursor.committedOffset(log, gate),
      holder: cursor.holderOf(log, gate),
      assigned: cursor.assignedTo(log, gate),
      paused: cursor.isPaused(log, gate),
      delivered: cursor.deliveredOffset(log, gate),
      tail: readTail(log),
      segmentOffsets: Array.from({ length: log.segmentCount }, (_, segment) =>
        log.segmentOffset(segment),
      ),
    }
  }

  // ------------------------------------------------------------------------------------------ end

  /** Goes on after {@link close}, with new workers. */
  async reopen(): Promise<void> {
    this.consumer = this.createConsumer()
    await this.start()
  }

  async close(): Promise<void> {
    this.noteCommits()
    await this.consumer.close()
    this.file.remove()
  }
}

function isLoadError(error: Error): boolean {
  return error instanceof MillraceError && error.code === 'HANDLER_NOT_LOADED'
}
