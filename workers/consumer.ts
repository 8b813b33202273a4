import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import type { ResourceLimits } from 'node:worker_threads'
import { after } from '#clock'
import { RetryPolicy } from '../core/delivery/retry.js'
import { MillraceError } from '../core/errors.js'
import * as cursor from '../core/group/cursor.js'
import { type Lag, LagMeter, totalLag } from '../core/group/lag.js'
import { type SeekTarget, seekGroup } from '../core/group/seek.js'
import {
  checkInteger,
  checkNumber,
  checkOptions,
  checkTimeout,
  invalidOption,
} from '../core/options.js'
import type { Message } from '../core/topic/received-message.js'
import type { CheckedConsumerOptions } from './consumer-options.js'
import type { EngineHandle } from './engine-handle.js'
import { type EngineParts, GroupMembership } from './group-membership.js'
import type { Handler } from './handler.js'
import { HandlerJudge } from './handler-judge.js'
import type { Member } from './member.js'
import { MessageQueue } from './message-queue.js'
import type { SupervisorEvent } from './supervisor-protocol.js'
import { type ConsumerStats, totalStats } from './worker-control.js'
import type { WorkerPool, WorkerPoolHost } from './worker-pool.js'

/** Handle messages in worker threads. */
export interface WorkerRunOptions {
  /** Threads, 1 to 200. Those beyond the number of partitions idle. */
  readonly workers: number
  /**
   * File whose default export `defineHandler` made: a URL, or an absolute path. Workers load it while
   * the group is opened; its `onStart` is called once that has succeeded.
   */
  readonly handler: URL | string
  /** For the handler's `onStart`; cloned, shared memory is shared. */
  readonly workerData?: unknown
  /**
   * Memory of each thread, as for Node's `Worker`: a worker that needs more dies alone, and is
   * replaced. Megabytes above 0. Default: Node's. Shared memory does not count.
   */
  readonly resourceLimits?: ResourceLimits
}

/** Handle messages in the calling thread. */
export type LocalRunOptions<T> = Pick<Handler<T>, 'eachMessage' | 'eachBatch'>

export interface ConsumeOptions {
  /** `'end'`: up to the records that are there when the iteration begins. Default: for ever. */
  readonly until?: 'end'
}

/** Partitions to pause or resume: all of the group, if left out. */
export interface PartitionSelection {
  readonly topic: string
  readonly partition?: number
}

/** A worker thread of a consumer. */
export interface ConsumerWorker {
  readonly id: number
  readonly threadId: number
  /** Kills the thread at whatever instruction it is: to see what a crash does. */
  terminate(): Promise<void>
}

export interface ConsumerEvents {
  /** Partitions were assigned anew. */
  'group:rebalance': [{ groupId: string; moved: number; members: number }]
  'worker:start': [{ workerId: number; threadId: number }]
  /** A thread died; its partitions have moved on already, it is replaced after `restartMs`. */
  'worker:crash': [{ workerId: number; error: Error; restartMs: number }]
  /**
   * A worker that was asked to stop did not come to a good end. The handler's `onStop` threw, when
   * everything before it was done and committed; or the handler in hand took too long and its thread
   * was ended (`HANDLER_TIMEOUT`), so that its records come again elsewhere.
   */
  'worker:stop-failed': [{ workerId: number; threadId: number; error: Error }]
  /** A worker died again and again without having handled a record. */
  'group:degraded': [{ groupId: string; workerId: number; crashes: number }]
}

/** What a consumer needs of its engine. */
export interface ConsumerHost {
  readonly parts: EngineParts
  handle(): EngineHandle
  forget(consumer: Consumer): void
}

const RUN_NAMES: ReadonlySet<string> = new Set([
  'workers',
  'handler',
  'workerData',
  'resourceLimits',
])
const LIMIT_NAMES = [
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb',
] as const satisfies readonly (keyof ResourceLimits)[]
/** A terabyte. */
const LIMIT_MB_MAX = 2 ** 20
const LOCAL_NAMES: ReadonlySet<string> = new Set(['eachMessage', 'eachBatch'])
const CONSUME_NAMES: ReadonlySet<string> = new Set(['until'])
const CLOSE_NAMES: ReadonlySet<string> = new Set(['timeoutMs'])
const WORKERS_MAX = 200
const CLOSE_TIMEOUT_MS = 10_000

