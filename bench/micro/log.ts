import { Appender } from '../../core/log/appender.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { Reader } from '../../core/log/reader.js'
import { ThreadTable } from '../../core/thread-table.js'
import type { MicroCase, MicroSuite } from '../lib/micro.js'
import { RecordFrame } from '../log/record-frame.js'

const GEOMETRY = { segmentCount: 16, segmentGranules: 4096 }
const FRAMES_PER_CALL = 10
const VALUE_BYTES = 64

/** Where results go, so that computing them cannot be left out. */
const sums = new Float64Array(1)

/** No group holds the log, so that appending goes round and round. */
function appendCase(recordsPerFrame: number): MicroCase {
  const log = PartitionLog.create(GEOMETRY)
  const threads = ThreadTable.create()
  const appender = new Appender(log, threads, threads.takeSlot())
  const frame = RecordFrame.filled(VALUE_BYTES, recordsPerFrame)
  return {
    title: `append, ${recordsPerFrame} of ${VALUE_BYTES} bytes per frame`,
    operationsPerCall: FRAMES_PER_CALL * recordsPerFrame,
    run() {
      for (let turn = 0; turn < FRAMES_PER_CALL; turn++) appender.append(frame)
    },
  }
}

/** Reads the same frames again and again. */
function pollCase(recordsPerFrame: number): MicroCase {
  const log = PartitionLog.create(GEOMETRY)
  const threads = ThreadTable.create()
  const appender = new Appender(log, threads, threads.takeSlot())
  const frame = RecordFrame.filled(VALUE_BYTES, recordsPerFrame)
  for (let turn = 0; turn < FRAMES_PER_CALL; turn++) appender.append(frame)
  const reader = new Reader(log, 0, 0)
  return {
    title: `poll, ${recordsPerFrame} of ${VALUE_BYTES} bytes per frame`,
    operationsPerCall: FRAMES_PER_CALL * recordsPerFrame,
    run() {
      reader.moveTo(0, 0)
      let sum = 0
      while (reader.next()) {
        while (reader.nextRecord()) sum += log.doubles[reader.valueFrom >>> 3] as number
      }
      sums[0] = sum
    },
  }
}

const suite: MicroSuite = {
  name: 'log',
  unit: 'record',
  cases: [appendCase(255), appendCase(1), pollCase(255), pollCase(1)],
}

export default suite
