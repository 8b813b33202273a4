import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes } from '../codec/bytes.js'
import type { Codec } from '../codec/codec.js'
import type { FrameContent } from '../log/appender.js'
import { FRAME_HEADER_BYTES, RECORD_NO_KEY } from '../log/layout.js'
import { Topic, type TopicOptions } from '../topic/topic.js'
import { Batch } from './batch.js'

const NO_KEY = new Uint8Array(0)

function createBatch(options: Partial<TopicOptions<Uint8Array>> = {}) {
  return new Batch(Topic.create('orders', { partitions: 1, codec: bytes(), ...options }) as Topic)
}

function append(batch: Batch, sizeBytes: number, timestamp?: number): void {
  batch.append(new Uint8Array(sizeBytes), RECORD_NO_KEY, NO_KEY, 0, undefined, timestamp)
}

/** Takes out all frames that are complete. */
function take(batch: Batch): FrameContent[] {
  const frames: FrameContent[] = []
  while (batch.completeFrames > 0) {
    frames.push({ ...batch.peek() })
    batch.shift()
  }
  return frames
}

test('a batch without a record has no frame', () => {
  const batch = createBatch()
  batch.cut()
  assert.equal(batch.isEmpty, true)
  assert.equal(batch.completeFrames, 0)
})

test('a frame is complete with 255 records, or when it is cut', () => {
  const batch = createBatch()
  for (let number = 0; number < 255 + 3; number++) append(batch, 8)
  assert.equal(batch.completeFrames, 1)
  batch.cut()
  assert.deepEqual(
    take(batch).map(({ count, from, to }) => ({ count, sizeBytes: to - from })),
    [
      { count: 255, sizeBytes: 255 * 16 },
      { count: 3, sizeBytes: 3 * 16 },
    ],
  )
  assert.equal(batch.isEmpty, true)
})

test('frames are complete at an eighth of a segment', () => {
  const batch = createBatch({ memory: '64KiB' }) // Segments of 16 KiB.
  for (let number = 0; number < 64; number++) append(batch, 120)
  const frames = take(batch)
  assert.deepEqual(
    frames.map(({ count }) => count),
    [16, 16, 16, 16],
  )
})

test('a record that would make the frame too large begins the next one', () => {
  const batch = createBatch({ memory: '64KiB' })
  append(batch, 1000)
  append(batch, 16_000)
  assert.equal(batch.completeFrames, 2)
  assert.deepEqual(
    take(batch).map(({ count, to, from }) => [count, to - from]),
    [
      [1, 1008],
      [1, 16_008],
    ],
  )
})

test('records of the open frame survive the publication of those before', () => {
  const batch = createBatch({ memory: '64KiB' })
  for (let round = 0; round < 1000; round++) {
    append(batch, 2000)
    append(batch, 16_000)
    append(batch, 8)
    assert.deepEqual(
      take(batch).map(({ count }) => count),
      [1, 1],
    )
    assert.equal(batch.isEmpty, false)
    batch.cut()
    const [rest] = take(batch)
    assert.deepEqual(
      { from: rest?.from, to: rest?.to, count: rest?.count },
      {
        from: 0,
        to: 16,
        count: 1,
      },
    )
    // It was moved down, so that the memory does not grow.
    assert.ok((rest?.bytes.length ?? 0) <= 64 * 1024)
  }
})

test('a frame fits exactly', () => {
  const batch = createBatch({ memory: 1024 }) // Segments, and so frames, of 256 bytes.
  append(batch, 200, 0)
  const [frame] = take(batch)
  assert.equal((frame?.to ?? 0) - (frame?.from ?? 0) + FRAME_HEADER_BYTES, 256)
})

test('frames are taken out one by one', () => {
  const batch = createBatch({ memory: 1024 })
  for (let left = 3; left > 0; left--) append(batch, 100)
  for (let left = 3; left > 0; left--) {
    assert.equal(batch.completeFrames, left)
    batch.shift()
  }
  assert.equal(batch.completeFrames, 0)
})

test('records share a frame as long as they fit exactly, in the first one and in later ones', () => {
  for (const [sizeBytes, counts] of [
    [192, [1, 2]],
    [193, [1, 1, 1]],
  ] as const) {
    const batch = createBatch({ memory: 1024 }) // 256 bytes: the header's 40, 16 and 200.
    append(batch, 100)
    append(batch, 8)
    append(batch, sizeBytes)
    assert.deepEqual(
      take(batch).map(({ count }) => count),
      counts,
    )
  }
})

test('memory is used again', () => {
  const batch = createBatch()
  append(batch, 100_000)
  const [large] = take(batch)
  append(batch, 8)
  batch.cut()
  assert.equal(batch.peek().bytes, large?.bytes)
  batch.clear()
  append(batch, 8)
  batch.cut()
  assert.equal(batch.peek().bytes, large?.bytes)
})

test('a batch of many large frames gives its memory back when the last one is taken out', () => {
  const batch = createBatch({ memory: '64MiB' })
  for (let number = 0; number < 5; number++) append(batch, 1_000_000)
  assert.equal(take(batch).length, 5)
  append(batch, 8)
  batch.cut()
  assert.equal(batch.peek().bytes.length, 4096)
})

