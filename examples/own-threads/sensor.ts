import { workerData } from 'node:worker_threads'
import { attachEngine, type EngineHandle } from 'millrace/worker'
import type { Reading } from './reading.js'

/** A thread of the program's own: it measures, and blocks while the log is full. */
const { handle, sensor } = workerData as { handle: EngineHandle; sensor: string }
await using engine = await attachEngine(handle)

const readings = engine.publisher<Reading>('readings')
for (let minute = 0; minute < 1_000; minute++) {
  readings.sendSync(sensor, { minute, degrees: 20 + (minute % 5) })
}
readings.flush()
