import { type Codec, createEngine, type Producer, type Publisher } from '../../workers/index.js'
import { SenderLane } from '../lib/lane.js'
import { createOrder, createOrders, type Order } from '../lib/order.js'
import type { Load, Measurement, Settings } from '../lib/row.js'

const HANDLER = new URL('./object-handler.js', import.meta.url)

/**
 * The same orders as the peers', by a codec that makes objects, through one partition to
 * `eachMessage` in a worker thread, at least once. Sent in arrays by `producer.send`, or singly by
 * `publisher.sendSync`.
 */
export async function measureObjects(
  codec: Codec<Order>,
  load: Load,
  settings: Settings,
): Promise<Measurement> {
  const engine = await createEngine({ topics: { orders: { partitions: 1, codec } } })
  const consumer = engine.consumer({ groupId: 'bench', topics: ['orders'], from: 'earliest' })
  const lane = new SenderLane(load)
  await consumer.run({ workers: 1, handler: HANDLER, workerData: lane.data })
  const arraySize = settings.arraySize as number
  const producer = engine.producer()
  const publisher = engine.publisher<Order>('orders')
  const measurement = await lane.measure((count) =>
    arraySize === 1 ? sendSingly(publisher, count) : sendArrays(producer, count, arraySize),
  )
  await engine.close()
  return measurement
}

function sendSingly(publisher: Publisher<Order>, count: number): Promise<void> {
  for (let id = 0; id < count; id++) publisher.sendSync(null, createOrder(id))
  return publisher.flushed()
}

async function sendArrays(producer: Producer, count: number, arraySize: number): Promise<void> {
  for (let from = 0; from < count; from += arraySize) {
    const messages = createOrders(from, arraySize, count).map((value) => ({ value }))
    await producer.send<Order>({ topic: 'orders', messages })
  }
}
