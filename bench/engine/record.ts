import { createEngine, type Publisher, record } from '../../workers/index.js'
import { relax, SenderLane } from '../lib/lane.js'
import { createOrder, fillOrder, type Order } from '../lib/order.js'
import type { Load, Measurement, Settings } from '../lib/row.js'

const HANDLER = new URL('./record-handler.js', import.meta.url)

/** The orders that all object rows send, as fields of a record. */
const orderCodec = record({ id: 'uint32', customer: 'text', amount: 'float64', paid: 'boolean' })

/**
 * The same orders as the peers', as records, from a publisher in this thread through one partition
 * to `eachBatch` in a worker thread, which reads all four fields in place. At least once. The sender
 * makes an object for each order, or fills one again and again (`reused`).
 */
export async function measure(load: Load, settings: Settings): Promise<Measurement> {
  const engine = await createEngine({ topics: { orders: { partitions: 1, codec: orderCodec } } })
  const consumer = engine.consumer({ groupId: 'bench', topics: ['orders'], from: 'earliest' })
  const lane = new SenderLane(load)
  await consumer.run({ workers: 1, handler: HANDLER, workerData: lane.data })
  const publisher = engine.publisher<Order>('orders')
  const measurement = await lane.measure((count) => {
    if (settings.reused === 1) sendReused(publisher, count)
    else send(publisher, count)
  })
  await engine.close()
  return measurement
}

function send(publisher: Publisher<Order>, count: number): void {
  for (let id = 0; id < count; id++) {
    const order = createOrder(id)
    for (let turn = 0; !publisher.trySend(null, order); turn++) relax(turn)
  }
  flush(publisher)
}

function sendReused(publisher: Publisher<Order>, count: number): void {
  const order = createOrder(0)
  for (let id = 0; id < count; id++) {
    fillOrder(order, id)
    for (let turn = 0; !publisher.trySend(null, order); turn++) relax(turn)
  }
  flush(publisher)
}

function flush(publisher: Publisher<Order>): void {
  for (let turn = 0; !publisher.flush(); turn++) relax(turn)
}
