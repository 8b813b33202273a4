/** Threads that the program starts itself send to a topic; this thread reads it in batches. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createEngine, json } from 'millrace'
import type { Reading } from './reading.js'

const SENSORS = ['attic', 'cellar', 'garden']

await using engine = await createEngine({
  topics: { readings: { partitions: 2, codec: json<Reading>() } },
})

const averages = new Map<string, { readings: number; degrees: number }>()
const station = engine.consumer<Reading>({
  groupId: 'station',
  topics: ['readings'],
  from: 'earliest',
})
await station.run({
  eachBatch({ batch }) {
    while (batch.next()) {
      const sensor = String(batch.key)
      const { readings, degrees } = averages.get(sensor) ?? { readings: 0, degrees: 0 }
      const sum = degrees + batch.value.degrees
      averages.set(sensor, { readings: readings + 1, degrees: sum })
    }
  },
})

const threads = SENSORS.map((sensor) => {
  // A handle is for one thread.
  const handle = engine.handle()
  return new Worker(new URL('./sensor.js', import.meta.url), {
    workerData: { handle, sensor },
    transferList: [...handle.transferList],
  })
})
await Promise.all(threads.map((thread) => once(thread, 'exit')))
while (station.lag().messages > 0) await sleep(10)

for (const sensor of SENSORS) {
  const { readings, degrees } = averages.get(sensor) ?? { readings: 0, degrees: Number.NaN }
  console.log(`${sensor}: ${readings} readings, ${degrees / readings} degrees on average`)
}
