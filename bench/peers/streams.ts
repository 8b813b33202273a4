import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOrder, type Order, OrderTally } from '../lib/order.js'
import type { Load, Measurement } from '../lib/row.js'
import { measureHere } from '../lib/stopwatch.js'

/** Node's streams in object mode, in one thread: source, a step in between, sink. */
export async function measure(load: Load): Promise<Measurement> {
  const tally = new OrderTally()
  await run(load.warmUpCount, tally)
  tally.settle()
  const measurement = await measureHere(() => run(load.count, tally))
  if (tally.count !== load.count) throw new Error('orders were lost')
  tally.settle()
  return measurement
}

function run(count: number, tally: OrderTally): Promise<void> {
  let id = 0
  const source = new Readable({
    objectMode: true,
    read() {
      this.push(id < count ? createOrder(id++) : null)
    },
  })
  const step = new Transform({
    objectMode: true,
    transform: (order: Order, _, done) => done(null, order),
  })
  const sink = new Writable({
    objectMode: true,
    write(order: Order, _, done) {
      tally.add(order)
      done()
    },
  })
  return pipeline(source, step, sink)
}
