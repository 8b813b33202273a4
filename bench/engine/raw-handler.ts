import { defineHandler } from '../../workers/worker.js'
import { type LaneData, ReceiverLane } from '../lib/lane.js'
import { RecordTally } from '../lib/record-tally.js'

const tally = new RecordTally()
let lane: ReceiverLane

export default defineHandler<Uint8Array>({
  onStart({ workerData }) {
    lane = new ReceiverLane(workerData as LaneData, tally)
  },
  eachBatch({ batch }) {
    while (batch.next()) tally.add(batch.bytes.readUInt32LE(batch.valueFrom))
    if (tally.count === lane.target) lane.endRun()
  },
})
