import { threadId } from 'node:worker_threads'
import * as memory from '#memory'
import { defineHandler, UnrecoverableError } from '../../workers/worker.js'
import { type Lane, Recorder } from '../history/recorder.js'

const FLAKY_ATTEMPTS = 3
/** The group's number in the history. */
export const GROUP = 0

/** What the handler gets as its workerData. */
export interface PoisonData {
  /** Deliveries of each record, by its number. */
  readonly deliveries: SharedArrayBuffer
  /** How often each record was handled to its end. */
  readonly handled: SharedArrayBuffer
  readonly poisonEvery: number
  /** One of so many succeeds only at its third attempt. */
  readonly flakyEvery: number
  /** The buffer of a {@link Recorder}. */
  readonly events: SharedArrayBuffer
}

let deliveries: Int32Array
let handled: Int32Array
let poisonEvery: number
let flakyEvery: number
let lane: Lane

export default defineHandler<Buffer>({
  onStart({ workerData }) {
    const data = workerData as PoisonData
    deliveries = memory.attach(data.deliveries).words
    handled = memory.attach(data.handled).words
    poisonEvery = data.poisonEvery
    flakyEvery = data.flakyEvery
    lane = new Recorder(data.events).lane(threadId)
  },
  eachMessage({ message, attempt }) {
    const number = message.value.readUInt32LE(0)
    const { partition, offset } = message
    lane.polled(GROUP, partition, offset, number, attempt)
    memory.add(deliveries, number, 1)
    if (number % poisonEvery === 0) {
      lane.handlerFailed(GROUP, partition, offset)
      throw new UnrecoverableError('poison')
    }
    if (number % flakyEvery === 1 && attempt < FLAKY_ATTEMPTS) {
      lane.handlerFailed(GROUP, partition, offset)
      throw new Error('flaky')
    }
    memory.add(handled, number, 1)
    lane.handled(GROUP, partition, offset)
  },
})
