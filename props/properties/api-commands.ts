/** The commands of the public API, each held against the model at once. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Consumer,
  type Engine,
  type MillraceError,
  type SeekTarget,
  UnrecoverableError,
} from '../../workers/index.js'
import { until } from '../chaos/until.js'
import { type Model, type ModelGroup, type ModelRecord, PARTITIONS, TOPICS } from './api-model.js'

type Command = fc.AsyncCommand<Model, Engine>

/** Each group has its topic and its beginning: they are settings that its members agree on. */
const GROUPS = {
  early: { topic: 'a', from: 'earliest' },
  late: { topic: 'a', from: 'latest' },
  other: { topic: 'b', from: 'earliest' },
} as const
type GroupName = keyof typeof GROUPS

const RETRY = { attempts: 2, backoff: { initialMs: 0 } } as const

function consumerOf(engine: Engine, id: GroupName): Consumer<string> {
  const { topic, from } = GROUPS[id]
  return engine.consumer<string>({ groupId: id, topics: [topic], from, retry: RETRY })
}

function groupOf(model: Model, id: GroupName): ModelGroup {
  const { topic, from } = GROUPS[id]
  return model.open(id, topic, from)
}

/** A command with a name that failures print. */
function command(
  name: string,
  run: (model: Model, engine: Engine) => Promise<void>,
  check: (model: Pick<Model, 'groups'>) => boolean = () => true,
): Command {
  return { check: (model) => check(model), run, toString: () => name }
}

function send(
  topic: (typeof TOPICS)[number],
  partition: number,
  poison: readonly boolean[],
  path: 'send' | 'stream',
): Command {
  return command(`${path} ${poison.length} to ${topic}/${partition}`, async (model, engine) => {
    const log = model.log(topic, partition)
    const records = poison.map((isPoison) => model.create(isPoison))
    const producer = engine.producer()
    const baseOffset = log.length
    const messages = records.map(({ value, timestamp }) => ({ value, timestamp, partition }))
    if (path === 'send') {
      const metadata = await producer.send({ topic, messages })
      assert.deepEqual(metadata, [{ topic, partition, baseOffset, count: records.length }])
    } else {
      const stream = producer.asStream(topic)
      for (const message of messages) stream.write(message)
      await new Promise<void>((resolve, reject) => {
        stream.on('error', reject)
        stream.end(resolve)
      })
    }
    await producer.close()
    log.push(...records)
  })
}

/** Takes some messages one by one, and leaves the loop at the last of them. */
function consume(id: GroupName, count: number): Command {
  const isOpen = (model: Pick<Model, 'groups'>) => !model.groups.get(id)?.isPaused
  return command(
    `consume ${count} as ${id}`,
    async (model, engine) => {
      const group = groupOf(model, id)
      const left = model.left(group)
      const total = left.flat().length
      const done = left.map(() => 0)
      let taken = 0
      for await (const message of consumerOf(engine, id).consume({ until: 'end' })) {
        const { partition, offset, value, timestamp } = message
        const expected = left[partition]?.[done[partition] as number]
        assert.equal(offset, (group.committed[partition] as number) + (done[partition] as number))
        assert.deepEqual([value, timestamp], [expected?.value, expected?.timestamp])
        if (++taken === count) break
        ;(done[partition] as number)++
      }
      assert.equal(taken, Math.min(count, total))
      done.forEach((records, partition) => {
        ;(group.committed[partition] as number) += records
      })
    },
    isOpen,
  )
}

/** Handles everything; what is poisoned becomes a dead letter, at once or after two attempts. */
function run(id: GroupName, isRejected: boolean): Command {
  return command(
    `run ${id}`,
    async (model, engine) => {
      const group = groupOf(model, id)
      const left = model.left(group)
      const attempts = new Map<string, number>()
      const consumer = consumerOf(engine, id)
      await consumer.run({
        eachMessage: ({ message, attempt }) => {
          attempts.set(message.value, attempt)
          if (!message.value.startsWith('poison')) return
          throw isRejected ? new UnrecoverableError('poison') : new Error('poison')
        },
      })
      await until('the group drained', () => consumer.lag().messages === 0)
      await consumer.close()
      const expected = left.flat().map(({ value, isPoison }) => {
        return [value, isPoison && !isRejected ? RETRY.attempts : 1] as const
      })
      assert.deepEqual([...attempts].sort(), [...expected].sort())
      for (const [partition, records] of left.entries()) finish(group, partition, records)
    },
    (model) => !model.groups.get(id)?.isPaused,
  )
}

function finish(group: ModelGroup, partition: number, records: readonly ModelRecord[]): void {
  const from = group.committed[partition] as number
  records.forEach(({ isPoison }, index) => {
    if (isPoison) group.letters[partition]?.add(from + index)
  })
  group.committed[partition] = from + records.length
}

