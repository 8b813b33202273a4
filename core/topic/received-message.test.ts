import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter } from '../codec/byte-writer.js'
import { json } from '../codec/json.js'
import { utf8 } from '../codec/utf8.js'
import { MillraceError } from '../errors.js'
import { Appender } from '../log/appender.js'
import { frameOf, type TestRecord } from '../log/frames.test.helper.js'
import { RECORD_BINARY_KEY } from '../log/layout.js'
import { Reader } from '../log/reader.js'
import { ThreadTable } from '../thread-table.js'
import { writeHeaders } from './message.js'
import { readKey, readMessage, readValue } from './received-message.js'
import { Topic } from './topic.js'

/** A reader on the first of some records. */
function readerOf(records: readonly TestRecord[], topic: Topic): Reader {
  const [log] = topic.logs
  assert.ok(log !== undefined)
  const table = ThreadTable.create()
  const appender = new Appender(log, table, table.takeSlot())
  const frame = frameOf(records, 5000)
  assert.ok(appender.claim(frame))
  appender.fill(frame)
  appender.publish()
  const reader = new Reader(log, 0, 0)
  assert.ok(reader.next() && reader.nextRecord())
  return reader
}

function topicOf(codec = json()): Topic {
  return Topic.create('orders', { partitions: 1, codec, memory: '64KiB' })
}

test('a message is made of copies: it stays as it is when its memory is used again', () => {
  const topic = topicOf()
  const reader = readerOf([{ key: 'k', value: '{"a":[1]}', timestamp: 1234 }], topic)
  const message = readMessage(topic, 3, reader)
  reader.log.bytes.fill(0x20, reader.valueFrom, reader.keyTo)
  assert.deepEqual(message, {
    topic: 'orders',
    partition: 3,
    offset: 0,
    key: 'k',
    value: { a: [1] },
    headers: {},
    timestamp: 1234,
  })
})

test('what a message does not have is null, or its frame has it', () => {
  const topic = topicOf()
  const message = readMessage(topic, 0, readerOf([{ value: null }], topic))
  assert.deepEqual([message.key, message.value, message.timestamp], [null, null, 5000])
  assert.ok(Object.isFrozen(message.headers))
})

test('headers come with the message', () => {
  const topic = topicOf()
  const writer = new ByteWriter()
  writeHeaders({ source: 'web', id: Buffer.from([1, 2]) }, writer)
  const headers = writer.bytes.toString('latin1', 0, writer.position)
  const message = readMessage(topic, 0, readerOf([{ value: '1', headers }], topic))
  assert.deepEqual(message.headers, { source: 'web', id: Buffer.from([1, 2]) })
})

test('a key of bytes is given as bytes, also where they are text', () => {
  const topic = topicOf()
  const reader = readerOf([{ key: 'abc', value: '1' }], topic)
  reader.flags |= RECORD_BINARY_KEY
  assert.deepEqual(readKey(reader), Buffer.from('abc'))
})

test('a key of text that is no UTF-8 is given as its bytes', () => {
  const topic = topicOf()
  const reader = readerOf([{ key: 'abc', value: '1' }], topic)
  reader.log.bytes[reader.keyFrom] = 0xff
  assert.deepEqual(readKey(reader), Buffer.from([0xff, 0x62, 0x63]))
})

test('a value that cannot be decoded is an error that names the message and the reason', () => {
  const topic = topicOf()
  const reader = readerOf([{ value: '{' }], topic)
  assert.throws(
    () => readMessage(topic, 0, reader),
    (error: unknown) => {
      assert.ok(error instanceof MillraceError)
      assert.equal(error.code, 'UNDECODABLE_VALUE')
      assert.equal(error.message, "codec 'json' cannot read the value at offset 0 of 'orders'")
      assert.deepEqual(error.details, { topic: 'orders', offset: 0, codec: 'json' })
      assert.ok(error.cause instanceof MillraceError)
      return true
    },
  )
})

test('whatever a codec throws is the cause of an error that can be told apart', () => {
  const codec = {
    ...json(),
    name: 'moody',
    decode: () => assert.fail('a mood'),
  }
  const topic = topicOf(codec)
  const reader = readerOf([{ value: 'x' }], topic)
  assert.throws(
    () => readValue(topic, reader),
    (error: unknown) =>
      error instanceof MillraceError && error.cause instanceof assert.AssertionError,
  )
})

test('a codec sees the bytes of its own value only', () => {
  const topic = topicOf(utf8() as ReturnType<typeof json>)
  const reader = readerOf([{ key: 'before', value: 'one' }, { value: 'two' }], topic)
  assert.equal(readValue(topic, reader), 'one')
  assert.ok(reader.nextRecord())
  assert.equal(readValue(topic, reader), 'two')
})