/** Which member runs the code that asks: its handler must not wait for itself. */
const runningMember = new AsyncLocalStorage<Member>()

/**
 * One participant of a group: its worker threads, or one member in the calling thread. More
 * consumers with the same groupId, in this thread or in others, share the partitions.
 *
 * @example
 * const billing = engine.consumer({ groupId: 'billing', topics: ['orders'], from: 'earliest' })
 * await billing.run({ workers: 4, handler: new URL('./billing.js', import.meta.url) })
 */
export class Consumer<T = unknown> extends EventEmitter<ConsumerEvents> implements AsyncDisposable {
  readonly groupId: string
  private readonly host: ConsumerHost
  private readonly options: CheckedConsumerOptions
  private readonly meters: { topic: string; partition: number; meter: LagMeter }[]
  private membership: Promise<GroupMembership> | undefined
  private gate: number | undefined
  private pool: WorkerPool | undefined
  private judge: HandlerJudge | undefined
  private member: Member | undefined
  private memberEnd: Promise<void> | undefined
  private state: 'idle' | 'running' | 'closing' = 'idle'
  private starting: Promise<unknown> | undefined
  private closed: Promise<void> | undefined

  constructor(host: ConsumerHost, options: CheckedConsumerOptions) {
    super()
    this.host = host
    this.options = options
    this.groupId = options.group.groupId
    const { local } = host.parts
    this.meters = options.group.settings.topics.flatMap((name) =>
      local.topic(name).logs.map((log, partition) => ({
        topic: name,
        partition,
        meter: new LagMeter(log, local.thread),
      })),
    )
  }

  // ---------------------------------------------------------------------------------------- run

  /**
   * Starts handling messages: in worker threads with `workers` and `handler`, or in the calling
   * thread with `eachMessage` or `eachBatch`. Resolves when all members have joined the group.
   *
   * @throws MillraceError `UNKNOWN_OPTION`, `INVALID_OPTION`; `HANDLER_NOT_LOADED` with the reason
   *   as its cause, `HANDLER_INVALID`; `GROUP_CONFLICT`; `CODEC_NOT_PORTABLE`; `CONSUMER_RUNNING`,
   *   `CONSUMER_CLOSED`, `ENGINE_CLOSED`
   */
  async run(options: WorkerRunOptions | LocalRunOptions<T>): Promise<void> {
    const isForWorkers =
      typeof options === 'object' &&
      options !== null &&
      ('handler' in options || 'workers' in options)
    const starting = isForWorkers ? this.runWorkers(options) : this.runHere(options)
    // A close that comes now waits for the start.
    this.starting = Promise.allSettled([this.starting, starting])
    await starting
  }

  private async runWorkers(options: WorkerRunOptions): Promise<void> {
    checkOptions(options, 'run', RUN_NAMES)
    const size = checkInteger(options.workers, 'workers', 1, WORKERS_MAX)
    const handler = handlerUrl(options.handler)
    checkCloneable(options.workerData)
    const resourceLimits = checkResourceLimits(options.resourceLimits)
    this.begin()
    const { group, retry } = this.options
    const job = { group, retry, handler, workerData: options.workerData }
    try {
      // Side by side: the supervisor's thread starts and opens the group, and the workers' start.
      const results = await Promise.allSettled([
        this.open().then((membership) => this.startJudge(membership)),
        this.startPool(this.poolHost(job, resourceLimits), size),
      ])
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    } catch (error) {
      this.judge?.stop()
      await this.pool?.destroy()
      this.pool = undefined
      this.giveUp()
      throw error
    }
  }

  /** The pool's code is loaded only now: it is for those alone who start workers. */
  private async startPool(host: WorkerPoolHost, size: number): Promise<void> {
    const { WorkerPool } = await import('./worker-pool.js')
    // A close does not always wait for a start.
    if (this.state !== 'running') throw this.closedError()
    this.pool = new WorkerPool(host)
    await this.pool.resize(size)
  }

  private startJudge({ gate, partitions }: GroupMembership): void {
    // A close has come: it waits for the workers, who finish what they have in hand.
    if (this.state !== 'running') return
    const timeoutMs = this.options.group.handlerTimeoutMs
    if (timeoutMs === Number.POSITIVE_INFINITY) return
    this.judge = new HandlerJudge({
      gate,
      partitions,
      timeoutMs,
      isOurs: (member) => this.pool?.has(member) ?? false,
      end: (member, reason) => this.pool?.end(member, reason),
    })
  }

