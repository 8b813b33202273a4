import { defineHandler } from '../../workers/worker.js'

let handledAt: BigInt64Array

export default defineHandler<number>({
  onStart({ workerData }) {
    handledAt = workerData as BigInt64Array
  },
  eachMessage() {
    Atomics.store(handledAt, 0, process.hrtime.bigint())
  },
})
