import * as memory from '#memory'
import { defineHandler } from '../../workers/worker.js'
import { nowMs } from '../chaos/clock.js'
import { decodeSample } from '../chaos/sample.js'

/** Words of the handler's shared memory. */
export const HANDLED = 0
export const TORN = 1
/** Long enough for producers to go round the log while a batch is in hand. */
const LOOK_MS = 0.2

let words: Int32Array

export default defineHandler<Buffer>({
  onStart({ workerData }) {
    words = memory.attach(workerData as SharedArrayBuffer).words
  },
  eachBatch({ batch }) {
    while (batch.next()) {
      const { bytes, valueFrom, valueTo } = batch
      const end = nowMs() + LOOK_MS
      while (nowMs() < end);
      if (decodeSample(bytes, valueFrom, valueTo) === undefined) memory.add(words, TORN, 1)
      memory.add(words, HANDLED, 1)
    }
  },
})
