import { once } from 'node:events'
import { type MessagePort, parentPort, Worker } from 'node:worker_threads'
import type { LaneData } from './lane.js'

/** What a receiver's module finds in its `workerData`. */
export interface ReceiverData<Setup> {
  readonly lane: LaneData
  readonly setup: Setup
}

/** A receiver in a worker thread. */
export interface Receiver {
  readonly worker: Worker
  /** Resolves when the thread has ended by itself; rejects if it died of an error. */
  readonly exit: Promise<unknown>
}

/** Starts the receiving thread of a row, and waits until it is ready. */
export async function startReceiver<Setup>(
  module: URL,
  lane: LaneData,
  setup: Setup,
): Promise<Receiver> {
  return startThread(module, { lane, setup } satisfies ReceiverData<Setup>)
}

/** Starts a thread, and waits until it announces that it is ready. */
export async function startThread(
  module: URL,
  workerData: unknown,
  transferList: readonly MessagePort[] = [],
): Promise<Receiver> {
  const worker = new Worker(module, { workerData, transferList: [...transferList] })
  await once(worker, 'message')
  return { worker, exit: once(worker, 'exit') }
}

/** In the receiving thread: ready for the first message. */
export function announceReady(): MessagePort {
  const port = parentPort as MessagePort
  port.postMessage('ready')
  return port
}
