import * as cursor from '../../core/group/cursor.js'
import type { PartitionLog } from '../../core/log/partition-log.js'
import { readTail } from '../../core/log/tail.js'
import type { Consumer, ConsumerStats, Engine } from '../../workers/index.js'
import { GroupLedger, nowMs } from './group-ledger.js'
import type { Plan } from './plan.js'
import type { Random } from './random.js'
import type { SendLedger } from './send-ledger.js'
import type { SubjectData } from './subject.js'
import { Switches } from './switches.js'

/** One group of a trial: its consumer, what its handlers see, and who of them died when. */
export class GroupRun {
  readonly groupId: string
  readonly ledger = new GroupLedger()
  readonly switches = new Switches()
  /** When the threads that died were told to, by thread id; NaN for those that ended themselves. */
  readonly deaths = new Map<number, number>()
  /** When each thread began, by thread id. */
  readonly startedAtMs = new Map<number, number>()
  /** When the whole group was paused. */
  readonly pauses: { readonly fromMs: number; toMs: number }[] = []
  private consumer: Consumer<Buffer>
  private readonly engine: Engine
  private readonly plan: Plan
  /** Groups get their gates in the order of their opening. */
  private readonly gate: number
  private readonly sends: SendLedger
  private readonly newestThread = new Map<number, number>()

  constructor(engine: Engine, gate: number, plan: Plan, sends: SendLedger) {
    const groupId = `group-${gate}`
    this.gate = gate
    this.groupId = groupId
    this.plan = plan
    this.sends = sends
    this.engine = engine
    this.consumer = this.createConsumer()
  }

  private createConsumer(): Consumer<Buffer> {
    const consumer = this.engine.consumer<Buffer>({
      groupId: this.groupId,
      topics: ['samples'],
      from: 'earliest',
      retry: { backoff: { initialMs: 1, maxMs: 1 } },
    })
    consumer.on('worker:start', ({ workerId, threadId }) => {
      this.startedAtMs.set(threadId, nowMs())
      this.newestThread.set(workerId, threadId)
    })
    consumer.on('worker:crash', ({ workerId }) => {
      const threadId = this.newestThread.get(workerId)
      if (threadId !== undefined && !this.deaths.has(threadId))
        this.deaths.set(threadId, Number.NaN)
    })
    return consumer
  }

  async start(): Promise<void> {
    const { plan, switches } = this
    switches.throwsPerMillion = plan.throwsPerMillion
    switches.spinMicroseconds = plan.spinMicroseconds
    const workerData: SubjectData = {
      sends: this.sends.buffer,
      group: this.ledger.buffer,
      groupTimes: this.ledger.timesBuffer,
      switches: switches.buffer,
      seed: plan.seed,
      asyncPerMille: plan.asyncPerMille,
    }
    const handler =
      plan.handler === 'message'
        ? new URL('./message-handler.js', import.meta.url)
        : new URL('./batch-handler.js', import.meta.url)
    await this.consumer.run({ workers: plan.workers, handler, workerData })
  }

  get runningWorkers(): number {
    return this.consumer.workers.length
  }

  /** Kills one worker at whatever instruction it is. @returns false if none runs */
  kill(random: Random): boolean {
    const alive = this.consumer.workers.filter(({ threadId }) => !this.deaths.has(threadId))
    if (alive.length === 0) return false
    const worker = random.pick(alive)
    this.raiseFloors()
    this.deaths.set(worker.threadId, nowMs())
    void worker.terminate()
    return true
  }

  /** What is committed now must not come again, whoever dies. */
  private raiseFloors(): void {
    for (const { partition, committedOffset } of this.consumer.lag().partitions) {
      this.ledger.raiseFloor(partition, committedOffset)
    }
  }

  async pause(): Promise<void> {
    this.pauses.push({ fromMs: nowMs(), toMs: Number.POSITIVE_INFINITY })
    await this.consumer.pause()
  }

  async resume(): Promise<void> {
    await this.consumer.resume()
    const pause = this.pauses.at(-1)
    if (pause !== undefined) pause.toMs = nowMs()
  }

  scale(workers: number): Promise<void> {
    return this.consumer.scale(workers)
  }

  get lag(): number {
    return this.consumer.lag().messages
  }

  get stats(): ConsumerStats {
    return this.consumer.stats()
  }

  get deliveries(): number {
    let sum = 0
    for (let partition = 0; partition < this.plan.partitions; partition++) {
      sum += this.ledger.deliveries(partition)
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

  /** Goes on after {@link close}, with new workers. */
  async reopen(): Promise<void> {
    this.consumer = this.createConsumer()
    await this.start()
  }

  close(): Promise<void> {
    return this.consumer.close()
  }
}
