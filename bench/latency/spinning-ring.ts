/**
 * The least that a latency can be: a ring of one number pair per message between two threads that
 * never sleep. What shows here comes from the machine, and from whoever else wants its cores.
 */
import type { CaseMeasurement } from '../lib/experiment.js'
import { LatencyRun } from '../lib/latency-meter.js'
import type { Settings } from '../lib/row.js'
import { startThread } from '../lib/thread.js'
import { runOf } from './settings.js'

const RECEIVER = new URL('./spinning-ring-receiver.js', import.meta.url)

/** Messages that the ring holds. */
export const RING_LENGTH = 4096

/** Words of the indices, each in a cache line of its own. */
export const WRITTEN = 0
export const READ = 32

/** Two doubles per message. */
export interface Ring {
  readonly messages: Float64Array
  readonly indices: Int32Array
}

export async function measure(settings: Settings): Promise<CaseMeasurement> {
  const { ratePerSecond, count } = runOf(settings)
  const run = new LatencyRun(count)
  const ring: Ring = {
    messages: new Float64Array(new SharedArrayBuffer(RING_LENGTH * 16)),
    indices: new Int32Array(new SharedArrayBuffer(256)),
  }
  const { exit } = await startThread(RECEIVER, { run: run.data, ring })
  const figures = run.measure(
    ratePerSecond,
    (number, intendedNs) => write(ring, number, intendedNs),
    () => {},
  )
  await exit
  return { figures }
}

function write({ messages, indices }: Ring, number: number, intendedNs: number): void {
  while (number - Atomics.load(indices, READ) >= RING_LENGTH);
  const at = (number % RING_LENGTH) * 2
  messages[at] = number
  messages[at + 1] = intendedNs
  Atomics.store(indices, WRITTEN, number + 1)
}
