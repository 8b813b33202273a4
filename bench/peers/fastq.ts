import fastq from 'fastq'
import { createOrder, type Order, OrderTally } from '../lib/order.js'
import type { Load, Measurement } from '../lib/row.js'
import { measureHere } from '../lib/stopwatch.js'

/** fastq in one thread: no thread is crossed and nothing is copied, a task is a function call. */
export async function measure(load: Load): Promise<Measurement> {
  const tally = new OrderTally()
  await run(load.warmUpCount, tally)
  tally.settle()
  const measurement = await measureHere(() => run(load.count, tally))
  tally.settle()
  return measurement
}

function run(count: number, tally: OrderTally): Promise<void> {
  return new Promise((resolve) => {
    const queue = fastq<unknown, Order>((order, done) => {
      tally.add(order)
      done(null)
      if (tally.count === count) resolve()
    }, 1)
    for (let id = 0; id < count; id++) queue.push(createOrder(id))
  })
}
