import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytes } from '../codec/bytes.js'
import type { Headers, Key } from '../topic/message.js'
import { partitionOf } from '../topic/partitioner.js'
import { Fixture, type Received } from './fixture.test.helper.js'
import type { RecordMetadata } from './send.js'

/*
 * Any mixture of publishers and sends, into logs that are full again and again, read back at random
 * moments: everything that was taken arrives once, unchanged, in the order of the calls in each
 * partition, and where the answer says. The logs begin just before their counters wrap.
 */

interface Message {
  readonly key: Key
  /** Follows the message's number in its value. */
  readonly content: Uint8Array
  readonly headers?: Headers | undefined
  readonly timestamp?: number | undefined
  readonly partition?: number | undefined
}

type Step =
  | { readonly kind: 'trySend'; readonly message: Message }
  | { readonly kind: 'send'; readonly messages: readonly Message[] }
  | { readonly kind: 'flush' | 'tick' | 'drain' }

const PARTITIONS_MAX = 3
/** Segments of 1 KiB. */
const PARTITION_BYTES = 4096

const text = fc.string({ unit: 'grapheme', maxLength: 4 })
const key: fc.Arbitrary<Key> = fc.oneof(fc.constant(null), text, fc.uint8Array({ maxLength: 40 }))
const content = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 80 }), weight: 5 },
  { arbitrary: fc.uint8Array({ minLength: 200, maxLength: 400 }), weight: 1 },
)
const plain: fc.Arbitrary<Message> = fc.record({ key, content })
const decorated: fc.Arbitrary<Message> = fc.record({
  key,
  content,
  headers: fc.dictionary(text, fc.oneof(text, fc.uint8Array({ maxLength: 20 })), { maxKeys: 3 }),
  timestamp: fc.option(fc.nat(), { nil: undefined }),
  partition: fc.option(fc.nat(PARTITIONS_MAX - 1), { nil: undefined }),
})
const kindOnly = fc.constantFrom('flush', 'tick', 'tick', 'drain') as fc.Arbitrary<'flush'>
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('trySend' as const), message: plain }), weight: 14 },
  {
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      messages: fc.array(fc.oneof(plain, decorated), { maxLength: 12 }),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ kind: kindOnly }), weight: 2 },
)
const setup = fc.record({
  partitions: fc.integer({ min: 1, max: PARTITIONS_MAX }),
  startPosition: fc.constantFrom(0, 2 ** 31 - 64, 2 ** 32 - 64),
  startOffset: fc.constantFrom(0, 2 ** 31 - 10, 2 ** 32 - 10, 2 ** 40),
  steps: fc.array(step, { maxLength: 150, size: 'max' }),
})

interface Answer {
  readonly metadata: readonly RecordMetadata[]
  readonly numbers: readonly number[]
}

class Run {
  private readonly fixture: Fixture<Uint8Array>
  private readonly partitions: number
  /** What was taken, by number; undefined for what was refused. */
  private readonly sent: (Message | undefined)[] = []
  private readonly received: Received[] = []
  private readonly answers: Promise<Answer>[] = []

  constructor(partitions: number, startPosition: number, startOffset: number) {
    this.partitions = partitions
    this.fixture = new Fixture<Uint8Array>(
      { codec: bytes(), partitions, memory: partitions * PARTITION_BYTES },
      { startPosition, startOffset },
    )
    this.fixture.hold()
  }

  async perform(step: Step): Promise<void> {
    if (step.kind === 'trySend') this.trySend(step.message)
    if (step.kind === 'send') this.send(step.messages)
    if (step.kind === 'flush') this.fixture.publisher.flush()
    if (step.kind === 'tick') await nextTurn()
    if (step.kind === 'drain') this.drain()
  }

  private trySend(message: Message): void {
    const value = this.valueOf(message)
    const isTaken = this.fixture.publisher.trySend(message.key, value)
    if (!isTaken) this.sent[this.sent.length - 1] = undefined
  }

