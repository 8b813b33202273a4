import { AllocationMeter } from './allocation-meter.js'
import type { Measurement } from './row.js'

/** Times `work`, for rows whose clock starts and stops in one thread. */
export async function measureHere(work: () => Promise<void> | void): Promise<Measurement> {
  const meter = new AllocationMeter()
  meter.start()
  const start = process.hrtime.bigint()
  await work()
  const elapsedNs = Number(process.hrtime.bigint() - start)
  return { elapsedNs, allocatedBytes: { sender: meter.stop() } }
}
