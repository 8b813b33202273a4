import { defineHandler } from '../../workers/worker.js'
import { type LatencyData, LatencyMeter } from '../lib/latency-meter.js'

let meter: LatencyMeter

export default defineHandler<Uint8Array>({
  onStart({ workerData }) {
    meter = new LatencyMeter(workerData as LatencyData)
  },
  eachBatch({ batch }) {
    while (batch.next()) {
      const { bytes, valueFrom } = batch
      meter.add(bytes.readDoubleLE(valueFrom), bytes.readDoubleLE(valueFrom + 8))
    }
  },
})
