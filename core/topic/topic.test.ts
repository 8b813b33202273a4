import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes } from '../codec/bytes.js'
import type { Codec } from '../codec/codec.js'
import { json } from '../codec/json.js'
import { utf8 } from '../codec/utf8.js'
import { describeValue } from '../options.js'
import { partitionOf } from './partitioner.js'
import { MESSAGE_BYTES_MAX, PARTITIONS_MAX, Topic, type TopicOptions } from './topic.js'

const KIB = 1024
const MIB = 1024 * KIB

function create(options: Partial<TopicOptions<Uint8Array>> = {}, name = 'orders') {
  return Topic.create(name, { partitions: 1, codec: bytes(), ...options })
}

const GEOMETRIES: readonly [
  memory: string | number | undefined,
  partitions: number,
  segments: number,
  segmentBytes: number,
][] = [
  [undefined, 1, 8, MIB],
  [undefined, 3, 8, MIB],
  ['64MiB', 8, 8, MIB],
  ['63MiB', 8, 8, 512 * KIB],
  ['512KiB', 1, 8, 64 * KIB],
  ['511KiB', 1, 4, 64 * KIB],
  ['256KiB', 1, 4, 64 * KIB],
  [1024, 1, 4, 256],
  ['10KiB', 3, 4, 512],
]

for (const [memory, partitions, segments, segmentBytes] of GEOMETRIES) {
  test(`${memory ?? 'no'} memory for ${partitions} makes ${segments} x ${segmentBytes}`, () => {
    const topic = create(memory === undefined ? { partitions } : { memory, partitions })
    assert.equal(topic.partitions, partitions)
    for (const log of topic.logs) {
      assert.equal(log.segmentCount, segments)
      assert.equal(log.segmentGranules * 64, segmentBytes)
    }
  })
}

test('a segment holds the largest message, and its overhead, exactly', () => {
  const topic = create({ memory: 1024 })
  assert.equal(topic.frameBytesMax, 256)
  assert.equal(topic.messageBytesMax, 256 - 40 - 8 - 8)
})

test('a frame of many granules limits messages where segments are larger', () => {
  const topic = create({ memory: '64MiB' })
  assert.equal(topic.messageBytesMax, MESSAGE_BYTES_MAX)
  assert.equal(MESSAGE_BYTES_MAX, 16383 * 64 - (40 + 8 + 8) - 24 * KIB)
  assert.equal(topic.frameBytesMax, 16383 * 64)
})

test('maxMessageBytes is the limit, and makes segments larger where they would not hold it', () => {
  const small = create({ memory: '1MiB', maxMessageBytes: 100 })
  assert.equal(small.messageBytesMax, 100)
  assert.equal(small.logs[0]?.segmentCount, 8)
  const most = 128 * KIB - (40 + 8 + 8)
  assert.equal(create({ memory: '1MiB', maxMessageBytes: most }).logs[0]?.segmentCount, 8)
  assert.equal(create({ memory: '1MiB', maxMessageBytes: most + 1 }).logs[0]?.segmentCount, 4)
  const large = create({ memory: '1MiB', maxMessageBytes: 200 * KIB })
  assert.equal(large.messageBytesMax, 200 * KIB)
  assert.equal(large.logs[0]?.segmentCount, 4)
})

test('memory that is too small for one message is refused, with what is needed', () => {
  const memory = '1MiB'
  const maxMessageBytes = 300 * KIB
  const code = 'MEMORY_TOO_SMALL'
  assert.throws(() => create({ memory, maxMessageBytes, partitions: 2 }), {
    code,
    message:
      'topics.orders.memory must be at least 4194304 bytes for 2 partitions with messages of ' +
      "307200 bytes, but is '1MiB'",
    details: { field: 'topics.orders.memory', received: '1MiB', neededBytes: 4 * MIB },
  })
  const enough = create({ memory: 4 * MIB, maxMessageBytes, partitions: 2 })
  assert.equal(enough.messageBytesMax, maxMessageBytes)
})

test('memory that is too small for segments is refused, with what is needed', () => {
  for (const memory of [0, 1023]) {
    assert.throws(() => create({ memory }), {
      code: 'MEMORY_TOO_SMALL',
      message: `topics.orders.memory must be at least 1024 bytes for 1 partitions, but is ${memory}`,
      details: { field: 'topics.orders.memory', received: memory, neededBytes: 1024 },
    })
  }
})

