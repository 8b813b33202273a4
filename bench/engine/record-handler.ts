import { defineHandler } from '../../workers/worker.js'
import { type LaneData, ReceiverLane } from '../lib/lane.js'
import { type Order, OrderTally } from '../lib/order.js'

const tally = new OrderTally()
let lane: ReceiverLane

export default defineHandler<Order>({
  onStart({ workerData }) {
    lane = new ReceiverLane(workerData as LaneData, tally)
  },
  eachBatch({ batch }) {
    const { view } = batch
    while (batch.next()) tally.add(view)
    if (tally.count === lane.target) lane.endRun()
  },
})
