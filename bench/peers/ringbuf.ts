import { RingBuffer } from 'ringbuf.js'
import { relax, SenderLane } from '../lib/lane.js'
import type { Load, Measurement, Settings } from '../lib/row.js'
import { startReceiver } from '../lib/thread.js'

const RECEIVER = new URL('./ringbuf-receiver.js', import.meta.url)
const CAPACITY_RECORDS = 16_384

/** What the receiving thread needs to know of the ring. */
export interface RingbufSetup {
  readonly storage: SharedArrayBuffer
  readonly recordDoubles: number
  readonly batch: number
}

/**
 * ringbuf.js with records of `sizeBytes`, `batch` of them per push and per pop. Its elements are
 * doubles here: where it copies element by element, bytes would be eight times slower.
 *
 * The capacity, every push and every pop are whole multiples of the batch, hence never partial.
 */
export async function measure(load: Load, settings: Settings): Promise<Measurement> {
  const recordDoubles = (settings.sizeBytes as number) / Float64Array.BYTES_PER_ELEMENT
  const batch = settings.batch as number
  const storage = RingBuffer.getStorageForCapacity(CAPACITY_RECORDS * recordDoubles, Float64Array)
  const setup: RingbufSetup = { storage, recordDoubles, batch }
  const ring = new RingBuffer(storage, Float64Array)
  const lane = new SenderLane(load)
  const { exit } = await startReceiver(RECEIVER, lane.data, setup)
  const measurement = await lane.measure((count) => send(ring, count, setup))
  await exit
  return measurement
}

/** Records come one by one, as from an application, and are collected for a push. */
function send(ring: RingBuffer, count: number, { recordDoubles, batch }: RingbufSetup): void {
  const record = new Float64Array(recordDoubles)
  const records = new Float64Array(batch * recordDoubles)
  for (let from = 0; from < count; from += batch) {
    for (let index = 0; index < batch; index++) {
      record[0] = from + index
      const at = index * recordDoubles
      for (let double = 0; double < recordDoubles; double++) {
        records[at + double] = record[double] as number
      }
    }
    for (let turn = 0; ring.push(records) === 0; turn++) relax(turn)
  }
}
