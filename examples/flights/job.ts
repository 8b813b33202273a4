import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type Consumer, createEngine, type Engine, type Publisher } from '../../workers/index.js'
import flightCodec from './flight-codec.js'
import { type Flight, type FlightColumns, flightAt } from './flights.js'
import type { JobOptions } from './options.js'
import { type Screen, showProgress } from './progress.js'
import { allocateResults, type Results, readResults } from './results.js'
import { describeFlight } from './totals.js'

/** What a consumer noticed of the death of its worker. */
interface GroupOutcome {
  /** Messages handed over again, because the dead worker had not committed them. */
  readonly redelivered: number
  readonly crashes: number
}

/** What came out of the engine. */
export interface JobOutcome {
  readonly results: Results
  /** From the first flight sent until both groups had handled the last. */
  readonly runMs: number
  /** Records in each partition of the topic. */
  readonly flightsPerPartition: readonly number[]
  readonly groups: Readonly<Record<'delays' | 'routes', GroupOutcome>>
  /** How many flights had been sent when the worker was killed. */
  readonly killedAfterFlights: number
}

/** So many flights are sent before timers and events get their turn. */
const FLIGHTS_PER_TURN = 4096
/** The most that the paused group is let fall behind: it fits into the smallest log. */
const BACKLOG_MOST = 200_000
const POLL_MS = 1
/** Nothing here takes so long: if nothing moves for that time, something is broken. */
const STALL_MS = 30_000

/**
 * Sends the flights through one topic to two groups of worker threads. Half-way it stops one group
 * for a while, and kills a worker as it makes up for that. Then it waits until both groups have
 * handled everything.
 */
export async function runJob(
  columns: FlightColumns,
  options: JobOptions,
  screen: Screen,
): Promise<JobOutcome> {
  const { partitions, workers } = options
  await using engine = await createEngine({
    topics: { flights: { partitions, codec: flightCodec, memory: '64MiB' } },
  })
  const topics = ['flights']
  const delays = engine.consumer({ groupId: 'delays', topics, from: 'earliest', deadLetter: true })
  const routes = engine.consumer({ groupId: 'routes', topics, from: 'earliest' })
  const crashes = { delays: countCrashes(delays), routes: countCrashes(routes) }

  // The workers keep their results in memory that outlives them.
  const memory = allocateResults(partitions)
  await delays.run({
    workers,
    handler: new URL('./delays.js', import.meta.url),
    workerData: memory.delays,
  })
  await routes.run({
    workers,
    handler: new URL('./routes.js', import.meta.url),
    workerData: memory.routes,
  })

  const sender = new Sender(engine.publisher('flights'), columns)
  const progress = showProgress(screen, columns.count, () => ({
    atMs: performance.now(),
    sent: sender.sent,
    lag: { delays: delays.lag().messages, routes: routes.lag().messages },
  }))
  const startMs = performance.now()
  const half = Math.floor(columns.count / 2)
  const backlog = Math.min(BACKLOG_MOST, Math.floor(half / 2))
  await sender.sendUntil(half - backlog)
  await untilBehind([delays], 0)
  await delays.pause()
  await sender.sendUntil(half)
  if (options.sabotage) sender.loseOne()
  await delays.resume()
  // In the midst of its backlog: a worker that dies in its sleep has nothing to be handled again.
  await untilBehind([delays], Math.floor(backlog * 0.75))
  const killed = killWorker(delays)
  await sender.sendUntil(columns.count)
  await killed
  await untilBehind([delays, routes], 0)
  const runMs = performance.now() - startMs
  progress.stop()

  const flightsPerPartition = routes.lag().partitions.map(({ endOffset }) => endOffset)
  await delays.close()
  await routes.close()
  return {
    results: readResults(memory, await readRefused(engine)),
    runMs,
    flightsPerPartition,
    groups: {
      delays: { redelivered: delays.stats().redelivered, crashes: crashes.delays() },
      routes: { redelivered: routes.stats().redelivered, crashes: crashes.routes() },
    },
    killedAfterFlights: half,
  }
}

/** Sends the flights in their order, keyed by the airport that they leave. */
class Sender {
  sent = 0
  readonly #publisher: Publisher<Flight>
  readonly #columns: FlightColumns

  constructor(publisher: Publisher<Flight>, columns: FlightColumns) {
    this.#publisher = publisher
    this.#columns = columns
  }

  /** Sends what is left of the first `count` flights. While the log is full, it waits. */
  async sendUntil(count: number): Promise<void> {
    const publisher = this.#publisher
    while (this.sent < count) {
      const flight = flightAt(this.#columns, this.sent)
      while (!publisher.trySend(flight.origin, flight)) {
        await publisher.flushed({ timeoutMs: STALL_MS })
      }
      this.sent++
      if (this.sent % FLIGHTS_PER_TURN === 0) await nextTurn()
    }
    await publisher.flushed({ timeoutMs: STALL_MS })
  }

  /** Counts a flight as sent without sending it: the check at the end has to find that. */
  loseOne(): void {
    this.sent++
  }
}

/** Kills a worker at whatever it is doing. Resolves when its consumer knows. */
async function killWorker(consumer: Consumer): Promise<void> {
  const crash = once(consumer, 'worker:crash')
  const [victim] = consumer.workers
  if (victim === undefined) throw new Error(`group ${consumer.groupId} has no worker to kill`)
  await victim.terminate()
  await crash
}

function countCrashes(consumer: Consumer): () => number {
  let crashes = 0
  consumer.on('worker:crash', () => crashes++)
  return () => crashes
}

/** Resolves when the groups together have no more than so many messages left to handle. */
async function untilBehind(consumers: readonly Consumer[], messages: number): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  let leastAtMs = performance.now()
  for (;;) {
    const left = consumers.reduce((sum, consumer) => sum + consumer.lag().messages, 0)
    if (left <= messages) return
    if (left < least) {
      least = left
      leastAtMs = performance.now()
    } else if (performance.now() - leastAtMs > STALL_MS) {
      throw new Error(`no message was handled for ${STALL_MS} ms, and ${left} are left`)
    }
    await sleep(POLL_MS)
  }
}

/** The flights in the dead letters of the group `delays`. */
async function readRefused(engine: Engine): Promise<string[]> {
  const refused: string[] = []
  for await (const { value } of engine.deadLetters('delays').peek()) {
    if (value === null) throw new Error('a dead letter has no value')
    refused.push(describeFlight(flightCodec.decode(value, 0, value.length)))
  }
  return refused
}
