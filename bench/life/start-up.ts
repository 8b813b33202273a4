import { setTimeout as sleep } from 'node:timers/promises'
import type { CaseMeasurement } from '../lib/experiment.js'
import type { Settings } from '../lib/row.js'

const HANDLER = new URL('./start-up-handler.js', import.meta.url)

/**
 * From nothing to the first message handled: loads the package, creates an engine, starts the workers
 * of a group, sends one message.
 */
export async function measure(settings: Settings): Promise<CaseMeasurement> {
  const start = process.hrtime.bigint()
  const { createEngine, json } = await import('../../workers/index.js')
  const loadedMs = sinceMs(start, process.hrtime.bigint())
  const engine = await createEngine({ topics: { orders: { partitions: 4, codec: json() } } })
  const consumer = engine.consumer({ groupId: 'bench', topics: ['orders'], from: 'earliest' })
  const handledAt = new BigInt64Array(new SharedArrayBuffer(8))
  const workers = settings.workers as number
  await consumer.run({ workers, handler: HANDLER, workerData: handledAt })
  const readyMs = sinceMs(start, process.hrtime.bigint())
  await engine.producer().send({ topic: 'orders', messages: [{ key: 'c-17', value: 1 }] })
  while (Atomics.load(handledAt, 0) === 0n) await sleep(1)
  const handledMs = sinceMs(start, Atomics.load(handledAt, 0))
  await engine.close()
  return { figures: { loadedMs, readyMs, handledMs } }
}

function sinceMs(start: bigint, end: bigint): number {
  return Number(end - start) / 1e6
}
