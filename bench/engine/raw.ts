import { bytes, createEngine, type Publisher } from '../../workers/index.js'
import { relax, SenderLane } from '../lib/lane.js'
import type { Load, Measurement, Settings } from '../lib/row.js'

const HANDLER = new URL('./raw-handler.js', import.meta.url)

/**
 * Bytes from a publisher in this thread through one partition to `eachBatch` in a worker thread, at
 * least once. With `recordsPerFlush` each batch of so many is published at once, else when it is
 * full.
 */
export async function measure(load: Load, settings: Settings): Promise<Measurement> {
  const engine = await createEngine({ topics: { raw: { partitions: 1, codec: bytes() } } })
  const consumer = engine.consumer({ groupId: 'bench', topics: ['raw'], from: 'earliest' })
  const lane = new SenderLane(load)
  await consumer.run({ workers: 1, handler: HANDLER, workerData: lane.data })
  const publisher = engine.publisher<Uint8Array>('raw')
  const value = new Uint8Array(settings.sizeBytes as number)
  const { recordsPerFlush } = settings
  const measurement = await lane.measure((count) => {
    if (recordsPerFlush === 1) sendFlushed(publisher, value, count)
    else send(publisher, value, count)
  })
  await engine.close()
  return measurement
}

function send(publisher: Publisher<Uint8Array>, value: Uint8Array, count: number): void {
  const numbers = new Uint32Array(value.buffer)
  for (let number = 0; number < count; number++) {
    numbers[0] = number
    for (let turn = 0; !publisher.trySend(null, value); turn++) relax(turn)
  }
  flush(publisher)
}

function sendFlushed(publisher: Publisher<Uint8Array>, value: Uint8Array, count: number): void {
  const numbers = new Uint32Array(value.buffer)
  for (let number = 0; number < count; number++) {
    numbers[0] = number
    for (let turn = 0; !publisher.trySend(null, value); turn++) relax(turn)
    flush(publisher)
  }
}

function flush(publisher: Publisher<Uint8Array>): void {
  for (let turn = 0; !publisher.flush(); turn++) relax(turn)
}
