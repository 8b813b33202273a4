import { defineHandler } from '../../workers/worker.js'
import { type LaneData, ReceiverLane } from '../lib/lane.js'
import { type Order, OrderTally } from '../lib/order.js'

const tally = new OrderTally()
let lane: ReceiverLane

export default defineHandler<Order>({
  onStart({ workerData }) {
    lane = new ReceiverLane(workerData as LaneData, tally)
  },
  eachMessage({ message }) {
    tally.add(message.value)
    if (tally.count === lane.target) lane.endRun()
  },
})
