import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { copyShort, Scratch, Words } from './short-copy.js'

const bytes = (from: number, to: number) =>
  Buffer.from(Array.from({ length: to - from }, (_, index) => (from + index) & 0xff))

/** Bytes that say where they are. */
function numbered(sizeBytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(sizeBytes)).fill(bytes(0, sizeBytes))
}

test('copies the bytes that it is told to, and at most 3 more', () => {
  const source = numbered(1024)
  const sizes = fc.oneof(fc.nat(20), fc.integer({ min: 250, max: 300 }))
  fc.assert(
    fc.property(fc.nat(40), sizes, fc.nat(40), (from, sizeBytes, at) => {
      const words = new Int32Array(128)
      const target = Buffer.from(words.buffer).fill(0xee)
      copyShort(source, new Words().of(source), from, from + sizeBytes, target, words, at)
      const end = at + sizeBytes
      assert.deepEqual(target.subarray(at, end), bytes(from, from + sizeBytes))
      assert.ok(target.subarray(0, at).every((byte) => byte === 0xee))
      assert.ok(target.subarray((end + 3) & ~3).every((byte) => byte === 0xee))
    }),
  )
})

test('memory that does not begin at a word has no words, and is copied all the same', () => {
  const source = numbered(64).subarray(2)
  const words = new Words()
  assert.equal(words.of(source).length, 0)
  const target = new Int32Array(4)
  const targetBytes = Buffer.from(target.buffer)
  copyShort(source, words.of(source), 4, 12, targetBytes, target, 0)
  assert.deepEqual(targetBytes.subarray(0, 8), bytes(6, 14))
})

test('words are those of the buffer that is asked for, made once', () => {
  const [first, second] = [numbered(16), numbered(24)]
  const words = new Words()
  const ofFirst = words.of(first)
  assert.equal(words.of(first), ofFirst)
  assert.equal(ofFirst.buffer, first.buffer)
  assert.equal(words.of(second).length, 6)
  assert.equal(words.of(first).length, 4)
  assert.equal(words.of(numbered(16).subarray(4, 15)).length, 2)
})

test('the last bytes of memory that does not end at a word are copied, too', () => {
  const source = numbered(16).subarray(0, 15)
  assert.deepEqual(new Scratch().copyOf(source, 8, 15), bytes(8, 15))
})

test('a copy ends where the value does, whatever its length', () => {
  const source = numbered(1024)
  const scratch = new Scratch()
  for (const sizeBytes of [0, 1, 7, 8, 255, 256, 257, 1000]) {
    for (const from of [0, 1, 8]) {
      assert.deepEqual(
        scratch.copyOf(source, from, from + sizeBytes),
        bytes(from, from + sizeBytes),
      )
    }
  }
  assert.equal(scratch.copyOf(source, 0, 8), scratch.copyOf(source, 8, 16))
})

test('a copy of shared memory is private', () => {
  const source = numbered(1024)
  const scratch = new Scratch()
  for (const sizeBytes of [8, 500]) {
    const { buffer } = scratch.copyOf(source, 0, sizeBytes)
    assert.ok(buffer instanceof ArrayBuffer)
  }
})
