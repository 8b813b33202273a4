import { Piscina } from 'piscina'
import { createOrder, OrderTally } from '../lib/order.js'
import type { Load, Measurement, Settings } from '../lib/row.js'
import { measureHere } from '../lib/stopwatch.js'

const TASK = new URL('./piscina-task.js', import.meta.url)

type Pool = Piscina<unknown, number>

/** `piscina.run` of one order per task on one thread, a fixed number of tasks in flight. */
export async function measure(load: Load, settings: Settings): Promise<Measurement> {
  const inFlight = settings.inFlight as number
  const pool: Pool = new Piscina({
    filename: TASK.href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: inFlight,
  })
  await run(pool, load.warmUpCount, inFlight)
  const measurement = await measureHere(() => run(pool, load.count, inFlight))
  await pool.destroy()
  return measurement
}

async function run(pool: Pool, count: number, inFlight: number): Promise<void> {
  const tally = new OrderTally()
  let next = 0
  const runTasks = async (): Promise<void> => {
    while (next < count) tally.addTouched(await pool.run(createOrder(next++)))
  }
  await Promise.all(Array.from({ length: inFlight }, runTasks))
  tally.settle()
}
