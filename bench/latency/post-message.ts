import type { CaseMeasurement } from '../lib/experiment.js'
import { LatencyRun } from '../lib/latency-meter.js'
import { createOrder, type Order } from '../lib/order.js'
import type { Settings } from '../lib/row.js'
import { startThread } from '../lib/thread.js'
import { runOf } from './settings.js'

const RECEIVER = new URL('./post-message-receiver.js', import.meta.url)

/** An order, whose amount is its intended time in nanoseconds. */
export type TimedOrder = Order

/** `worker.postMessage` of orders, one each. There is no limit on how many are under way. */
export async function measure(settings: Settings): Promise<CaseMeasurement> {
  const { ratePerSecond, count } = runOf(settings)
  const run = new LatencyRun(count)
  const { worker, exit } = await startThread(RECEIVER, run.data)
  const figures = run.measure(
    ratePerSecond,
    (number, intendedNs) => {
      worker.postMessage({ ...createOrder(number), amount: intendedNs } satisfies TimedOrder)
    },
    () => {},
  )
  await exit
  return { figures }
}
