import { workerData } from 'node:worker_threads'
import { ReceiverLane } from '../lib/lane.js'
import { type Order, OrderTally } from '../lib/order.js'
import { announceReady, type ReceiverData } from '../lib/thread.js'

const PROGRESS_EVERY = 1000

const tally = new OrderTally()
const lane = new ReceiverLane((workerData as ReceiverData<undefined>).lane, tally)
const port = announceReady()

port.on('message', (message: Order | Order[]) => {
  if (Array.isArray(message)) message.forEach(handle)
  else handle(message)
})

function handle(order: Order): void {
  tally.add(order)
  if (tally.count % PROGRESS_EVERY === 0) lane.progress()
  if (tally.count === lane.target && lane.endRun()) port.close()
}