  private send(messages: readonly Message[]): void {
    const { partitions } = this
    const outgoing = messages.map((message) => {
      const { content, ...rest } = message
      const isNamed = rest.partition !== undefined && rest.partition < partitions
      const partition = isNamed ? rest.partition : undefined
      return { ...rest, partition, value: this.valueOf({ ...message, partition }) }
    })
    const numbers = outgoing.map(({ value }) => value.readUInt32LE())
    const answer = this.fixture.producer.send({ topic: 'orders', messages: outgoing })
    this.answers.push(answer.then((metadata) => ({ metadata, numbers })))
  }

  private valueOf(message: Message): Buffer {
    const value = Buffer.alloc(4 + message.content.length)
    value.writeUInt32LE(this.sent.length)
    value.set(message.content, 4)
    this.sent.push(message)
    return value
  }

  private drain(): void {
    this.received.push(...this.fixture.drain())
  }

  /** Reads on until all is there, or for so long that something has been forgotten. */
  async finish(): Promise<void> {
    const expected = this.sent.filter((message) => message !== undefined).length
    for (let turn = 0; this.received.length < expected; turn++) {
      assert.ok(turn < 1000, `only ${this.received.length} of ${expected} arrived`)
      this.drain()
      await nextTurn()
    }
    await Promise.all(this.answers)
    this.drain()
  }

  checkContent(): void {
    const missing = new Set([...this.sent.keys()].filter((number) => this.sent[number]))
    for (const record of this.received) {
      const number = numberOf(record)
      const message = this.sent[number]
      assert.ok(message !== undefined && missing.delete(number), `${number} came unexpectedly`)
      assert.deepEqual((record.value as Buffer).subarray(4), Buffer.from(message.content))
      assert.deepEqual(record.key, toReceived(message.key))
      assert.deepEqual(record.headers, receivedHeaders(message.headers))
      if (message.timestamp !== undefined) assert.equal(record.timestamp, message.timestamp)
      assert.equal(record.partition, this.expectedPartition(message) ?? record.partition)
    }
    assert.equal(missing.size, 0)
  }

  private expectedPartition({ key, partition }: Message): number | undefined {
    if (partition !== undefined || key === null) return partition
    const source = Buffer.from(key)
    return partitionOf(source, 0, source.length, this.partitions)
  }

  checkOrder(startOffset: number): void {
    for (let partition = 0; partition < this.partitions; partition++) {
      const records = this.received.filter((record) => record.partition === partition)
      const numbers = records.map(numberOf)
      assert.deepEqual(
        numbers,
        numbers.toSorted((one, other) => one - other),
      )
      assert.deepEqual(
        records.map(({ offset }) => offset),
        records.map((_, index) => startOffset + index),
      )
    }
  }

  /** Each answer says where that send's messages lie. */
  async checkAnswers(): Promise<void> {
    const numberAt = new Map(
      this.received.map((record) => [placeOf(record.partition, record.offset), numberOf(record)]),
    )
    for (const { metadata, numbers } of await Promise.all(this.answers)) {
      const found = metadata.flatMap(({ partition, baseOffset, count }) =>
        Array.from({ length: count }, (_, index) =>
          numberAt.get(placeOf(partition, baseOffset + index)),
        ),
      )
      assert.deepEqual(new Set(found), new Set(numbers))
      assert.equal(found.length, numbers.length)
    }
  }
}

function placeOf(partition: number, offset: number): string {
  return `${partition}:${offset}`
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function numberOf(record: Received): number {
  return (record.value as Buffer).readUInt32LE()
}

function toReceived<V extends string | Uint8Array | null>(value: V): string | Buffer | null {
  return value instanceof Uint8Array ? Buffer.from(value) : (value as string | null)
}

function receivedHeaders(headers: Headers = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, toReceived(value)]),
  )
}

test('what was taken arrives once, unchanged and in order', async () => {
  await fc.assert(
    fc.asyncProperty(setup, async ({ partitions, startPosition, startOffset, steps }) => {
      const run = new Run(partitions, startPosition, startOffset)
      for (const step of steps) await run.perform(step)
      await run.finish()
      run.checkContent()
      run.checkOrder(startOffset)
      await run.checkAnswers()
    }),
    { numRuns: 200 },
  )
})
