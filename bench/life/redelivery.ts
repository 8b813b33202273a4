import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, type Consumer, createEngine } from '../../workers/index.js'
import type { CaseMeasurement } from '../lib/experiment.js'
import type { Settings } from '../lib/row.js'
import { quantile } from '../lib/statistics.js'

const HANDLER = new URL('./redelivery-handler.js', import.meta.url)

/** More than partitions, so that somebody is there to take over. */
const WORKERS = 3

/** What a worker finds, and what it writes. Times are nanoseconds of the process's clock. */
export interface DeathRecord {
  /** When the handler of each message ended its thread, or waited to be ended: 0 before. */
  readonly diedAt: BigInt64Array
  /** When each message was handled: 0 before. */
  readonly handledAt: BigInt64Array
  /** Whether the handler ends its own thread, or waits in a loop until somebody does. */
  readonly endsItself: boolean
}

/**
 * The thread that handles a message dies in the middle of it, again and again: `endsItself` by
 * `process.exit`, else by `terminate()` while it computes. How long until another worker has handled
 * the message?
 */
export async function measure(settings: Settings): Promise<CaseMeasurement> {
  const deaths = settings.deaths as number
  const engine = await createEngine({ topics: { raw: { partitions: 1, codec: bytes() } } })
  const consumer = engine.consumer({ groupId: 'bench', topics: ['raw'], from: 'earliest' })
  const record: DeathRecord = {
    diedAt: new BigInt64Array(new SharedArrayBuffer(deaths * 8)),
    handledAt: new BigInt64Array(new SharedArrayBuffer(deaths * 8)),
    endsItself: settings.endsItself === 1,
  }
  await consumer.run({ workers: WORKERS, handler: HANDLER, workerData: record })
  const producer = engine.producer()
  const timesMs: number[] = []
  for (let number = 0; number < deaths; number++) {
    const restart = once(consumer, 'worker:start')
    await producer.send({ topic: 'raw', messages: [{ value: Uint8Array.of(number) }] })
    if (!record.endsItself) await terminateHandler(consumer, record, number)
    await until(() => Atomics.load(record.handledAt, number) !== 0n)
    const ns = Atomics.load(record.handledAt, number) - Atomics.load(record.diedAt, number)
    timesMs.push(Number(ns) / 1e6)
    await restart
  }
  const { redelivered } = consumer.stats()
  await engine.close()
  if (redelivered !== deaths) throw new Error(`${redelivered} of ${deaths} messages came again`)
  timesMs.sort((a, b) => a - b)
  return {
    figures: {
      p50Ms: quantile(timesMs, 0.5),
      p99Ms: quantile(timesMs, 0.99),
      maxMs: quantile(timesMs, 1),
    },
  }
}

/** Ends the thread that has the message, which tells in `diedAt` that it waits. */
async function terminateHandler(
  consumer: Consumer,
  { diedAt }: DeathRecord,
  number: number,
): Promise<void> {
  await until(() => Atomics.load(diedAt, number) !== 0n)
  const threadId = Number(Atomics.load(diedAt, number))
  const victim = consumer.workers.find((worker) => worker.threadId === threadId)
  Atomics.store(diedAt, number, process.hrtime.bigint())
  await victim?.terminate()
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(1)
}
