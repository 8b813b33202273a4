import type { Worker } from 'node:worker_threads'
import { SenderLane } from '../lib/lane.js'
import { createOrder, createOrders } from '../lib/order.js'
import type { Load, Measurement, Settings } from '../lib/row.js'
import { startReceiver } from '../lib/thread.js'

const RECEIVER = new URL('./post-message-receiver.js', import.meta.url)

/**
 * How far the sender may run ahead, in messages. It hardly matters: 1,000 and no limit at all
 * measure the same.
 */
const IN_FLIGHT_MAX = 10_000

/** `worker.postMessage` of orders: each by itself, or in arrays. */
export async function measure(load: Load, settings: Settings): Promise<Measurement> {
  const arraySize = settings.arraySize as number
  const lane = new SenderLane(load)
  const { worker, exit } = await startReceiver(RECEIVER, lane.data, undefined)
  const measurement = await lane.measure((count) =>
    arraySize === 1 ? sendSingly(worker, lane, count) : sendArrays(worker, lane, count, arraySize),
  )
  await exit
  return measurement
}

function sendSingly(worker: Worker, lane: SenderLane, count: number): void {
  for (let id = 0; id < count; id++) {
    if (id % IN_FLIGHT_MAX === 0) lane.awaitProgress(id - IN_FLIGHT_MAX)
    worker.postMessage(createOrder(id))
  }
}

function sendArrays(worker: Worker, lane: SenderLane, count: number, arraySize: number): void {
  for (let from = 0; from < count; from += arraySize) {
    if (from % IN_FLIGHT_MAX === 0) lane.awaitProgress(from - IN_FLIGHT_MAX)
    worker.postMessage(createOrders(from, arraySize, count))
  }
}
