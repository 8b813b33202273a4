/** A thread that passes a barrier again and again and checks that nobody is left behind. */
import { parentPort, workerData } from 'node:worker_threads'
import { BARRIER_WORDS, Barrier } from './barrier.js'

export interface BarrierTask {
  /** Shared: the barrier, then a counter for each thread. */
  readonly words: Int32Array
  readonly parties: number
  readonly self: number
  readonly meetings: number
}

const { words, parties, self, meetings } = workerData as BarrierTask
const barrier = new Barrier(words.subarray(0, BARRIER_WORDS), parties)
const arrivals = words.subarray(BARRIER_WORDS)
let failures = 0

for (let meeting = 1; meeting <= meetings; meeting++) {
  Atomics.store(arrivals, self, meeting)
  barrier.arrive()
  for (let party = 0; party < parties; party++) {
    // Whoever passed has seen all arrive; nobody can be more than one meeting ahead.
    const arrived = Atomics.load(arrivals, party)
    if (arrived < meeting || arrived > meeting + 1) failures++
  }
}
parentPort?.postMessage(failures)
