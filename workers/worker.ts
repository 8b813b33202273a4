import { invalidOption } from '../core/options.js'
import type { Handler } from './handler.js'

export { RetryAfterError, UnrecoverableError } from '../core/errors.js'
export type { Message } from '../core/topic/received-message.js'
export { attachEngine, type Engine } from './engine.js'
export type { EngineHandle } from './engine-handle.js'
export type { EachBatchContext, EachMessageContext, Handler, StartContext } from './handler.js'
export type { RecordBatch } from './record-batch.js'

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