test('memory that is too small for large messages is refused a power of two too low', () => {
  for (const [maxMessageBytes, neededBytes] of [
    [200, 1024],
    [201, 2048],
    [456, 2048],
    [457, 4096],
  ] as const) {
    assert.equal(create({ memory: neededBytes, maxMessageBytes }).logs[0]?.segmentCount, 4)
    assert.throws(() => create({ memory: neededBytes - 1, maxMessageBytes }), {
      code: 'MEMORY_TOO_SMALL',
      details: { field: 'topics.orders.memory', received: neededBytes - 1, neededBytes },
    })
  }
})

test('the memory of a partition is at most 2 GiB', () => {
  assert.throws(() => create({ memory: '5GiB', partitions: 2 }), {
    code: 'INVALID_OPTION',
    message: "topics.orders.memory must be at most 2 GiB for each of 2 partitions, but is '5GiB'",
  })
})

const COUNT = 'partitions must be a whole number from 1 to 1024, but is'
const SIZE = `maxMessageBytes must be a whole number from 1 to ${MESSAGE_BYTES_MAX}, but is`
const PARTITIONER = 'partitioner must be an object with a method partitionOf, but is'
const REFUSED: readonly [code: string, options: object, message: string][] = [
  ['INVALID_OPTION', { partitions: 0 }, `${COUNT} 0`],
  ['INVALID_OPTION', { partitions: PARTITIONS_MAX + 1 }, `${COUNT} 1025`],
  ['INVALID_OPTION', { partitions: undefined }, `${COUNT} undefined`],
  [
    'INVALID_OPTION',
    { memory: 'much' },
    "memory must be whole bytes, such as 65536, '512KiB', '64MiB' or '1GiB', but is 'much'",
  ],
  ['INVALID_OPTION', { maxMessageBytes: 0 }, `${SIZE} 0`],
  [
    'INVALID_OPTION',
    { maxMessageBytes: MESSAGE_BYTES_MAX + 1 },
    `${SIZE} ${MESSAGE_BYTES_MAX + 1}`,
  ],
  [
    'INVALID_OPTION',
    { codec: undefined },
    'codec must be a codec, such as json(), but is undefined',
  ],
  ['INVALID_OPTION', { partitioner: () => 0 }, `${PARTITIONER} a function`],
  ['INVALID_OPTION', { partitioner: {} }, `${PARTITIONER} an object`],
  ['INVALID_OPTION', { partitioner: null }, `${PARTITIONER} null`],
  [
    'UNKNOWN_OPTION',
    { partition: 3 },
    'partition is not an option; allowed are partitions, codec, memory, maxMessageBytes, ' +
      'partitioner',
  ],
]

for (const [code, options, message] of REFUSED) {
  test(`${code}: ${message} (${JSON.stringify(options)})`, () => {
    assert.throws(() => create(options), { code, message: `topics.orders.${message}` })
  })
}

test('options of a topic are an object', () => {
  assert.throws(() => Topic.create('orders', undefined as unknown as TopicOptions), {
    code: 'INVALID_OPTION',
    message: 'topics.orders must be an object, but is undefined',
  })
})

test('the fields of a codec are checked', () => {
  const codec = { name: 'half', encode: () => {} } as unknown as Codec<Uint8Array>
  assert.throws(() => create({ codec }), { code: 'INVALID_OPTION', message: /^codec\.decode/ })
})

test('names are those of Kafka', () => {
  for (const name of ['a', 'orders.eu-1', 'A_b-9', 'x'.repeat(249)]) {
    assert.equal(create({}, name).name, name)
  }
  for (const name of ['', '.', '..', 'a b', ' a', 'a/b', 'a\n', 'ä', 'dlq./', 7 as never]) {
    assert.throws(() => create({}, name), {
      code: 'INVALID_OPTION',
      message:
        'topic name must be 1 to 249 of the characters a-z, A-Z, 0-9, ., _ and -, but is ' +
        describeValue(name),
    })
  }
  assert.throws(() => create({}, 'x'.repeat(250)), { code: 'INVALID_OPTION' })
  assert.throws(() => create({}, 'dlq.a.b'), {
    code: 'INVALID_OPTION',
    message: "topic name must be without the prefix dlq. of dead letters, but is 'dlq.a.b'",
  })
})

test('another thread gets the same memory, codec and limit', async () => {
  const topic = create({ partitions: 3, memory: '3KiB', maxMessageBytes: 100 })
  const description = structuredClone(topic.describe())
  const attached = await Topic.load(description)
  assert.equal(attached.name, 'orders')
  assert.equal(attached.codec, bytes())
  assert.equal(attached.partitioner, topic.partitioner)
  assert.equal(attached.messageBytesMax, 100)
  assert.equal(attached.frameBytesMax, topic.frameBytesMax)
  for (const [index, log] of topic.logs.entries()) {
    const other = attached.logs[index]
    assert.equal(other?.region.buffer.byteLength, log.region.buffer.byteLength)
    log.bytes[log.bytes.length - 1] = index + 1
    assert.equal(other?.bytes.at(-1), index + 1)
  }
})

