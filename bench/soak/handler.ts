import { getHeapStatistics } from 'node:v8'
import { defineHandler } from '../../workers/worker.js'
import { SharedClock } from '../lib/shared-clock.js'
import type { SoakData } from './load.js'

/** Between two looks at the heap. */
const MESSAGES_PER_LOOK = 10_000

/** What is sent, in both topics. */
export interface Reading {
  readonly number: number
  readonly intendedNs: number
}

let data: SoakData
let clock: SharedClock
let worker = 0
let count = 0

/** Both groups use it: one gets objects as JSON, the other one bytes. */
export default defineHandler<Reading | Uint8Array>({
  onStart(context) {
    data = context.workerData as SoakData
    clock = new SharedClock(data.base)
    worker = context.workerId
  },
  eachMessage({ message: { value } }) {
    const [number, intendedNs] =
      value instanceof Uint8Array
        ? new Float64Array(value.buffer.slice(value.byteOffset, value.byteOffset + 16))
        : [value.number, value.intendedNs]
    data.histogram.record(Math.max(1, Math.round(clock.now() - (intendedNs as number))))
    Atomics.add(data.sums, 0, number as number)
    Atomics.add(data.handled, 0, 1)
    if (count++ % MESSAGES_PER_LOOK > 0) return
    data.heapBytes[worker] = getHeapStatistics().total_heap_size
  },
})
