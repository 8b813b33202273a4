import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { attachEngine, type Engine, type RecordMetadata } from '../../workers/index.js'
import { obeyAtOperation } from './interruptions.js'
import { Orders } from './orders.js'
import type { ProducerData, Way } from './producer-data.js'
import { Random } from './random.js'
import { encodeSample, keyText, type Sample } from './sample.js'
import { placeOf, SEQUENCES_MAX, SendLedger } from './send-ledger.js'

/** A thread that sends samples until it is told to stop, or dies. */
class ProducerThread {
  private readonly data: ProducerData
  private readonly sends: SendLedger
  private readonly orders: Orders
  private readonly random: Random
  private readonly keySequences: number[]
  private next = 0

  constructor(data: ProducerData) {
    this.data = data
    this.sends = new SendLedger(data.sends)
    this.orders = new Orders(data.orders)
    this.random = new Random(data.seed)
    this.keySequences = new Array<number>(data.keys).fill(0)
  }

  async run(engine: Engine): Promise<void> {
    const { way, pauseMs } = this.data
    const sendBatch = way === 'send' ? this.sender(engine) : this.publisher(engine, way)
    while (!this.sends.isStopping && this.next < SEQUENCES_MAX) {
      const samples = this.draw()
      const order = this.orders.take()
      if (order !== undefined) obeyAtOperation(order, this.orders)
      await sendBatch(samples)
      this.sends.setAcknowledged(this.data.producer, this.next)
      if (pauseMs > 0) await sleep(pauseMs)
      else if (this.random.chance(0.1)) await nextTurn()
    }
  }

  private draw(): Sample[] {
    const { producer, batchMax, keys } = this.data
    const count = Math.min(this.random.integer(1, batchMax), SEQUENCES_MAX - this.next)
    const samples = Array.from({ length: count }, () => {
      const key = this.random.integer(0, keys - 1)
      const keySequence = this.keySequences[key] as number
      this.keySequences[key] = keySequence + 1
      return { producer, sequence: this.next++, key, keySequence }
    })
    // Before the first of them can be seen by anybody.
    this.sends.setTried(producer, this.next)
    return samples
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

  private sender(engine: Engine): (samples: readonly Sample[]) => Promise<void> {
    const producer = engine.producer()
    const { topic } = this.data
    return async (samples) => {
      const messages = samples.map((sample) => ({
        key: keyText(sample.key),
        value: this.encode(sample),
      }))
      const runs = await this.waiting(producer.send({ topic, messages }))
      this.notePlaces(engine, samples, runs)
    }
  }

  /** The engine names runs of each partition; the samples of a partition lie there in their order. */
  private notePlaces(
    engine: Engine,
    samples: readonly Sample[],
    runs: readonly RecordMetadata[],
  ): void {
    const topic = engine.parts.local.topic(this.data.topic)
    const offsets = Array.from({ length: topic.partitions }, (_, partition) =>
      runs
        .filter((run) => run.partition === partition)
        .flatMap(({ baseOffset, count }) =>
          Array.from({ length: count }, (_, i) => baseOffset + i),
        ),
    )
    for (const { key, sequence } of samples) {
      const text = Buffer.from(keyText(key))
      const partition = topic.partitionOfKey(text, text.length)
      const offset = offsets[partition]?.shift()
      if (offset === undefined) throw new Error(`no offset was returned for sample ${sequence}`)
      this.sends.setPlace(this.data.producer, sequence, placeOf(partition, offset))
    }
    if (offsets.some((left) => left.length > 0)) throw new Error('more offsets than samples')
  }

  private publisher(engine: Engine, way: Way): (samples: readonly Sample[]) => Promise<void> {
    const publisher = engine.publisher<Buffer>(this.data.topic)
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
    }
  }
}

const data = workerData as ProducerData
const engine = await attachEngine(data.engine)
await new ProducerThread(data).run(engine)
await engine.close()
