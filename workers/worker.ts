import { invalidOption } from '../core/options.js'
import type { Engine } from './engine.js'
import type { EngineHandle } from './engine-handle.js'
import type { Handler } from './handler.js'

export { RetryAfterError, UnrecoverableError } from '../core/errors.js'
export type { Message } from '../core/topic/received-message.js'
export type { EachBatchContext, EachMessageContext, Handler, StartContext } from './handler.js'
export type { RecordBatch } from './record-batch.js'
export type { Engine, EngineHandle }

/**
 * A handler for worker threads: the default export of the file that `consumer.run` names.
 *
 * @throws MillraceError `INVALID_OPTION` unless it has exactly one of eachMessage and eachBatch
 * @example
 * export default defineHandler<Order>({
 *   eachMessage({ message }) {
 *     bill(message.value)
 *   },
 * })
 */
export function defineHandler<T>(handler: Handler<T>): Handler<T> {
  if (typeof handler !== 'object' || handler === null) {
    throw invalidOption('handler', 'an object with eachMessage or eachBatch', handler)
  }
  const functions = [handler.eachMessage, handler.eachBatch].filter((f) => typeof f === 'function')
  if (functions.length !== 1) {
    throw invalidOption('handler', 'an object with either eachMessage or eachBatch', handler)
  }
  return handler
}

/**
 * Makes the calling thread part of an engine, as `attachEngine` of the package itself does.
 *
 * @param handle from `engine.handle()`, for this thread alone
 * @throws MillraceError `CODEC_NOT_PORTABLE` if the codec of a topic does not load
 * @example
 * const engine = await attachEngine(workerData.engine)
 * await engine.producer().send({ topic: 'orders', messages: [{ key: 'c-17', value: order }] })
 */
export async function attachEngine(handle: EngineHandle): Promise<Engine> {
  // Loaded only now: handlers import this module, and the threads that run them need no engine.
  const engine = await import('./engine.js')
  return engine.attachEngine(handle)
}
