import { workerData } from 'node:worker_threads'
import { RingBuffer } from 'ringbuf.js'
import { ReceiverLane, relax } from '../lib/lane.js'
import { RecordTally } from '../lib/record-tally.js'
import { announceReady, type ReceiverData } from '../lib/thread.js'
import type { RingbufSetup } from './ringbuf.js'

const { lane: laneData, setup } = workerData as ReceiverData<RingbufSetup>
const tally = new RecordTally()
const lane = new ReceiverLane(laneData, tally)

function receive(ring: RingBuffer, { recordDoubles, batch }: RingbufSetup): void {
  const records = new Float64Array(batch * recordDoubles)
  let idle = 0
  while (tally.count < lane.target) {
    if (ring.pop(records) === 0) {
      relax(idle++)
      continue
    }
    idle = 0
    for (let index = 0; index < records.length; index += recordDoubles) {
      tally.add(records[index] as number)
    }
  }
}

announceReady()
const ring = new RingBuffer(setup.storage, Float64Array)
do receive(ring, setup)
while (!lane.endRun())
