import * as memory from '#memory'
import { defineHandler, UnrecoverableError } from '../../workers/worker.js'

/** What the handler gets as its workerData. */
export interface PoisonData {
  /** Deliveries of each record, by its number. */
  readonly deliveries: SharedArrayBuffer
  /** How often each record was handled to its end. */
  readonly handled: SharedArrayBuffer
  readonly poisonEvery: number
}

let deliveries: Int32Array
let handled: Int32Array
let poisonEvery: number

export default defineHandler<Buffer>({
  onStart({ workerData }) {
    const data = workerData as PoisonData
    deliveries = memory.attach(data.deliveries).words
    handled = memory.attach(data.handled).words
    poisonEvery = data.poisonEvery
  },
  eachMessage({ message }) {
    const number = message.value.readUInt32LE(0)
    memory.add(deliveries, number, 1)
    if (number % poisonEvery === 0) throw new UnrecoverableError('poison')
    memory.add(handled, number, 1)
  },
})
