import type { Writable } from 'node:stream'
import { MillraceError } from '../errors.js'
import { checkOptions, checkSignal, checkTimeout, invalidOption } from '../options.js'
import type { OutgoingMessage } from '../topic/message.js'
import { type RecordMetadata, Send, SendAbortedError, type WaitOptions } from './send.js'
import { createMessageStream } from './stream.js'
import { findWriter, type TopicWriter } from './topic-writer.js'

const REQUEST_FIELDS: ReadonlySet<string> = new Set(['topic', 'messages', 'signal', 'timeoutMs'])

/** What {@link Producer.send} sends, and how long it waits while the log is full. */
export interface SendRequest<T = unknown> extends WaitOptions {
  readonly topic: string
  readonly messages: readonly OutgoingMessage<T>[]
}

/**
 * Sends messages to any topic of the engine, from the thread that made it.
 *
 * @example
 * const producer = engine.producer()
 * await producer.send({ topic: 'orders', messages: [{ key: 'c-17', value: order }] })
 */
export class Producer implements AsyncDisposable {
  private readonly writers: ReadonlyMap<string, TopicWriter>
  private readonly waiting = new Set<Send>()
  private isClosed = false

  /** @param writers of the calling thread, by topic */
  constructor(writers: ReadonlyMap<string, TopicWriter>) {
    this.writers = writers
  }

  /**
   * Sends messages, and waits while the log is full: that is the back-pressure. All of them are
   * checked and encoded before the first one is published. Messages of one partition stay in order,
   * also with those of earlier calls in this thread, whether these were awaited or not.
   *
   * Errors, of which nothing is written: `UNKNOWN_TOPIC`, `UNKNOWN_OPTION`, `INVALID_OPTION`,
   * `INVALID_KEY`, `INVALID_VALUE`, `INVALID_HEADERS`, `INVALID_TIMESTAMP`, `INVALID_PARTITION`,
   * `MESSAGE_TOO_LARGE`. Errors whose `details.written` tells what was: `SEND_TIMEOUT`,
   * `SEND_ABORTED`, `PRODUCER_CLOSED`, `ENGINE_CLOSED`.
   *
   * @typeParam T what the topic's values are, to have them checked at compile time
   * @returns where the messages lie: one entry for each contiguous run
   * @example
   * const messages = [{ key: 'c-17', value: order, headers: { source: 'web' } }]
   * await producer.send({ topic: 'orders', messages, timeoutMs: 1000 })
   */
  send<T = unknown>(request: SendRequest<NoInfer<T>>): Promise<RecordMetadata[]> {
    try {
      return this.trySend(request)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  private trySend(request: SendRequest): Promise<RecordMetadata[]> {
    checkOptions(request, 'request', REQUEST_FIELDS)
    const { topic, messages } = request
    const signal = checkSignal(request.signal, 'signal')
    const timeoutMs = checkTimeout(request.timeoutMs, 'timeoutMs')
    if (!Array.isArray(messages)) throw invalidOption('messages', 'an array', messages)
    if (this.isClosed) throw new MillraceError('PRODUCER_CLOSED', CLOSED, { written: [] })
    const writer = findWriter(this.writers, topic)
    writer.checkOpen()
    if (signal?.aborted) throw new SendAbortedError({ topic, written: [] }, signal.reason)
    const send = new Send(writer)
    writer.encoding(() => send.add(messages))
    if (send.publish()) return Promise.resolve(send.metadata)
    return this.track(send, send.wait(signal, timeoutMs))
  }

  private async track(send: Send, settled: Promise<RecordMetadata[]>): Promise<RecordMetadata[]> {
    this.waiting.add(send)
    try {
      return await settled
    } finally {
      this.waiting.delete(send)
    }
  }

  /**
   * A stream that takes messages, in object mode. Its `write` returns false, and `pipe` pauses,
   * while the log is full.
   *
   * @throws MillraceError `UNKNOWN_TOPIC`
   * @example
   * await pipeline(source, toMessages, producer.asStream('orders'))
   */
  asStream(topic: string): Writable {
    findWriter(this.writers, topic)
    return createMessageStream(this, topic)
  }

  /**
   * Rejects what waits with `PRODUCER_CLOSED`, and so every later send. What was published stays.
   * Closing twice is fine.
   */
  async close(): Promise<void> {
    this.isClosed = true
    for (const send of this.waiting) send.fail('PRODUCER_CLOSED', CLOSED)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const CLOSED = 'the producer is closed'
