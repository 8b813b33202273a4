import { EventEmitter } from 'node:events'
import { ThreadEngine } from '../core/engine.js'
import { MillraceError } from '../core/errors.js'
import { checkOptions, invalidOption } from '../core/options.js'
import type { Producer } from '../core/producer/producer.js'
import type { Publisher } from '../core/producer/publisher.js'
import { Thread } from '../core/thread.js'
import { ThreadTable } from '../core/thread-table.js'
import { Topic, type TopicOptions } from '../core/topic/topic.js'
import { Consumer } from './consumer.js'
import { type ConsumerOptions, checkConsumerOptions } from './consumer-options.js'
import { DeadLetters } from './dead-letters.js'
import { type EngineHandle, openHandle } from './engine-handle.js'
import type { EngineParts } from './group-membership.js'
import { SupervisorLink, type SupervisorThread, startSupervisor } from './supervisor-link.js'
import type { SupervisorEvent } from './supervisor-protocol.js'

/** What an engine is made of. */
export interface EngineOptions {
  /** Topics by name, 1 or more. */
  readonly topics: Readonly<Record<string, TopicOptions>>
}

export interface EngineEvents {
  /** A thread of the engine ended, and what it left half done was repaired. */
  'thread:death': [{ slot: number; abortedFrames: number }]
  /** The supervisor failed: no death is noticed any more. */
  error: [Error]
}

const OPTION_NAMES: ReadonlySet<string> = new Set(['topics'])
const CLOSE_NAMES: ReadonlySet<string> = new Set(['timeoutMs'])

/**
 * Topics in shared memory, and the ways into and out of them from one thread.
 *
 * The thread that creates an engine owns it: when it closes it, it is closed for all. Threads that
 * attach share its topics and groups.
 */
export class Engine extends EventEmitter<EngineEvents> implements AsyncDisposable {
  /** For the package's own modules. */
  readonly parts: EngineParts
  private readonly local: ThreadEngine
  private readonly isOwner: boolean
  private readonly consumers = new Set<Consumer>()
  private readonly producers = new Set<Producer>()
  private supervisor: SupervisorThread | undefined
  private closing: Promise<void> | undefined

  constructor(local: ThreadEngine, port?: EngineHandle['port']) {
    super()
    this.local = local
    this.isOwner = port === undefined
    if (port !== undefined) {
      const link = new SupervisorLink(port, (event) => this.receive(event))
      this.supervisor = { link, end: async () => link.close() }
    }
    this.parts = { local, link: () => this.ensureSupervisor().link }
  }

  /**
   * A producer for this thread.
   *
   * @throws MillraceError `ENGINE_CLOSED`
   */
  producer(): Producer {
    this.checkOpen()
    const producer = this.local.producer()
    this.producers.add(producer)
    return producer
  }

  /**
   * The hot path into one topic, for this thread.
   *
   * @throws MillraceError `UNKNOWN_TOPIC`, `ENGINE_CLOSED`
   */
  publisher<T = unknown>(topic: string): Publisher<T> {
    this.checkOpen()
    return this.local.publisher<T>(topic)
  }

  /**
   * A participant of a group. It does nothing until it is told to run.
   *
   * @throws MillraceError `UNKNOWN_TOPIC`, `UNKNOWN_OPTION`, `INVALID_OPTION`, `ENGINE_CLOSED`
   */
  consumer<T = unknown>(options: ConsumerOptions): Consumer<T> {
    this.checkOpen()
    const checked = checkConsumerOptions(options)
    const consumer = new Consumer<T>(
      {
        parts: this.parts,
        handle: () => this.handle(),
        forget: (closed) => this.consumers.delete(closed),
      },
      checked,
    )
    this.consumers.add(consumer as Consumer)
    return consumer
  }

  /**
   * What a group could not handle. The group must have been running in this engine.
   *
   * @throws MillraceError `ENGINE_CLOSED`
   */
  deadLetters(groupId: string): DeadLetters {
    this.checkOpen()
    return new DeadLetters(this.parts, groupId)
  }

  /**
   * Forgets a group and its progress: nothing is held for it any more. Its consumers must be closed.
   *
   * @throws MillraceError `GROUP_CONFLICT` while it has members, `ENGINE_CLOSED`
   */
  async deleteGroup(groupId: string): Promise<void> {
    this.checkOpen()
    await this.parts.link().request({ type: 'delete-group', groupId })
  }

