import { bytes, createEngine } from '../../workers/index.js'
import type { CaseMeasurement } from '../lib/experiment.js'
import { relax } from '../lib/lane.js'
import { LatencyRun } from '../lib/latency-meter.js'
import type { Settings } from '../lib/row.js'
import { runOf } from './settings.js'

const HANDLER = new URL('./raw-handler.js', import.meta.url)
const RECORD_BYTES = 64

/**
 * Records of 64 bytes from a publisher in this thread through one partition to `eachBatch` in a
 * worker thread. What is due together is flushed together: usually that is one record.
 */
export async function measure(settings: Settings): Promise<CaseMeasurement> {
  const engine = await createEngine({ topics: { raw: { partitions: 1, codec: bytes() } } })
  const consumer = engine.consumer({ groupId: 'bench', topics: ['raw'], from: 'earliest' })
  const { ratePerSecond, count } = runOf(settings)
  const run = new LatencyRun(count)
  await consumer.run({ workers: 1, handler: HANDLER, workerData: run.data })
  const publisher = engine.publisher<Uint8Array>('raw')
  const value = new Uint8Array(RECORD_BYTES)
  const doubles = new Float64Array(value.buffer)
  const figures = run.measure(
    ratePerSecond,
    (number, intendedNs) => {
      doubles[0] = number
      doubles[1] = intendedNs
      for (let turn = 0; !publisher.trySend(null, value); turn++) relax(turn)
    },
    () => {
      for (let turn = 0; !publisher.flush(); turn++) relax(turn)
    },
  )
  await engine.close()
  return { figures }
}
