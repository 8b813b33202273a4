/** Sender and receiver in one thread, so that one run sees the whole way of a message. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { bytes, createEngine, json } from '../../workers/index.js'
import { createOrders, type Order } from '../lib/order.js'

export type CaseName = 'raw-255' | 'raw-1' | 'json'

/** Room for everything that is sent before the receiver has its turn. */
const MEMORY_BYTES = 2 ** 26
const VALUE_BYTES = 64
/** Messages of one `producer.send`. */
const ARRAY_SIZE = 1000

/** An engine whose sender and receiver take turns. */
export interface Subject {
  /** Sends so many records without giving the receiver a turn. */
  send(records: number): void
  /** Resolves when all of them are handled, and the receiver sleeps again. */
  received(): Promise<void>
  close(): Promise<void>
}

export function openSubject(name: CaseName): Promise<Subject> {
  return name === 'json' ? openJson() : openRaw(name === 'raw-1')
}

async function openRaw(isFlushedEach: boolean): Promise<Subject> {
  const topic = { partitions: 1, codec: bytes(), memory: MEMORY_BYTES }
  const engine = await createEngine({ topics: { raw: topic } })
  const ledger = new Ledger()
  const consumer = engine.consumer<Uint8Array>({
    groupId: 'bench',
    topics: ['raw'],
    from: 'earliest',
  })
  await consumer.run({
    eachBatch({ batch }) {
      let records = 0
      let sum = 0
      for (; batch.next(); records++) sum += batch.bytes[batch.valueFrom] as number
      ledger.handle(records, sum)
    },
  })
  const publisher = engine.publisher<Uint8Array>('raw')
  const value = new Uint8Array(VALUE_BYTES).fill(1)
  const send = (records: number): void => {
    ledger.expect(records, records)
    for (let sent = 0; sent < records; sent++) {
      taken(publisher.trySend(null, value))
      if (isFlushedEach) taken(publisher.flush())
    }
    taken(publisher.flush())
  }
  return { send, received: () => ledger.settled(), close: () => engine.close() }
}

function taken(isTaken: boolean): void {
  if (!isTaken) throw new Error('the log is full')
}

async function openJson(): Promise<Subject> {
  const topic = { partitions: 1, codec: json<Order>(), memory: MEMORY_BYTES }
  const engine = await createEngine({ topics: { orders: topic } })
  const ledger = new Ledger()
  const consumer = engine.consumer<Order>({
    groupId: 'bench',
    topics: ['orders'],
    from: 'earliest',
  })
  await consumer.run({
    eachMessage({ message }) {
      ledger.handle(1, message.value.id)
    },
  })
  const producer = engine.producer()
  const send = (records: number): void => {
    ledger.expect(records, (records * (records - 1)) / 2)
    for (let from = 0; from < records; from += ARRAY_SIZE) {
      const messages = createOrders(from, ARRAY_SIZE, records).map((value) => ({ value }))
      void producer.send<Order>({ topic: 'orders', messages })
    }
  }
  return { send, received: () => ledger.settled(), close: () => engine.close() }
}

/** Knows what is under way, and whether it arrived as it was sent. */
class Ledger {
  private records = 0
  private sum = 0
  private done: (() => void) | undefined

  expect(records: number, sum: number): void {
    this.records += records
    this.sum += sum
  }

  handle(records: number, sum: number): void {
    this.records -= records
    this.sum -= sum
    if (this.records === 0) this.done?.()
  }

  async settled(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.done = resolve
    })
    await nextTurn()
    if (this.sum !== 0) throw new Error('what arrived is not what was sent')
  }
}
