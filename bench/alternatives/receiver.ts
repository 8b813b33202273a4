import { workerData } from 'node:worker_threads'
import { commit, ownership } from '../../core/group/cursor.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { Reader } from '../../core/log/reader.js'
import * as memory from '../../core/memory.js'
import { ThreadTable } from '../../core/thread-table.js'
import { ReceiverLane, relax } from '../lib/lane.js'
import { RecordTally } from '../lib/record-tally.js'
import { announceReady, type ReceiverData } from '../lib/thread.js'
import { GATE } from '../log/partition-log.js'
import type { AlternativeSetup } from './alternative-row.js'

const COMMIT_RECORDS = 1000

const { lane: laneData, setup } = workerData as ReceiverData<AlternativeSetup>
const log = new PartitionLog(memory.attach(setup.log))
const threads = new ThreadTable(memory.attach(setup.threads))
const { epoch } = ownership(log, GATE)
const reader = new Reader(log, 0, 0)
const tally = new RecordTally()
const lane = new ReceiverLane(laneData, tally)
let committed = 0
let committedOffset = 0

function receive(): void {
  let idle = 0
  while (tally.count < lane.target) {
    if (!reader.next()) {
      relax(idle++)
      continue
    }
    idle = 0
    while (reader.nextRecord()) tally.add(log.doubles[reader.valueFrom >>> 3] as number)
    if (reader.offset - committedOffset >= COMMIT_RECORDS) commitRead()
  }
  commitRead()
}

function commitRead(): void {
  const read = setup.offsetsArePositions ? reader.position : reader.offset
  if (!commit(log, threads, GATE, epoch, committed, read)) {
    throw new Error('the commit was refused')
  }
  committed = read
  committedOffset = reader.offset
}

announceReady()
do receive()
while (!lane.endRun())