  private poolHost(job: WorkerPoolHost['job'], resourceLimits: ResourceLimits): WorkerPoolHost {
    const { table } = this.host.parts.local.thread
    return {
      handle: () => this.host.handle(),
      job,
      resourceLimits,
      wakeAll: () => table.wakeAll(),
      isClosed: () => table.closed,
      onStart: (workerId, threadId) => this.emit('worker:start', { workerId, threadId }),
      onCrash: (workerId, error, restartMs) =>
        this.emit('worker:crash', { workerId, error, restartMs }),
      onStopFailed: (workerId, threadId, error) =>
        this.emit('worker:stop-failed', { workerId, threadId, error }),
      onDegraded: (workerId, crashes) =>
        this.emit('group:degraded', { groupId: this.groupId, workerId, crashes }),
    }
  }

  private async runHere(options: LocalRunOptions<T>): Promise<void> {
    checkOptions(options, 'run', LOCAL_NAMES)
    const { eachMessage, eachBatch } = options
    const given = [eachMessage, eachBatch].filter((handler) => typeof handler === 'function')
    if (given.length !== 1) {
      throw invalidOption('run', 'given one function, eachMessage or eachBatch', options)
    }
    this.begin()
    try {
      await this.join(options as Handler<unknown>)
    } catch (error) {
      this.giveUp()
      throw error
    }
  }

  /** The start failed; another one may be tried, unless the consumer is being closed. */
  private giveUp(): void {
    if (this.state === 'running') this.state = 'idle'
  }

  private begin(): void {
    if (this.state === 'closing') throw this.closedError()
    if (this.state === 'running') {
      throw new MillraceError('CONSUMER_RUNNING', `consumer '${this.groupId}' runs already`, {
        groupId: this.groupId,
      })
    }
    this.state = 'running'
  }

  private async join(handler: Handler<unknown>, onProgress?: () => void): Promise<void> {
    // A member's code is loaded only now: who starts workers has none in this thread.
    const [membership, { Member }] = await Promise.all([this.open(), import('./member.js')])
    const { table } = this.host.parts.local.thread
    const joined = await membership.join({
      handler,
      retry: new RetryPolicy(this.options.retry),
      mayBlock: false,
      shouldStop: () => this.state === 'closing' || table.closed,
      ...(onProgress && { onProgress }),
    })
    this.member = new Member(joined)
    this.memberEnd = runningMember.run(this.member, () => (this.member as Member).run())
  }

  /** Makes sure that the group exists. */
  private async open(): Promise<GroupMembership> {
    this.membership ??= GroupMembership.open(this.host.parts, this.options.group)
    try {
      const membership = await this.membership
      this.gate = membership.gate
      return membership
    } catch (error) {
      this.membership = undefined
      throw error
    }
  }

  /**
   * Messages one by one, in the calling thread. A message is done when the next one is asked for;
   * one at which the loop is left counts as not done, and comes again. Leaving closes the consumer.
   *
   * @throws as {@link run}
   * @example
   * for await (const message of consumer.consume({ until: 'end' })) console.log(message.value)
   */
  async *consume(options: ConsumeOptions = {}): AsyncGenerator<Message<T>, void, undefined> {
    checkOptions(options, 'consume', CONSUME_NAMES)
    const { until } = options
    if (until !== undefined && until !== 'end') throw invalidOption('until', "'end'", until)
    this.begin()
    const queue = new MessageQueue<T>(() => this.state === 'closing')
    try {
      const isOver = until === undefined ? () => false : await this.endReached()
      const joining = this.join({ eachMessage: queue.add }, () => {})
      this.starting = Promise.allSettled([joining])
      await joining
      for (;;) {
        const entry = await queue.take(isOver)
        if (entry === undefined) return
        yield entry.message
        entry.done()
      }
    } finally {
      this.member?.abandon()
      await this.close()
    }
  }

  /** Whether the group has handled all that is there now. */
  private async endReached(): Promise<() => boolean> {
    const { partitions, gate } = await this.open()
    const ends = partitions.map(({ log }, index) => ({
      log,
      end: (this.meters[index] as { meter: LagMeter }).meter.endOffset(),
    }))
    return () => ends.every(({ log, end }) => cursor.committedOffset(log, gate) >= end)
  }

