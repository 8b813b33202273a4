import { workerData } from 'node:worker_threads'
import { type LatencyData, LatencyMeter } from '../lib/latency-meter.js'
import { announceReady } from '../lib/thread.js'
import { READ, RING_LENGTH, type Ring, WRITTEN } from './spinning-ring.js'

const { run, ring } = workerData as { readonly run: LatencyData; readonly ring: Ring }
const { messages, indices } = ring
const meter = new LatencyMeter(run)

/** @returns whether that was the last one */
function receive(number: number): boolean {
  while (Atomics.load(indices, WRITTEN) <= number);
  const at = (number % RING_LENGTH) * 2
  const isLast = meter.add(messages[at] as number, messages[at + 1] as number)
  Atomics.store(indices, READ, number + 1)
  return isLast
}

announceReady().unref()
for (let number = 0; !receive(number); number++);
