import { threadId } from 'node:worker_threads'
import { defineHandler } from '../../workers/worker.js'
import type { DeathRecord } from './redelivery.js'

let record: DeathRecord

export default defineHandler<Uint8Array>({
  onStart({ workerData }) {
    record = workerData as DeathRecord
  },
  eachMessage({ message }) {
    const { diedAt, handledAt, endsItself } = record
    const number = message.value[0] as number
    if (Atomics.load(diedAt, number) !== 0n) {
      Atomics.store(handledAt, number, process.hrtime.bigint())
      return
    }
    if (endsItself) {
      Atomics.store(diedAt, number, process.hrtime.bigint())
      process.exit(1)
    }
    // Whoever ends this thread writes the time over it.
    Atomics.store(diedAt, number, BigInt(threadId))
    for (;;);
  },
})
