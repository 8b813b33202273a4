import { getHeapStatistics } from 'node:v8'
import { defineHandler } from '../../workers/worker.js'

let heapBytes: Float64Array
let worker = 0

/** The heap that a worker has, used or not, when it is ready. */
export default defineHandler<Uint8Array>({
  onStart({ workerData, workerId }) {
    heapBytes = workerData as Float64Array
    worker = workerId
    heapBytes[worker] = getHeapStatistics().total_heap_size
  },
  eachBatch({ batch }) {
    while (batch.next());
  },
})
