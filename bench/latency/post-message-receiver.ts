import { workerData } from 'node:worker_threads'
import { type LatencyData, LatencyMeter } from '../lib/latency-meter.js'
import { announceReady } from '../lib/thread.js'
import type { TimedOrder } from './post-message.js'

const meter = new LatencyMeter(workerData as LatencyData)
const port = announceReady()

port.on('message', ({ id, amount }: TimedOrder) => {
  if (meter.add(id, amount)) port.close()
})
