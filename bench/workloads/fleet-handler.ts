import { defineHandler, type RecordBatch } from '../../workers/worker.js'
import { Field, type FieldData } from './field.js'
import { topicName } from './shape.js'

let receiver: FleetReceiver

/** Counts what one worker gets, and checks its order. */
class FleetReceiver {
  private readonly field: Field
  private readonly places = new Map<string, number>()
  /** The number that came last, by topic, partition and producer. */
  private readonly last: Int32Array
  private state = 1

  constructor(data: FieldData) {
    const { topics, partitions, producers } = data.shape
    this.field = new Field(data)
    this.last = new Int32Array(topics * partitions * producers).fill(-1)
    for (let topic = 0; topic < topics; topic++) {
      this.places.set(topicName(topic), topic * partitions * producers)
    }
  }

  receive(batch: RecordBatch<Uint8Array>): void {
    const { field, last } = this
    const { aheadCount, producers, workTurns } = field.data.shape
    if (aheadCount > 0) field.awaitBacklog()
    const from = (this.places.get(batch.topic) as number) + batch.partition * producers
    const { bytes } = batch
    let count = 0
    let sum = 0
    while (batch.next()) {
      const at = from + bytes.readUInt32LE(batch.valueFrom)
      const number = bytes.readUInt32LE(batch.valueFrom + 4)
      if (number <= (last[at] as number)) field.fail()
      last[at] = number
      if (workTurns > 0) this.work(workTurns)
      sum += number
      count++
    }
    field.add(count, sum)
  }

  /** Marsaglia's xorshift ("Xorshift RNGs", 2003): each turn needs the one before. */
  private work(turns: number): void {
    let state = this.state
    for (let turn = 0; turn < turns; turn++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
    }
    this.state = state
  }
}

export default defineHandler<Uint8Array>({
  onStart({ workerData }) {
    receiver = new FleetReceiver(workerData as FieldData)
  },
  eachBatch({ batch }) {
    receiver.receive(batch)
  },
})
