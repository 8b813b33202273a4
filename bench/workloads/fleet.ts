import { bytes, type Consumer, createEngine, type Engine } from '../../workers/index.js'
import type { CaseMeasurement, Figures } from '../lib/experiment.js'
import type { Settings } from '../lib/row.js'
import { type Receiver, startThread } from '../lib/thread.js'
import { Field, type FieldData } from './field.js'
import { type Shape, shapeOf, topicName } from './shape.js'

const HANDLER = new URL('./fleet-handler.js', import.meta.url)
const PRODUCER = new URL('./fleet-producer.js', import.meta.url)

/** What a producer's thread is started with. */
export interface ProducerData {
  readonly engine: ReturnType<Engine['handle']>
  readonly field: FieldData
  /** 0 to producers - 1. */
  readonly producer: number
}

/**
 * Producers in threads of their own, and groups of worker threads, through topics of raw records.
 * Every record says who sent it and its number there, and receivers check their order.
 */
export async function measure(settings: Settings): Promise<CaseMeasurement> {
  const shape = shapeOf(settings)
  const engine = await createEngine({ topics: topicsOf(shape) })
  const field = Field.create(shape)
  const consumers = await startGroups(engine, field)
  const producers = await startProducers(engine, field)
  field.awaitEnd('warm-up')
  if (shape.isBacklog) await Promise.all(consumers.map((consumer) => consumer.pause()))
  field.meet()
  // Once more when everything has been sent.
  if (shape.isBacklog) field.meet()
  const before = process.cpuUsage()
  const start = process.hrtime.bigint()
  if (shape.isBacklog) await Promise.all(consumers.map((consumer) => consumer.resume()))
  const elapsedNs = Number(field.awaitEnd('timed') - start)
  const { user, system } = process.cpuUsage(before)
  await Promise.all(producers.map(({ exit }) => exit))
  await engine.close()
  return { figures: figuresOf(shape, elapsedNs, (user + system) * 1e3) }
}

function topicsOf({ topics, partitions, memoryMib }: Shape) {
  const memory = Math.floor((memoryMib * 2 ** 20) / topics)
  const options = { partitions, codec: bytes(), memory }
  return Object.fromEntries(
    Array.from({ length: topics }, (_, index) => [topicName(index), options]),
  )
}

async function startGroups(engine: Engine, field: Field): Promise<Consumer[]> {
  const { shape } = field.data
  const topics = Array.from({ length: shape.topics }, (_, index) => topicName(index))
  const consumers: Consumer[] = []
  for (let group = 0; group < shape.groups; group++) {
    const delivery = shape.isAtMostOnce ? 'at-most-once' : 'at-least-once'
    const groupId = `group-${group}`
    consumers.push(engine.consumer({ groupId, topics, from: 'earliest', delivery }))
  }
  await Promise.all(
    consumers.map((consumer) =>
      consumer.run({ workers: shape.workers, handler: HANDLER, workerData: field.data }),
    ),
  )
  return consumers
}

function startProducers(engine: Engine, field: Field): Promise<Receiver[]> {
  return Promise.all(
    Array.from({ length: field.data.shape.producers }, (_, producer) => {
      const handle = engine.handle()
      const data: ProducerData = { engine: handle, field: field.data, producer }
      return startThread(PRODUCER, data, handle.transferList)
    }),
  )
}

/** Per delivery to a group. */
function figuresOf(shape: Shape, elapsedNs: number, cpuNs: number): Figures {
  const deliveries = shape.count * shape.groups
  return {
    millionsPerSecond: (deliveries / elapsedNs) * 1e3,
    megabytesPerSecond: ((deliveries * shape.sizeBytes) / elapsedNs) * 1e3,
    wallNs: elapsedNs / deliveries,
    cpuNs: cpuNs / deliveries,
  }
}
