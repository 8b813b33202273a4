import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memory from '#memory'
import { byteViews } from './byte-views.test.helper.js'

test('the views of a region are of the same memory, which begins with zeros', () => {
  const region = memory.allocate(32)
  assert.ok(region.buffer instanceof SharedArrayBuffer)
  assert.equal(region.buffer.growable, false)
  const lengths = [region.words, region.longs, region.doubles, region.bytes].map(
    (view) => view.length,
  )
  assert.deepEqual(lengths, [8, 4, 4, 32])
  assert.deepEqual([...region.bytes], new Array(32).fill(0))
  region.longs[1] = 2n ** 32n
  assert.equal(region.words[3], 1)
  assert.equal(region.bytes[12], 1)
  assert.equal(memory.attach(region.buffer).longs[1], 2n ** 32n)
})

test('operations on words answer with what was there before', () => {
  const { words } = memory.allocate(8)
  memory.store(words, 1, 5)
  assert.equal(memory.load(words, 1), 5)
  assert.equal(memory.exchange(words, 1, 6), 5)
  assert.equal(memory.compareExchange(words, 1, 5, 9), 6)
  assert.equal(memory.load(words, 1), 6, 'it was not what was expected')
  assert.equal(memory.compareExchange(words, 1, 6, 7), 6)
  assert.equal(memory.add(words, 1, 3), 7)
  assert.equal(memory.or(words, 1, 0b10101), 10)
  assert.equal(memory.and(words, 1, 0b10010), 0b11111)
  assert.deepEqual([...words], [0, 0b10010])
  memory.store(words, 0, 0x7fff_ffff)
  memory.add(words, 0, 1)
  assert.equal(memory.load(words, 0), -0x8000_0000)
})

test('operations on long words answer with what was there before', () => {
  const { longs } = memory.allocate(16)
  memory.storeLong(longs, 1, 5n)
  assert.equal(memory.loadLong(longs, 1), 5n)
  assert.equal(memory.compareExchangeLong(longs, 1, 4n, 9n), 5n)
  assert.equal(memory.loadLong(longs, 1), 5n)
  assert.equal(memory.compareExchangeLong(longs, 1, 5n, -1n), 5n)
  assert.deepEqual([...longs], [0n, -1n])
})

test('plain operations read and write', () => {
  const region = memory.allocate(24)
  const { words, doubles, bytes } = region
  memory.write(words, 1, 7)
  assert.equal(memory.read(words, 1), 7)
  memory.writeDouble(doubles, 1, 0.5)
  assert.equal(memory.readDouble(doubles, 1), 0.5)
  memory.fill(words, 3, 4, 6)
  assert.deepEqual([...words], [0, 7, 0, 0x3fe0_0000, 3, 3])
  memory.copy(region, 1, byteViews(Buffer.from('-text-')), 1, 3)
  assert.equal(bytes.toString('latin1', 0, 4), '\0te\0')
  memory.observe(bytes, 0, 24)
})

test('a copy moves these bytes and no others, however many and wherever they lie', () => {
  const content = Buffer.from(Array.from({ length: 2100 }, (_, index) => (index * 31) % 251 || 1))
  // The bits of a NaN that arithmetic would not keep.
  content.writeBigUInt64LE(0x7ff4_0000_dead_beefn, 16)
  const source = byteViews(content)
  const sizes = [0, 1, 7, 8, 9, 16, 24, 1016, 1024, 1025, 1032, 2048]
  for (const size of sizes) {
    for (const [at, from] of [
      [8, 16],
      [16, 8],
      [9, 16],
      [8, 3],
    ] as const) {
      const target = memory.allocate(2200)
      memory.copy(target, at, source, from, from + size)
      const expected = Buffer.alloc(2200)
      content.copy(expected, at, from, from + size)
      assert.ok(target.bytes.equals(expected), `${size} bytes from ${from} to ${at}`)
    }
  }
})

test('a wait ends by a change before it, or when its time is over', () => {
  const { words } = memory.allocate(8)
  memory.store(words, 1, 1)
  assert.equal(memory.wait(words, 1, 0, Number.POSITIVE_INFINITY), 'not-equal')
  assert.equal(memory.wait(words, 1, 1, 1), 'timed-out')
})

test('a wait without blocking resolves when it is notified', async () => {
  const { words } = memory.allocate(8)
  assert.equal(memory.waitAsync(words, 1, 1), undefined)
  const waits = [memory.waitAsync(words, 1, 0), memory.waitAsync(words, 1, 0)]
  memory.notify(words, 1)
  assert.deepEqual(await Promise.all(waits), ['ok', 'ok'])
})

test('a pause ends, be it a spin or a sleep', () => {
  for (const turn of [0, 63, 64, 1_000]) assert.equal(memory.pause(turn), undefined)
})
