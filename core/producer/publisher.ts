import { monotonicMs } from '#clock'
import { MillraceError } from '../errors.js'
import { checkOptions, checkSignal, checkTimeout } from '../options.js'
import type { Key } from '../topic/message.js'
import { Send, SendAbortedError, type WaitOptions } from './send.js'
import type { TopicWriter } from './topic-writer.js'

const SYNC_OPTIONS: ReadonlySet<string> = new Set(['timeoutMs'])
const WAIT_OPTIONS: ReadonlySet<string> = new Set(['signal', 'timeoutMs'])

/**
 * The hot path into one topic, from the thread that made it. Messages are collected in batches; a
 * batch is published when it is full, or at the end of the current tick, or by `flush`. No message
 * costs a promise, an array or any other object.
 *
 * @example
 * const orders = engine.publisher('orders')
 * while (more()) if (!orders.trySend(key, value)) await orders.flushed()
 */
export class Publisher<T = unknown> {
  private readonly writer: TopicWriter<T>

  constructor(writer: TopicWriter<T>) {
    this.writer = writer
  }

  /** Name of the topic. */
  get topic(): string {
    return this.writer.topic.name
  }

  /**
   * Takes a message unless the log of its partition is full. Messages without a key go past full
   * partitions.
   *
   * What was taken is published at the latest at the end of the tick, or as soon as there is space.
   *
   * @param key messages with equal keys stay in order; `null` for none
   * @param value what the topic's codec takes; `null` is a tombstone
   * @returns false if the message was not taken
   * @throws MillraceError `INVALID_KEY`, `INVALID_VALUE`, `INVALID_PARTITION` (from a partitioner of
   *   your own), `MESSAGE_TOO_LARGE`, `ENGINE_CLOSED`: it was not taken either
   */
  trySend(key: Key | undefined, value: T | null): boolean {
    return this.writer.trySend(key, value)
  }

  /**
   * Takes a message, and blocks the thread as long as the log is full. Where consumers of the topic
   * run in this very thread, they are blocked, too: then give a time limit.
   *
   * @param options.timeoutMs milliseconds, 0 to 2^31 - 1; by default there is no limit
   * @throws MillraceError `SEND_TIMEOUT`, or as {@link trySend}: the message was not taken
   */
  sendSync(key: Key | undefined, value: T | null, options?: { readonly timeoutMs?: number }): void {
    if (options !== undefined) checkOptions(options, 'options', SYNC_OPTIONS)
    const timeoutMs = checkTimeout(options?.timeoutMs, 'timeoutMs')
    if (this.writer.trySend(key, value)) return
    const deadline = monotonicMs() + timeoutMs
    const isTaken = this.writer.blockUntil(
      () => this.writer.trySend(key, value),
      () => deadline - monotonicMs(),
    )
    if (isTaken) return
    throw new MillraceError('SEND_TIMEOUT', `the log was full for ${timeoutMs} ms`, {
      topic: this.topic,
      timeoutMs,
    })
  }

  /**
   * Publishes what this thread has staged for the topic, by this publisher and by others.
   *
   * @returns false if a full log did not take all of it; the rest follows as soon as there is space
   * @throws MillraceError `ENGINE_CLOSED`
   */
  flush(): boolean {
    return this.writer.flush()
  }

  /**
   * Resolves when everything that was staged before is published.
   *
   * Errors: `SEND_TIMEOUT` and `SEND_ABORTED`, upon which the messages stay staged, `ENGINE_CLOSED`.
   */
  async flushed(options: WaitOptions = {}): Promise<void> {
    checkOptions(options, 'options', WAIT_OPTIONS)
    const signal = checkSignal(options.signal, 'signal')
    const timeoutMs = checkTimeout(options.timeoutMs, 'timeoutMs')
    if (signal?.aborted) throw new SendAbortedError({ topic: this.topic }, signal.reason)
    if (this.writer.flush()) return
    const marker = new Send(this.writer as TopicWriter)
    for (const partition of this.writer.blockedPartitions()) marker.addMarker(partition)
    if (!marker.publish()) await marker.wait(signal, timeoutMs)
  }
}
