import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import {
  bytes,
  type Consumer,
  createEngine,
  type Engine,
  json,
  type Publisher,
} from '../../workers/index.js'
import { SharedClock } from '../lib/shared-clock.js'
import type { Reading } from './handler.js'
import type { Sample } from './verdict.js'

const HANDLER = new URL('./handler.js', import.meta.url)
const KEYS = Array.from({ length: 10_000 }, (_, index) => `key-${index}`)
const GROUPS = ['readings', 'raw'] as const
/** Sent before the thread gives its event loop a turn. */
const BURST = 200
const MIB = 2 ** 20

/** What the workers share with the thread that sends. */
export interface SoakData {
  readonly base: bigint
  readonly histogram: RecordableHistogram
  /** Messages of both topics. */
  readonly handled: Int32Array
  /** Of their numbers, modulo 2^32. */
  readonly sums: Int32Array
  readonly heapBytes: Float64Array
}

/**
 * The mixed load: in turn an object as JSON with one of 10,000 keys over 8 partitions, and 64 bytes
 * without a key over one, each with a group of one worker thread and `eachMessage`.
 */
export class SoakLoad {
  private readonly engine: Engine
  private readonly consumers: readonly Consumer[]
  private readonly readings: Publisher<Reading>
  private readonly raw: Publisher<Uint8Array>
  private readonly data: SoakData
  private readonly clock: SharedClock
  private readonly value = new Uint8Array(64)
  private readonly doubles = new Float64Array(this.value.buffer)
  private sent = 0
  private handledBefore = 0

  static async start(): Promise<SoakLoad> {
    const engine = await createEngine({
      topics: {
        readings: { partitions: 8, codec: json<Reading>() },
        raw: { partitions: 1, codec: bytes() },
      },
    })
    const clock = new SharedClock()
    const data: SoakData = {
      base: clock.base,
      histogram: createHistogram({ lowest: 1, highest: 60e9, figures: 3 }),
      handled: new Int32Array(new SharedArrayBuffer(4)),
      sums: new Int32Array(new SharedArrayBuffer(4)),
      heapBytes: new Float64Array(new SharedArrayBuffer(GROUPS.length * 8)),
    }
    const consumers: Consumer[] = []
    for (const [index, topic] of GROUPS.entries()) {
      const consumer = engine.consumer({ groupId: topic, topics: [topic], from: 'earliest' })
      const heapBytes = data.heapBytes.subarray(index, index + 1)
      await consumer.run({ workers: 1, handler: HANDLER, workerData: { ...data, heapBytes } })
      consumers.push(consumer)
    }
    return new SoakLoad(engine, consumers, data, clock)
  }

  private constructor(
    engine: Engine,
    consumers: readonly Consumer[],
    data: SoakData,
    clock: SharedClock,
  ) {
    this.engine = engine
    this.consumers = consumers
    this.data = data
    this.clock = clock
    this.readings = engine.publisher('readings')
    this.raw = engine.publisher('raw')
  }

  /** Sends as fast as it can. @returns messages per second, sent and handled */
  async fullSpeed(seconds: number): Promise<number> {
    const from = this.sent
    const start = this.clock.now()
    while (this.clock.now() - start < seconds * 1e9) {
      for (let burst = 0; burst < BURST; burst++) await this.send(this.clock.now())
      await nextTurn()
    }
    await this.drained()
    return ((this.sent - from) / (this.clock.now() - start)) * 1e9
  }

  /** Sends at a fixed rate, whatever happens; messages count from when they should be sent. */
  async atRate(
    ratePerSecond: number,
    seconds: number,
    sampleSeconds: number,
    onSample: (sample: Sample) => void,
  ): Promise<void> {
    const intervalNs = 1e9 / ratePerSecond
    const start = this.clock.now()
    const total = Math.floor(ratePerSecond * seconds)
    let nextSampleNs = sampleSeconds * 1e9
    this.data.histogram.reset()
    for (let number = 0; number < total; ) {
      const passedNs = this.clock.now() - start
      const due = Math.min(total, Math.floor(passedNs / intervalNs))
      const end = Math.min(due, number + BURST)
      for (; number < end; number++) await this.send(start + number * intervalNs)
      if (passedNs >= nextSampleNs) {
        onSample(this.sample(passedNs / 1e9))
        nextSampleNs += sampleSeconds * 1e9
      }
      await (number < due ? nextTurn() : sleep(1))
    }
  }

  private async send(intendedNs: number): Promise<void> {
    const number = this.sent++
    if (number % 2 === 0) {
      const key = KEYS[number % KEYS.length] as string
      while (!this.readings.trySend(key, { number, intendedNs })) await this.readings.flushed()
      return
    }
    this.doubles[0] = number
    this.doubles[1] = intendedNs
    while (!this.raw.trySend(null, this.value)) await this.raw.flushed()
  }

  private sample(atSeconds: number): Sample {
    const { histogram, heapBytes } = this.data
    const { rss, heapUsed, external } = process.memoryUsage()
    const handled = Atomics.load(this.data.handled, 0)
    const sample = {
      atSeconds,
      rssMib: rss / MIB,
      heapMib: heapUsed / MIB,
      workerHeapMib: heapBytes.reduce((sum, heap) => sum + heap, 0) / MIB,
      externalMib: external / MIB,
      p50: histogram.percentile(50) / 1e3,
      p99: histogram.percentile(99) / 1e3,
      lag: this.consumers.reduce((sum, consumer) => sum + consumer.lag().messages, 0),
      messages: (handled - this.handledBefore) >>> 0,
    }
    this.handledBefore = handled
    histogram.reset()
    return sample
  }

  private async drained(): Promise<void> {
    await Promise.all([this.readings.flushed(), this.raw.flushed()])
    while (this.consumers.some((consumer) => consumer.lag().messages > 0)) await sleep(1)
  }

  /** @throws unless what was handled is what was sent */
  async end(): Promise<void> {
    await this.drained()
    await this.engine.close()
    const sent = BigInt(this.sent)
    const sum = Number(BigInt.asIntN(32, (sent * (sent - 1n)) / 2n))
    const isComplete = Atomics.load(this.data.handled, 0) === Number(BigInt.asIntN(32, sent))
    if (isComplete && Atomics.load(this.data.sums, 0) === sum) return
    throw new Error('what was handled is not what was sent')
  }
}
