import type { MessagePort } from 'node:worker_threads'
import { attach } from '#memory'
import { ThreadEngine } from '../core/engine.js'
import { Thread } from '../core/thread.js'
import { ThreadTable } from '../core/thread-table.js'
import { Topic, type TopicDescription } from '../core/topic/topic.js'

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

/**
 * The calling thread's part in the engine of a handle, without the port.
 *
 * @throws MillraceError `CODEC_NOT_PORTABLE` if the codec of a topic does not load
 */
export async function openHandle(handle: EngineHandle): Promise<ThreadEngine> {
  const table = new ThreadTable(attach(handle.table))
  const topics = await Promise.all(handle.topics.map((topic) => Topic.load(topic)))
  return new ThreadEngine(new Thread(table, handle.slot), topics)
}