test('a message over the limit is refused, and leaves no trace', () => {
  const batch = createBatch({ memory: 1024 })
  append(batch, 8)
  assert.throws(() => append(batch, 201), {
    code: 'MESSAGE_TOO_LARGE',
    message:
      'a message of topic orders has at most 200 bytes of value, key and headers, ' +
      'but this one has 201',
    details: { topic: 'orders', sizeBytes: 201, limitBytes: 200 },
  })
  batch.cut()
  assert.deepEqual(
    take(batch).map(({ count, to }) => ({ count, to })),
    [{ count: 1, to: 16 }],
  )
})

test('keys and headers count', () => {
  const batch = createBatch({ maxMessageBytes: 100 })
  const value = new Uint8Array(80)
  const key = new Uint8Array(30)
  batch.append(value, 0, key, 20)
  assert.throws(() => batch.append(value, 0, key, 21), { code: 'MESSAGE_TOO_LARGE' })
  const headers = { abcd: 'efgh' } // 4 for all of them, 8 for this one, and 8 of text.
  batch.append(value, RECORD_NO_KEY, NO_KEY, 0, headers)
  assert.throws(() => batch.append(value, 0, key, 1, headers), { code: 'MESSAGE_TOO_LARGE' })
})

test('headers that are empty take no room', () => {
  const batch = createBatch()
  batch.append(new Uint8Array(8), RECORD_NO_KEY, NO_KEY, 0, {})
  batch.cut()
  assert.equal(take(batch)[0]?.to, 16)
})

test('of a key only its own bytes are taken, however long the memory is that holds it', () => {
  const memory = Buffer.alloc(100_000, 'k')
  for (const keyBytes of [3, 64, 65, 200]) {
    const batch = createBatch()
    batch.append(new Uint8Array(8), 0, memory, keyBytes)
    batch.cut()
    const { bytes: records, to } = batch.peek()
    assert.equal(records.toString('latin1', 16, to).replaceAll('\0', ''), 'k'.repeat(keyBytes))
  }
})

test('a codec that throws half-way leaves no trace', () => {
  const codec: Codec<Uint8Array> = {
    ...bytes(),
    encode(value, target) {
      target.blob(value)
      if (value.length === 7) throw new TypeError('seven')
    },
  }
  const batch = createBatch({ codec })
  assert.throws(() => append(batch, 7), TypeError)
  assert.equal(batch.isEmpty, true)
  append(batch, 8)
  assert.throws(() => append(batch, 7), TypeError)
  append(batch, 16)
  batch.cut()
  assert.deepEqual(
    take(batch).map(({ count, to }) => ({ count, to })),
    [{ count: 2, to: 16 + 24 }],
  )
})

test('padding is zero, whatever lay there before', () => {
  const batch = createBatch()
  batch.append(new Uint8Array(64).fill(255), RECORD_NO_KEY, NO_KEY, 0)
  batch.clear()
  batch.append(new Uint8Array(1).fill(255), RECORD_NO_KEY, NO_KEY, 0)
  batch.cut()
  const frame = batch.peek()
  assert.deepEqual([...frame.bytes.subarray(8, frame.to)], [255, 0, 0, 0, 0, 0, 0, 0])
})

test('a batch that held a giant gives its memory back', () => {
  const batch = createBatch({ memory: '64MiB' })
  append(batch, 1_000_000)
  assert.ok((take(batch)[0]?.bytes.length ?? 0) >= 1_000_000)
  assert.throws(() => append(batch, 5_000_000), { code: 'MESSAGE_TOO_LARGE' })
  append(batch, 8)
  batch.cut()
  assert.equal(take(batch)[0]?.bytes.length, 4096)
})

test('the newest timestamp of a frame is that of its records', () => {
  const before = Date.now()
  const batch = createBatch()
  append(batch, 8, 5000)
  append(batch, 8, 3000)
  batch.cut()
  append(batch, 8, 5000)
  append(batch, 8)
  batch.cut()
  append(batch, 8)
  append(batch, 8, 8e15)
  batch.cut()
  append(batch, 8, 8e15)
  append(batch, 8)
  batch.cut()
  const [explicit, mixed, future, early] = take(batch)
  assert.equal(early?.newestTimestamp, 8e15)
  assert.equal(explicit?.newestTimestamp, 5000)
  assert.ok((mixed?.timestamp ?? 0) >= before)
  assert.equal(mixed?.newestTimestamp, mixed?.timestamp)
  assert.equal(future?.newestTimestamp, 8e15)
})

test('a codec that moves on without room is refused, and nothing is appended', () => {
  const codec: Codec<Uint8Array> = {
    ...bytes(),
    name: 'greedy',
    encode: (_value, target) => {
      target.position = target.bytes.length + 1
    },
  }
  const batch = createBatch({ codec, memory: '1MiB' })
  assert.throws(() => append(batch, 8), {
    code: 'INVALID_VALUE',
    message: "codec 'greedy' wrote beyond its memory: it must call ensure before",
    details: { topic: 'orders', codec: 'greedy' },
  })
  assert.equal(batch.isEmpty, true)
})