  // ------------------------------------------------------------------------------------ control

  /** Changes the number of worker threads, 1 to 200. Resolves when they have started or stopped. */
  async scale(workers: number): Promise<void> {
    checkInteger(workers, 'workers', 1, WORKERS_MAX)
    if (this.pool === undefined || this.state !== 'running') {
      throw new MillraceError('CONSUMER_CLOSED', `consumer '${this.groupId}' runs no workers`, {
        groupId: this.groupId,
      })
    }
    await this.pool.resize(workers)
  }

  /** The worker threads that run now. */
  get workers(): readonly ConsumerWorker[] {
    const { pool } = this
    if (pool === undefined) return []
    return pool
      .running()
      .map(({ id, threadId }) => ({ id, threadId, terminate: () => pool.terminate(threadId) }))
  }

  /**
   * How far the group is behind, from shared memory: exact, and without asking its threads.
   *
   * @throws MillraceError `ENGINE_CLOSED`
   */
  lag(): Lag {
    // Measuring pins the log under the thread's slot, which may be another thread's by then.
    if (!this.host.parts.local.thread.isOpen) {
      throw new MillraceError('ENGINE_CLOSED', 'the engine is closed')
    }
    const { from } = this.options.group.settings
    return totalLag(
      this.meters.map(({ topic, partition, meter }) =>
        meter.measure(topic, partition, this.gate, from),
      ),
    )
  }

  /** What this consumer has done; its workers' counts may be some milliseconds old. */
  stats(): ConsumerStats {
    const own = [this.judge, this.member].flatMap((part) =>
      part === undefined ? [] : [part.stats],
    )
    return totalStats([...(this.pool?.stats() ?? []), ...own])
  }

  /**
   * Moves the group in one partition, while it runs or before. What was read before the move and is
   * not committed yet will not be.
   *
   * @returns the offset that comes next
   * @throws MillraceError `OFFSET_OUT_OF_RANGE`, `UNKNOWN_TOPIC`, `INVALID_PARTITION`
   */
  async seek(target: { topic: string; partition: number } & SeekTarget): Promise<number> {
    checkSeekTarget(target)
    const { partitions, gate } = await this.open()
    const { topic, partition } = target
    this.host.parts.local.topic(topic).checkPartition(partition)
    const found = partitions.find((one) => one.topic === topic && one.partition === partition)
    if (found === undefined) {
      throw invalidOption('seek.topic', `one of the group's, ${this.topicNames}`, topic)
    }
    const { thread } = this.host.parts.local
    const offset = seekGroup(found.log, thread, gate, target)
    thread.table.advanceGeneration(gate)
    return offset
  }

  /** Stops handing over messages, of all partitions or of some, for the whole group. */
  async pause(selection?: readonly PartitionSelection[]): Promise<void> {
    await this.setPaused(selection, true)
  }

  /** Goes on after {@link pause}. */
  async resume(selection?: readonly PartitionSelection[]): Promise<void> {
    await this.setPaused(selection, false)
  }

  private async setPaused(
    selection: readonly PartitionSelection[] | undefined,
    paused: boolean,
  ): Promise<void> {
    for (const { topic, partition } of selection ?? []) {
      const found = this.host.parts.local.topic(topic)
      if (partition !== undefined) found.checkPartition(partition)
      if (!this.options.group.settings.topics.includes(topic)) {
        throw invalidOption('topic', `one of the group's, ${this.topicNames}`, topic)
      }
    }
    const { partitions, gate } = await this.open()
    for (const one of partitions) {
      const isMeant = (wanted: PartitionSelection) =>
        wanted.topic === one.topic && (wanted.partition ?? one.partition) === one.partition
      if (selection === undefined || selection.some(isMeant)) {
        cursor.setPaused(one.log, gate, paused)
      }
    }
    this.host.parts.local.thread.table.advanceGeneration(gate)
  }

  private get topicNames(): string {
    return this.options.group.settings.topics.join(', ')
  }

  // -------------------------------------------------------------------------------------- close

