import type { Producer } from '../core/producer/producer.js'
import type { Message } from '../core/topic/received-message.js'
import type { RecordBatch } from './record-batch.js'

/** What a handler gets with each message. The object is reused for the partition's next message. */
export interface EachMessageContext<T> {
  readonly topic: string
  readonly partition: number
  readonly message: Message<T>
  /** 1 the first time, 2 at the first retry, and so on. */
  readonly attempt: number
  /** Produces from the handler's own thread. */
  readonly producer: Producer
  /**
   * Aborted when the handler has taken longer than `handlerTimeoutMs`, and when the consumer's close
   * does not want to wait any longer.
   */
  readonly signal: AbortSignal
}

/** What a handler gets with each batch. */
export interface EachBatchContext<T> {
  readonly topic: string
  readonly partition: number
  readonly batch: RecordBatch<T>
  readonly attempt: number
  readonly producer: Producer
  readonly signal: AbortSignal
}

/** What `onStart` gets. */
export interface StartContext {
  /** What was passed to `run` as `workerData`. */
  readonly workerData: unknown
  /** 0 to workers - 1; the replacement of a worker that died has the same. */
  readonly workerId: number
  readonly producer: Producer
}

/**
 * Handles messages one by one, or in batches. To return, or resolve, means done; to throw, or
 * reject, means try again; an `UnrecoverableError` sends the message to the dead letters.
 *
 * Messages of one partition come one after the other, each when the one before is done. Messages of
 * different partitions overlap while their promises are pending.
 */
export interface Handler<T> {
  eachMessage?(context: EachMessageContext<T>): unknown
  eachBatch?(context: EachBatchContext<T>): unknown
  /** Before the first message. If it throws, the worker does not start. */
  onStart?(context: StartContext): unknown
  /** After the last message, unless the thread dies. */
  onStop?(): unknown
}
