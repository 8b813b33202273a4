import { defineHandler } from 'millrace/worker'

/** Counts of one partition. They lie in shared memory, so that they outlive a worker. */
export const COUNTED = 0
export const SUM = 1
export const NEXT_OFFSET = 2
export const FIELDS = 3

/** The value at which a worker dies, the first time that it comes. */
const DEADLY = 5000

let counts: Float64Array
let deaths: Int32Array

/**
 * Counts numbers, each once. While the thread dies only where it wants to, three plain stores are
 * one step; `examples/flights/tally.ts` shows how to survive a death between any two instructions.
 */
export default defineHandler<number>({
  onStart({ workerData }) {
    ;({ counts, deaths } = workerData as { counts: Float64Array; deaths: Int32Array })
  },

  eachMessage({ partition, message }) {
    if (message.value === DEADLY && deaths[0] === 0) {
      deaths[0] = 1
      process.exit(1)
    }
    const at = partition * FIELDS
    if (message.offset < (counts[at + NEXT_OFFSET] as number)) return // counted before
    counts[at + COUNTED] = (counts[at + COUNTED] as number) + 1
    counts[at + SUM] = (counts[at + SUM] as number) + message.value
    counts[at + NEXT_OFFSET] = message.offset + 1
  },
})