test('each built-in codec travels', async () => {
  for (const codec of [bytes(), utf8(), json()] as Codec<unknown>[]) {
    const topic = Topic.create('orders', { partitions: 1, codec })
    assert.equal((await Topic.load(topic.describe())).codec, codec)
  }
})

test('a codec or partitioner without a module cannot travel', () => {
  const codec: Codec<Uint8Array> = { ...bytes(), name: 'own' }
  assert.throws(() => create({ codec }).describe(), { code: 'CODEC_NOT_PORTABLE' })
  const topic = create({ partitioner: { partitionOf: () => 0 } })
  assert.throws(() => topic.describe(), {
    code: 'CODEC_NOT_PORTABLE',
    message:
      'a partitioner cannot be loaded by other threads: make it the default export of a file of ' +
      'its own and set its field module to import.meta.url',
  })
})

const LAST = `export default { module: import.meta.url, partitionOf: (key, from, to, n) => n - 1 }`

test('a partitioner with a module travels', async () => {
  const module = `data:text/javascript,${encodeURIComponent(LAST)}`
  const partitioner = { module, partitionOf: () => 3 }
  const topic = create({ partitions: 4, partitioner })
  const attached = await Topic.load(structuredClone(topic.describe()))
  assert.equal(attached.partitionOfKey(Buffer.from('a'), 1), 3)
})

for (const [what, source, reason] of [
  ['throws', 'throw new Error("broken")', 'broken'],
  [
    'has no default export',
    'export const partitionOf = () => 0',
    'default export must be there, but is undefined',
  ],
  [
    'has another default export',
    'export default 7',
    'default export must be an object with a method partitionOf, but is 7',
  ],
]) {
  test(`a module of a partitioner that ${what} is refused with its cause`, async () => {
    const module = `data:text/javascript,${encodeURIComponent(source as string)}`
    const topic = create({ partitions: 4, partitioner: { module, partitionOf: () => 3 } })
    await assert.rejects(Topic.load(topic.describe()), (error: Error) => {
      assert.equal(Reflect.get(error, 'code'), 'CODEC_NOT_PORTABLE')
      assert.equal(error.message, `the partitioner could not be loaded from ${module}`)
      assert.deepEqual(Reflect.get(error, 'details'), { module })
      assert.ok(error.cause instanceof Error)
      assert.equal(error.cause.message, reason)
      return true
    })
  })
}

test('keys go where Kafka puts them', () => {
  const topic = create({ partitions: 7 })
  for (const key of ['a', 'foobar', '21', 'c-17']) {
    const source = Buffer.from(`${key}rest`)
    assert.equal(
      topic.partitionOfKey(source, key.length),
      partitionOf(Buffer.from(key), 0, key.length, 7),
    )
  }
})

test('a partitioner may answer the first and the last partition, and is not asked for one', () => {
  for (const answer of [0, 3]) {
    const topic = create({ partitions: 4, partitioner: { partitionOf: () => answer } })
    assert.equal(topic.partitionOfKey(Buffer.from('a'), 1), answer)
  }
  const single = create({ partitions: 1, partitioner: { partitionOf: () => assert.fail() } })
  assert.equal(single.partitionOfKey(Buffer.from('a'), 1), 0)
})

test('what a partitioner answers is checked', () => {
  for (const answer of [-1, 4, 0.5, Number.NaN, undefined, '1']) {
    const partitioner = { partitionOf: () => answer as number }
    const topic = create({ partitions: 4, partitioner })
    assert.throws(() => topic.partitionOfKey(Buffer.from('a'), 1), {
      code: 'INVALID_PARTITION',
      message: `topic orders has the partitions 0 to 3, but not ${describeValue(answer)}`,
      details: { topic: 'orders', received: answer, max: 3 },
    })
  }
})

test('a topic may begin just before its counters wrap', () => {
  const topic = Topic.create(
    'orders',
    { partitions: 1, codec: bytes(), memory: 1024 },
    { startPosition: 2 ** 32 - 4, startOffset: 2 ** 32 - 1 },
  )
  assert.equal(topic.logs[0]?.isOpen(-4), true)
  assert.equal(topic.logs[0]?.segmentOffset(3), 2 ** 32 - 1)
})
