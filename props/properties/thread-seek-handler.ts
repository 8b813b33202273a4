import { threadId } from 'node:worker_threads'
import * as memory from '#memory'
import { defineHandler } from '../../workers/worker.js'
import { nowMs } from '../chaos/clock.js'
import { decodeSample } from '../chaos/sample.js'
import { type Lane, Recorder } from '../history/recorder.js'

/** The group's number in the history. */
export const GROUP = 0

/** What the handler gets as its workerData. */
export interface SeekData {
  readonly counts: SharedArrayBuffer
  /** The buffer of a {@link Recorder}. */
  readonly events: SharedArrayBuffer
}

/** Words of the handler's shared memory. */
export const HANDLED = 0
export const TORN = 1
/** Long enough for producers to go round the log while a batch is in hand. */
const LOOK_MS = 0.2

let words: Int32Array
let lane: Lane

export default defineHandler<Buffer>({
  onStart({ workerData }) {
    const data = workerData as SeekData
    words = memory.attach(data.counts).words
    lane = new Recorder(data.events).lane(threadId)
  },
  eachBatch({ batch }) {
    while (batch.next()) {
      const { bytes, valueFrom, valueTo } = batch
      const end = nowMs() + LOOK_MS
      while (nowMs() < end);
      const sample = decodeSample(bytes, valueFrom, valueTo)
      if (sample === undefined) memory.add(words, TORN, 1)
      else lane.polled(GROUP, 0, batch.offset, sample.sequence)
      memory.add(words, HANDLED, 1)
    }
  },
})