  /**
   * Finishes the messages in hand, commits and leaves the group. Its progress stays, and its
   * records are kept for it. Within a handler of this consumer it only begins that, and resolves at
   * once, since the handler's own message is in hand. Repeated calls are one.
   *
   * @param options.timeoutMs milliseconds until handlers are not waited for any longer, default
   *   10,000: their signal is aborted, worker threads end, and their messages will come again
   * @throws MillraceError `CLOSE_TIMEOUT` if that happened
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkOptions(options, 'close', CLOSE_NAMES)
    const timeoutMs = checkTimeout(options.timeoutMs ?? CLOSE_TIMEOUT_MS, 'timeoutMs')
    this.closed ??= this.finish(timeoutMs)
    const isOwnHandler = this.member !== undefined && runningMember.getStore() === this.member
    if (!isOwnHandler) return this.closed
    this.closed.catch(() => {})
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private async finish(timeoutMs: number): Promise<void> {
    this.state = 'closing'
    const { thread } = this.host.parts.local
    thread.table.wake(thread.slot)
    this.member?.poke()
    let isInTime = false
    try {
      isInTime = await withinTime(this.stop(), timeoutMs)
      if (!isInTime) this.member?.abandon()
      await this.memberEnd
    } finally {
      await this.pool?.destroy()
      this.judge?.stop()
      this.host.forget(this as Consumer)
    }
    if (isInTime) return
    throw new MillraceError(
      'CLOSE_TIMEOUT',
      `consumer '${this.groupId}' had handlers that were not done after ${timeoutMs} ms`,
      { groupId: this.groupId, timeoutMs },
    )
  }

  private async stop(): Promise<void> {
    await Promise.all([this.pool?.stop(), this.starting])
    await this.memberEnd
  }

  /** Called by the engine with what the supervisor tells all threads. */
  receive(event: SupervisorEvent): void {
    if (event.type !== 'rebalance' || event.groupId !== this.groupId) return
    const { groupId, moved, members } = event
    this.emit('group:rebalance', { groupId, moved, members })
  }

  private closedError(): MillraceError {
    const { groupId } = this
    return new MillraceError('CONSUMER_CLOSED', `consumer '${groupId}' is closed`, { groupId })
  }
}

/** @returns false if the time was over before */
async function withinTime(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return work.then(() => true)
  let expire: (inTime: boolean) => void = () => {}
  const expired = new Promise<boolean>((resolve) => {
    expire = resolve
  })
  const timer = after(timeoutMs, () => expire(false))
  try {
    return await Promise.race([work.then(() => true), expired])
  } finally {
    timer.cancel()
  }
}

/** Found here, it costs no thread and no slot. */
function checkCloneable(workerData: unknown): void {
  try {
    structuredClone(workerData)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `workerData must be something that can be cloned, but ${reason}`
    throw new MillraceError('INVALID_OPTION', message, { field: 'workerData' }, cause)
  }
}

/** @throws MillraceError `UNKNOWN_OPTION`, `INVALID_OPTION` */
function checkResourceLimits(limits: ResourceLimits = {}): ResourceLimits {
  checkOptions(limits, 'resourceLimits', new Set(LIMIT_NAMES))
  for (const name of LIMIT_NAMES) {
    const sizeMb = limits[name]
    if (sizeMb !== undefined) {
      checkNumber(sizeMb, `resourceLimits.${name}`, Number.MIN_VALUE, LIMIT_MB_MAX)
    }
  }
  return limits
}

function handlerUrl(handler: unknown): string {
  if (handler instanceof URL) return handler.href
  if (typeof handler === 'string' && URL.canParse(handler)) return handler
  if (typeof handler === 'string' && handler.startsWith('/')) return new URL(handler, 'file:').href
  throw invalidOption('handler', "a URL, such as new URL('./handler.js', import.meta.url)", handler)
}

function checkSeekTarget(target: SeekTarget & { topic: string; partition: number }): void {
  checkOptions(target, 'seek', new Set(['topic', 'partition', 'offset', 'timestamp']))
  const { offset, timestamp } = target as { offset?: unknown; timestamp?: unknown }
  const isPlace =
    offset === 'earliest' ||
    offset === 'latest' ||
    (Number.isSafeInteger(offset) && (offset as number) >= 0)
  if (timestamp === undefined && isPlace) return
  if (offset === undefined && typeof timestamp === 'number' && timestamp >= 0) return
  throw invalidOption(
    'seek',
    "given one of offset (0 or more, 'earliest', 'latest') and timestamp (milliseconds)",
    offset ?? timestamp,
  )
}
