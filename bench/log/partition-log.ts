import { activateGate } from '../../core/group/cursor.js'
import { Appender } from '../../core/log/appender.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { ThreadTable } from '../../core/thread-table.js'
import { relax, SenderLane } from '../lib/lane.js'
import type { Load, Measurement, Settings } from '../lib/row.js'
import { startReceiver } from '../lib/thread.js'
import { RecordFrame } from './record-frame.js'

const RECEIVER = new URL('./partition-log-receiver.js', import.meta.url)
const GEOMETRY = { segmentCount: 16, segmentGranules: 4096 }

/** The gate of the one group that reads. */
export const GATE = 0

export interface LogSetup {
  readonly log: SharedArrayBuffer
  readonly threads: SharedArrayBuffer
}

/**
 * The log by itself between two threads: appender and reader, without topic, producer and consumer
 * around them. What those cost shows in the difference to the engine's rows.
 */
export async function measure(load: Load, settings: Settings): Promise<Measurement> {
  const log = PartitionLog.create(GEOMETRY)
  const threads = ThreadTable.create()
  activateGate(log, GATE, 0)
  const setup: LogSetup = { log: log.region.buffer, threads: threads.region.buffer }
  const lane = new SenderLane(load)
  const { exit } = await startReceiver(RECEIVER, lane.data, setup)
  const appender = new Appender(log, threads, threads.takeSlot())
  const frame = new RecordFrame(settings.sizeBytes as number, settings.batch as number)
  const measurement = await lane.measure((count) => send(appender, count, frame))
  await exit
  return measurement
}

function send(appender: Appender, count: number, frame: RecordFrame): void {
  for (let number = 0; number < count; number++) {
    if (frame.isFull) appendFrame(appender, frame)
    frame.add(number)
  }
  appendFrame(appender, frame)
}

function appendFrame(appender: Appender, frame: RecordFrame): void {
  for (let turn = 0; !appender.append(frame); turn++) relax(turn)
  frame.clear()
}
