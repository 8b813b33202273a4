/** What the tests of the engine share. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { after, monotonicMs } from '#clock'
import { MillraceError } from '../core/errors.js'
import type { OutgoingMessage } from '../core/topic/message.js'
import type { Message } from '../core/topic/received-message.js'
import type { TopicOptions } from '../core/topic/topic.js'
import { createEngine, type Engine } from './engine.js'

/** No test comes near it: a condition that is not met by then never will be. */
const PATIENCE_MS = 60_000
const LOOK_MS = 2

/** An engine that is closed when its test is over. */
export async function openEngine(
  context: TestContext,
  topics: Readonly<Record<string, TopicOptions>>,
): Promise<Engine> {
  const engine = await createEngine({ topics })
  context.after(() => engine.close({ timeoutMs: 0 }).catch(ignoreCloseTimeout))
  return engine
}

function ignoreCloseTimeout(error: unknown): void {
  if (error instanceof MillraceError && error.code === 'CLOSE_TIMEOUT') return
  throw error
}

/** Waits until a condition holds. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = monotonicMs() + PATIENCE_MS
  while (!(await condition())) {
    if (monotonicMs() > deadline) assert.fail(`it never came to this: ${what}`)
    await sleep(LOOK_MS)
  }
}

export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    after(delayMs, resolve)
  })
}

/** A module in props/fixtures. */
export function fixture(name: string): URL {
  return new URL(`../props/fixtures/${name}.js`, import.meta.url)
}

/** For assert.throws and assert.rejects: the error has this code, and its message these parts. */
export function refusal(code: string, ...parts: readonly string[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof MillraceError, `no MillraceError, but ${String(error)}`)
    assert.equal(error.code, code, error.message)
    for (const part of parts) {
      assert.ok(error.message.includes(part), `'${error.message}' does not name ${part}`)
    }
    return true
  }
}

/** Sends messages, each of them as a frame of its own, to partition 0 unless they say otherwise. */
export async function sendEach(
  engine: Engine,
  topic: string,
  messages: readonly OutgoingMessage[],
): Promise<void> {
  const producer = engine.producer()
  for (const message of messages) {
    await producer.send({ topic, messages: [{ partition: 0, ...message }] })
  }
}

/** Sends values as one frame to partition 0. */
export async function sendTogether(
  engine: Engine,
  topic: string,
  values: readonly unknown[],
): Promise<void> {
  const messages = values.map((value) => ({ value, partition: 0 }))
  await engine.producer().send({ topic, messages })
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** Everything that a group has left, up to the end. */
export async function drain(engine: Engine, groupId: string, topic: string): Promise<Message[]> {
  const consumer = engine.consumer({ groupId, topics: [topic], from: 'earliest' })
  return collect(consumer.consume({ until: 'end' }))
}

export function range(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}
