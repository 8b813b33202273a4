import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { threadId, workerData } from 'node:worker_threads'
import { attachEngine, type Engine, type RecordMetadata } from '../../workers/index.js'
import { type Lane, Recorder } from '../history/recorder.js'
import { obeyAtOperation } from './interruptions.js'
import { Orders } from './orders.js'
import type { ProducerData, Way } from './producer-data.js'
import { Random } from './random.js'
import { encodeSample, keyText, nameOf, type Sample } from './sample.js'
import { SEQUENCES_MAX, SendLedger } from './send-ledger.js'

/** A sample, and where the engine puts it. */
interface Addressed extends Sample {
  readonly partition: number
}

/** Records of a trial from which on producers take their time: its history is kept and checked. */
const UNHURRIED_RECORDS = 30_000
const HURRIED_MS_PER_RECORD = 0.1

/** A thread that sends samples until it is told to stop, or dies. */
class ProducerThread {
  private readonly data: ProducerData
  private readonly engine: Engine
  private readonly sends: SendLedger
  private readonly orders: Orders
  private readonly lane: Lane
  private readonly random: Random
  private next = 0

  constructor(data: ProducerData, engine: Engine) {
    this.data = data
    this.engine = engine
    this.sends = new SendLedger(data.sends)
    this.orders = new Orders(data.orders)
    this.lane = new Recorder(data.recorder).lane(threadId)
    this.random = new Random(data.seed)
  }

  async run(): Promise<void> {
    const { way } = this.data
    const sendBatch = way === 'send' ? this.sender() : this.publisher(way)
    while (!this.sends.isStopping && this.next < SEQUENCES_MAX) {
      const samples = this.draw()
      const order = this.orders.take()
      if (order !== undefined) obeyAtOperation(order, this.orders)
      await sendBatch(samples)
      this.sends.addAcknowledged(samples.length)
      await this.rest(samples.length)
    }
  }

  /** The longer a trial takes, the slower it becomes. */
  private async rest(count: number): Promise<void> {
    const { pauseMs } = this.data
    const pace = (this.sends.acknowledged / UNHURRIED_RECORDS) ** 2
    const restMs = pauseMs + pace * HURRIED_MS_PER_RECORD * count
    if (restMs >= 1) await sleep(restMs)
    else if (this.random.chance(0.1)) await nextTurn()
  }

  private draw(): Addressed[] {
    const { producer, batchMax, keys, topic } = this.data
    const count = Math.min(this.random.integer(1, batchMax), SEQUENCES_MAX - this.next)
    const partitioner = this.engine.parts.local.topic(topic)
    return Array.from({ length: count }, () => {
      const key = this.random.integer(0, keys - 1)
      const text = Buffer.from(keyText(key))
      const partition = partitioner.partitionOfKey(text, text.length)
      const sample = { producer, sequence: this.next++, key, partition }
      this.lane.sends(partition, nameOf(sample), key)
      return sample
    })
  }

  private encode(sample: Sample): Buffer {
    return encodeSample(sample, this.random.integer(0, this.data.fillerBytesMax))
  }

  private async waiting<T>(work: Promise<T>): Promise<T> {
    this.sends.setWaiting(this.data.producer, true)
    const result = await work
    this.sends.setWaiting(this.data.producer, false)
    return result
  }

  private sender(): (samples: readonly Addressed[]) => Promise<void> {
    const producer = this.engine.producer()
    const { topic } = this.data
    return async (samples) => {
      const messages = samples.map((sample) => ({
        key: keyText(sample.key),
        value: this.encode(sample),
      }))
      this.noteOffsets(samples, await this.waiting(producer.send({ topic, messages })))
    }
  }

  /** The engine names runs of each partition; the samples of a partition lie there in their order. */
  private noteOffsets(samples: readonly Addressed[], runs: readonly RecordMetadata[]): void {
    const offsets = new Map<number, number[]>()
    for (const { partition, baseOffset, count } of runs) {
      const known = offsets.get(partition) ?? []
      offsets.set(partition, [...known, ...Array.from({ length: count }, (_, i) => baseOffset + i)])
    }
    for (const sample of samples) {
      const offset = offsets.get(sample.partition)?.shift()
      if (offset === undefined) throw new Error(`no offset was returned for ${nameOf(sample)}`)
      this.lane.sent(sample.partition, nameOf(sample), offset)
    }
    const left = [...offsets.values()].some((some) => some.length > 0)
    if (left) throw new Error('more offsets than samples')
  }

  private publisher(way: Way): (samples: readonly Addressed[]) => Promise<void> {
    const publisher = this.engine.publisher<Buffer>(this.data.topic)
    const { producer } = this.data
    return async (samples) => {
      for (const sample of samples) {
        const key = keyText(sample.key)
        const value = this.encode(sample)
        if (way === 'blocking') {
          this.sends.setWaiting(producer, true)
          publisher.sendSync(key, value)
          this.sends.setWaiting(producer, false)
        } else {
          while (!publisher.trySend(key, value)) await this.waiting(publisher.flushed())
        }
      }
      if (!publisher.flush()) await this.waiting(publisher.flushed())
      for (const sample of samples) this.lane.sent(sample.partition, nameOf(sample))
    }
  }
}

const data = workerData as ProducerData
const engine = await attachEngine(data.engine)
await new ProducerThread(data, engine).run()
await engine.close()
