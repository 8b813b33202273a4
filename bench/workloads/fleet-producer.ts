import { workerData } from 'node:worker_threads'
import type { Publisher } from '../../workers/index.js'
import { attachEngine, type Engine } from '../../workers/worker.js'
import { announceReady } from '../lib/thread.js'
import { Field } from './field.js'
import type { ProducerData } from './fleet.js'
import { type Shape, topicName } from './shape.js'

/** Between two looks at how far the group is. */
const COUNT_PER_LOOK = 1024
/** A prime, so that its multiples meet every key once before the first comes again. */
const KEY_STEP = 7919

const { engine: handle, field: fieldData, producer } = workerData as ProducerData
const field = new Field(fieldData)
const { shape } = field.data

/** The key of every message, until they begin again. */
function keysOf({ keys, hotShare }: Shape): (string | null)[] {
  if (keys === 0) return [null]
  return Array.from({ length: keys }, (_, index) =>
    index < keys * hotShare ? 'hot-key' : `key-${index}`,
  )
}

class Sender {
  private readonly engine: Engine
  private readonly publishers: Publisher<Uint8Array>[]
  private readonly keys = keysOf(shape)
  private readonly value = new Uint8Array(shape.sizeBytes)
  private readonly words = new Uint32Array(this.value.buffer, 0, 2)
  private number = 0

  constructor(engine: Engine) {
    this.engine = engine
    this.publishers = Array.from({ length: shape.topics }, (_, index) =>
      engine.publisher<Uint8Array>(topicName(index)),
    )
    this.words[0] = producer
  }

  /** Sends so many messages to the topics in turn. */
  async send(count: number): Promise<void> {
    const { words, value, publishers, keys } = this
    const end = this.number + count
    for (let number = this.number; number < end; number++) {
      if (shape.aheadCount > 0 && number % COUNT_PER_LOOK === 0) field.awaitRoom(number)
      words[1] = number
      const key = keys[(number * KEY_STEP) % keys.length] as string | null
      publishers[number % publishers.length]?.sendSync(key, value)
    }
    this.number = end
    await Promise.all(publishers.map((publisher) => publisher.flushed()))
    if (shape.aheadCount > 0) field.endSending()
  }

  close(): Promise<void> {
    return this.engine.close()
  }
}

const sender = new Sender(await attachEngine(handle))
announceReady().unref()
await sender.send(shape.warmUpCount / shape.producers)
field.meet()
await sender.send(shape.count / shape.producers)
if (shape.isBacklog) field.meet()
await sender.close()
