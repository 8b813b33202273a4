import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { utf8 } from '../codec/utf8.js'
import { Fixture } from './fixture.test.helper.js'
import { createMessageStream } from './stream.js'

const TINY = { codec: utf8(), memory: 1024 }

function message(index: number) {
  return { value: `${index}`.padEnd(199, '.') }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('a stream of messages goes into the topic, in order', async () => {
  const fixture = new Fixture({ codec: utf8() })
  const messages = Array.from({ length: 500 }, (_, index) => ({ key: 'k', value: `${index}` }))
  await pipeline(Readable.from(messages), fixture.producer.asStream('orders'))
  assert.deepEqual(
    fixture.drain().map(({ key, value }) => ({ key, value })),
    messages,
  )
})

test('a stream is held back while the log is full', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  let produced = 0
  async function* source() {
    while (produced < 200) yield message(produced++)
  }
  const done = pipeline(source(), fixture.producer.asStream('orders'))
  await settle()
  assert.ok(produced < 50)
  const received: unknown[] = []
  while (received.length < 200) {
    received.push(...fixture.drain().map(({ value }) => value))
    await settle()
  }
  await done
  assert.deepEqual(
    received,
    Array.from({ length: 200 }, (_, index) => message(index).value),
  )
})

test('a bad message ends the stream with its error', async () => {
  const fixture = new Fixture({ codec: utf8() })
  const source = Readable.from([{ value: 'a' }, { value: 7 }])
  await assert.rejects(pipeline(source, fixture.producer.asStream('orders')), {
    code: 'INVALID_VALUE',
  })
  assert.deepEqual(
    fixture.drain().map(({ value }) => value),
    ['a'],
  )
})

test('destroying a stream ends its wait', async () => {
  const fixture = new Fixture(TINY)
  fixture.hold()
  const controller = new AbortController()
  const source = Readable.from(Array.from({ length: 20 }, (_, index) => message(index)))
  const done = pipeline(source, fixture.producer.asStream('orders'), {
    signal: controller.signal,
  })
  await settle()
  controller.abort()
  await assert.rejects(done, { name: 'AbortError' })
  assert.equal(fixture.drain().length, 4)
  await settle()
  assert.equal(fixture.drain().length, 0)
})

test('what destroys a stream is the reason of the send that waits', async () => {
  const signals: AbortSignal[] = []
  const sender = {
    send({ signal }: { readonly signal: AbortSignal }) {
      signals.push(signal)
      return new Promise<never>(() => {})
    },
  }
  const reason = new Error('no more')
  for (const error of [reason, undefined]) {
    const stream = createMessageStream(sender, 'orders')
    stream.on('error', () => {})
    stream.write({ value: 'a' })
    stream.destroy(error)
    const signal = signals.pop()
    assert.equal(signal?.aborted, true)
    if (error !== undefined) assert.equal(signal.reason, reason)
    else assert.equal(signal.reason.name, 'AbortError')
  }
})

test('there is no stream into an unknown topic', () => {
  const fixture = new Fixture({ codec: utf8() })
  assert.throws(() => fixture.producer.asStream('order'), { code: 'UNKNOWN_TOPIC' })
})