function seek(id: GroupName, partition: number, target: SeekTarget): Command {
  return command(`seek ${id}/${partition} to ${JSON.stringify(target)}`, async (model, engine) => {
    const group = groupOf(model, id)
    const log = model.log(group.topic, partition)
    const consumer = consumerOf(engine, id)
    const expected = placeOf(log, target)
    const seeking = consumer.seek({ topic: group.topic, partition, ...target })
    if (expected === undefined) {
      await assert.rejects(seeking, { code: 'OFFSET_OUT_OF_RANGE' })
    } else {
      assert.equal(await seeking, expected)
      group.committed[partition] = expected
    }
    await consumer.close()
  })
}

function placeOf(log: readonly ModelRecord[], target: SeekTarget): number | undefined {
  if ('timestamp' in target) {
    const found = log.findIndex(({ timestamp }) => timestamp >= target.timestamp)
    return found < 0 ? log.length : found
  }
  if (target.offset === 'earliest') return 0
  if (target.offset === 'latest') return log.length
  return target.offset <= log.length ? target.offset : undefined
}

function pause(id: GroupName, isPaused: boolean): Command {
  return command(`${isPaused ? 'pause' : 'resume'} ${id}`, async (model, engine) => {
    const group = groupOf(model, id)
    const consumer = consumerOf(engine, id)
    if (isPaused) await consumer.pause()
    else await consumer.resume()
    await consumer.close()
    group.isPaused = isPaused
  })
}

function lag(id: GroupName): Command {
  return command(`lag of ${id}`, async (model, engine) => {
    const consumer = consumerOf(engine, id)
    // Opens the group: before that, a consumer knows of no progress.
    await consumer.resume([])
    const group = groupOf(model, id)
    const { partitions, messages } = consumer.lag()
    const left = model.left(group).map(({ length }) => length)
    assert.deepEqual(
      partitions.map((one) => [one.committedOffset, one.messages]),
      left.map((length, partition) => [group.committed[partition], length]),
    )
    assert.equal(
      messages,
      left.reduce((sum, length) => sum + length),
    )
    await consumer.close()
  })
}

function peek(id: GroupName, isDiscard: boolean): Command {
  return command(`${isDiscard ? 'discard' : 'peek'} of ${id}`, async (model, engine) => {
    const group = model.groups.get(id)
    const letters = engine.deadLetters(id)
    if (group === undefined) {
      await assert.rejects(letters.count(), { code: 'UNKNOWN_GROUP' })
      return
    }
    const seen: string[] = []
    for await (const letter of letters.peek()) {
      const value = String(letter.value)
      assert.equal(value, model.log(group.topic, letter.partition)[letter.offset]?.value)
      seen.push(`${letter.partition}/${letter.offset}`)
    }
    const expected = group.letters.flatMap((offsets, partition) =>
      [...offsets].map((offset) => `${partition}/${offset}`),
    )
    // After a seek back a record may die again.
    assert.deepEqual([...new Set(seen)].sort(), expected.sort())
    assert.equal(await letters.count(), seen.length)
    if (!isDiscard) return
    assert.equal(await letters.discard(), seen.length)
    for (const offsets of group.letters) offsets.clear()
  })
}

function deleteGroup(id: GroupName): Command {
  return command(`delete ${id}`, async (model, engine) => {
    await engine.deleteGroup(id)
    model.groups.delete(id)
  })
}

function misuse(id: GroupName): Command {
  return command(`misuse ${id}`, async (_, engine) => {
    const consumer = consumerOf(engine, id)
    await assert.rejects(consumer.scale(2), { code: 'CONSUMER_CLOSED' })
    await consumer.close()
    await assert.rejects(consumer.run({ eachMessage: () => {} }), { code: 'CONSUMER_CLOSED' })
    const topic = 'nothing'
    const sent = engine.producer().send({ topic, messages: [] })
    await assert.rejects(sent, (error) => (error as MillraceError).code === 'UNKNOWN_TOPIC')
  })
}

const id = fc.constantFrom<GroupName>('early', 'late', 'other')
const partition = fc.nat(PARTITIONS - 1)
const target: fc.Arbitrary<SeekTarget> = fc.oneof(
  fc.record({
    offset: fc.oneof(fc.nat(12), fc.constantFrom('earliest' as const, 'latest' as const)),
  }),
  fc.record({ timestamp: fc.integer({ min: 990, max: 1_030 }) }),
)
const poison = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 })

/** Scripts of commands. */
export const commands = fc.commands(
  [
    fc
      .tuple(
        fc.constantFrom(...TOPICS),
        partition,
        poison,
        fc.constantFrom('send' as const, 'stream' as const),
      )
      .map(([topic, chosen, records, path]) => send(topic, chosen, records, path)),
    fc.tuple(id, fc.integer({ min: 1, max: 6 })).map(([group, count]) => consume(group, count)),
    fc.tuple(id, fc.boolean()).map(([group, isRejected]) => run(group, isRejected)),
    fc.tuple(id, partition, target).map(([group, chosen, place]) => seek(group, chosen, place)),
    fc.tuple(id, fc.boolean()).map(([group, isPaused]) => pause(group, isPaused)),
    id.map(lag),
    fc.tuple(id, fc.boolean()).map(([group, isDiscard]) => peek(group, isDiscard)),
    id.map(deleteGroup),
    id.map(misuse),
  ],
  { maxCommands: 30, size: 'max' },
)
