import type { MessagePort } from 'node:worker_threads'
import type { TopicDescription } from '../core/topic/topic.js'

/**
 * An engine on its way to another thread, for one thread: pass it in `workerData`, with its
 * `transferList`, and there to `attachEngine`.
 */
export interface EngineHandle {
  readonly table: SharedArrayBuffer
  readonly slot: number
  /** While its other end is open, the thread counts as alive. */
  readonly port: MessagePort
  readonly topics: readonly TopicDescription[]
  readonly transferList: readonly MessagePort[]
}
