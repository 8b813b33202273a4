import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, createEngine } from '../../workers/index.js'
import type { CaseMeasurement } from '../lib/experiment.js'
import type { Settings } from '../lib/row.js'

const HANDLER = new URL('./memory-handler.js', import.meta.url)
const MIB = 2 ** 20
const VALUE_BYTES = 1024
/** Of the topic. */
const MEMORY_MIB = 64

/**
 * Memory of the process before there is an engine, with idle workers, and when every page of the log
 * has been written.
 */
export async function measure(settings: Settings): Promise<CaseMeasurement> {
  const workers = settings.workers as number
  const bareMib = residentMib()
  const topic = { partitions: 8, codec: bytes(), memory: MEMORY_MIB * MIB }
  const engine = await createEngine({ topics: { raw: topic } })
  const consumer = engine.consumer({ groupId: 'bench', topics: ['raw'], from: 'earliest' })
  const heapBytes = new Float64Array(new SharedArrayBuffer(workers * 8))
  await consumer.run({ workers, handler: HANDLER, workerData: heapBytes })
  const idleMib = residentMib()
  const publisher = engine.publisher<Uint8Array>('raw')
  const value = new Uint8Array(VALUE_BYTES)
  // One and a half times what fits.
  for (let sent = 0; sent < MEMORY_MIB * 1.5 * 1024; sent++) {
    while (!publisher.trySend(null, value)) await publisher.flushed()
  }
  await publisher.flushed()
  while (consumer.lag().messages > 0) await sleep(1)
  const usedMib = residentMib()
  await engine.close()
  const heapMib = heapBytes.reduce((sum, heap) => sum + heap, 0) / workers / MIB
  const perWorkerMib = (idleMib - bareMib) / workers
  return { figures: { bareMib, idleMib, usedMib, perWorkerMib, heapMib } }
}

function residentMib(): number {
  return process.memoryUsage.rss() / MIB
}