  /**
   * A way into the engine for one other thread: pass it in `workerData` with its `transferList`, and
   * there to {@link attachEngine}.
   *
   * @throws MillraceError `CODEC_NOT_PORTABLE`, `TOO_MANY_THREADS`, `ENGINE_CLOSED`
   */
  handle(): EngineHandle {
    this.checkOpen()
    const topics = this.local.topics.map((topic) => topic.describe())
    const { link } = this.ensureSupervisor()
    const { table } = this.local.thread
    const slot = table.takeSlot()
    const port = link.register(slot)
    return { table: table.region.buffer, slot, port, topics, transferList: [port] }
  }

  /**
   * Closes all consumers and producers of this thread, and with the owner's engine all threads'.
   * Afterwards nothing of it keeps the process alive. Repeated calls are one.
   *
   * @param options.timeoutMs for each consumer, see `Consumer.close`
   * @throws MillraceError `CLOSE_TIMEOUT` if a handler was not done in time; closed is it all the same
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkOptions(options, 'close', CLOSE_NAMES)
    this.closing ??= this.finish(options)
    return this.closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private async finish(options: { readonly timeoutMs?: number }): Promise<void> {
    const results = await Promise.allSettled([
      this.flush(),
      ...[...this.consumers].map((consumer) => consumer.close(options)),
      ...[...this.producers].map((producer) => producer.close()),
    ])
    if (this.isOwner) this.local.thread.table.close()
    this.local.close()
    await this.supervisor?.end()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** What is staged is published, unless the engine was closed by its owner meanwhile. */
  private async flush(): Promise<void> {
    if (this.local.thread.isOpen) this.local.flush()
  }

  private ensureSupervisor(): SupervisorThread {
    this.checkOpen()
    this.supervisor ??= this.startSupervisor()
    return this.supervisor
  }

  private startSupervisor(): SupervisorThread {
    const { thread, topics } = this.local
    const data = {
      table: thread.table.region.buffer,
      slot: thread.table.takeSlot(),
      topics: topics.map(({ name, logs }) => ({
        name,
        buffers: logs.map((log) => log.region.buffer),
      })),
    }
    return startSupervisor(
      data,
      thread.slot,
      (event) => this.receive(event),
      (error) => this.emit('error', error),
    )
  }

  private receive(event: SupervisorEvent): void {
    if (event.type === 'death') {
      const { slot, abortedFrames } = event
      this.emit('thread:death', { slot, abortedFrames })
    }
    for (const consumer of this.consumers) consumer.receive(event)
  }

  /** It may be closed, or about to: here, or for all by its owner. */
  private checkOpen(): void {
    if (this.closing === undefined && !this.local.thread.table.closed) return
    throw new MillraceError('ENGINE_CLOSED', 'the engine is closed')
  }
}

/**
 * Creates an engine: allocates its topics. Threads are started when they are first needed.
 *
 * @throws MillraceError `UNKNOWN_OPTION`, `INVALID_OPTION`, `MEMORY_TOO_SMALL`
 * @example
 * const engine = await createEngine({ topics: { orders: { partitions: 8, codec: json<Order>() } } })
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  checkOptions(options, 'engine', OPTION_NAMES)
  const { topics } = options
  if (typeof topics !== 'object' || topics === null || Object.keys(topics).length === 0) {
    throw invalidOption('topics', 'an object with one or more topics', topics)
  }
  const created = Object.entries(topics).map(([name, topic]) => Topic.create(name, topic))
  const table = ThreadTable.create()
  return new Engine(new ThreadEngine(new Thread(table, table.takeSlot()), created))
}

/**
 * Makes the calling thread part of an engine.
 *
 * @param handle from `engine.handle()`, for this thread alone
 * @throws MillraceError `CODEC_NOT_PORTABLE` if the codec of a topic does not load
 * @example
 * const engine = await attachEngine(workerData.engine)
 * await engine.producer().send({ topic: 'orders', messages: [{ key: 'c-17', value: order }] })
 */
export async function attachEngine(handle: EngineHandle): Promise<Engine> {
  return new Engine(await openHandle(handle), handle.port)
}
