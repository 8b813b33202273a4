import { activateGate } from '../../core/group/cursor.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import * as memory from '../../core/memory.js'
import { ThreadTable } from '../../core/thread-table.js'
import { SenderLane } from '../lib/lane.js'
import type { Load, Measurement, RowModule, Settings } from '../lib/row.js'
import { startReceiver } from '../lib/thread.js'
import { GATE, type LogSetup } from '../log/partition-log.js'
import { type Alternative, createCoordination } from './alternative.js'
import { SecondProducer, sendShare } from './second-producer.js'

const RECEIVER = new URL('./receiver.js', import.meta.url)
const GEOMETRY = { segmentCount: 16, segmentGranules: 4096 }

/** What the other threads of a row need to know. */
export interface AlternativeSetup extends LogSetup {
  readonly offsetsArePositions: boolean
  readonly coordination: SharedArrayBuffer
  /** The module of the alternative. */
  readonly module: string
  readonly settings: Settings
}

/**
 * A row of an alternative: one or two producers and a reader, a thread each. `settings` are
 * `sizeBytes`, `batch` and `producers`.
 */
export function measureAlternative(module: string, alternative: Alternative): RowModule['measure'] {
  return (load, settings) => measureWith({ module, alternative }, load, settings)
}

async function measureWith(
  { module, alternative }: { readonly module: string; readonly alternative: Alternative },
  load: Load,
  settings: Settings,
): Promise<Measurement> {
  const buffer = alternative.createLog(GEOMETRY)
  const log = new PartitionLog(memory.attach(buffer))
  const threads = ThreadTable.create()
  activateGate(log, GATE, 0)
  const setup: AlternativeSetup = {
    log: buffer,
    threads: threads.region.buffer,
    coordination: createCoordination(GEOMETRY),
    offsetsArePositions: alternative.offsetsArePositions,
    module,
    settings,
  }
  const lane = new SenderLane(load)
  const { exit } = await startReceiver(RECEIVER, lane.data, setup)
  const second = settings.producers === 2 ? await SecondProducer.start(setup) : undefined
  const producer = alternative.join({ log, threads, coordination: setup.coordination })
  const frame = producer.createFrame(settings.sizeBytes as number, settings.batch as number)
  const measurement = await lane.measure((count) => {
    second?.send(count)
    sendShare(producer, frame, { first: 0, step: settings.producers as number, count })
  })
  await exit
  await second?.end()
  return measurement
}
