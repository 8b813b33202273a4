import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import * as memory from '#memory'
import { readUtf8, writeUtf8 } from './text.js'

const BEFORE = 5
const anyText = fc.string({ unit: 'binary', maxLength: 40 })
const asciiText = fc.string({ unit: 'binary-ascii', maxLength: 40 })

/** The bytes in shared memory, between others that are not UTF-8, and between others that are. */
function read(bytes: Uint8Array): string | undefined {
  const [first, second] = [0xff, 0x61].map((other) => {
    const log = memory.allocate(256).bytes.fill(other)
    log.set(bytes, BEFORE)
    return readUtf8(log, BEFORE, BEFORE + bytes.length)
  })
  assert.equal(first, second)
  return first
}

function write(text: string): Buffer | undefined {
  const target = Buffer.alloc(256, 0xff)
  const sizeBytes = writeUtf8(text, target, BEFORE)
  if (sizeBytes < 0) return undefined
  const others = [target.subarray(0, BEFORE), target.subarray(BEFORE + sizeBytes)]
  for (const other of others) assert.ok(other.every((byte) => byte === 0xff))
  return target.subarray(BEFORE, BEFORE + sizeBytes)
}

test('every well-formed text is written as its UTF-8 and read back', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, asciiText), (text) => {
      const bytes = write(text)
      assert.deepEqual(bytes, Buffer.from(text))
      assert.equal(read(Buffer.from(text)), text)
    }),
  )
})

test('ASCII of every length around the limits of short texts', () => {
  for (let length = 0; length <= 20; length++) {
    const text = 'abcdefghijklmnopqrst'.slice(0, length)
    assert.equal(write(text)?.toString(), text)
    assert.equal(read(Buffer.from(text)), text)
  }
})

test('a lone surrogate is refused wherever it stands, a pair is not', () => {
  for (const length of [0, 1, 11, 12, 13, 40]) {
    const text = 'x'.repeat(length)
    assert.equal(write(`${text}\ud83d`), undefined)
    assert.equal(write(`\ude00${text}`), undefined)
    assert.equal(write(`é${text}\ude00\ud83d`), undefined)
    assert.equal(write(`${text}\ud83d\ude00`)?.length, length + 4)
  }
})

test('bytes are read if and only if they are UTF-8, and lose nothing', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    // Nearly valid: one byte of a text is replaced.
    fc.tuple(anyText, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
      const broken = Buffer.from(text)
      if (broken.length > 0) broken[at % broken.length] = byte
      return broken
    }),
  )
  fc.assert(
    fc.property(bytes, (source) => {
      const text = read(source)
      assert.equal(text !== undefined, isUtf8(source))
      if (text !== undefined) assert.deepEqual(Buffer.from(text), Buffer.from(source))
    }),
    { numRuns: 1000 },
  )
})

const NOT_UTF8: Readonly<Record<string, number[]>> = {
  'a byte that never occurs': [0xff],
  'a continuation by itself': [0x61, 0x80],
  'a cut sequence': [0xe2, 0x82],
  'an overlong slash': [0xc0, 0xaf],
  'an encoded surrogate': [0xed, 0xa0, 0x80],
  'beyond U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
  'a cut sequence after a real U+FFFD': [0xef, 0xbf, 0xbd, 0xe2, 0x82],
}

for (const [what, bytes] of Object.entries(NOT_UTF8)) {
  test(`not UTF-8: ${what}`, () => {
    assert.equal(read(Uint8Array.from(bytes)), undefined)
    assert.equal(read(Buffer.concat([Buffer.alloc(30, 'x'), Buffer.from(bytes)])), undefined)
  })
}

test('the replacement character and the byte order mark are text like any other', () => {
  assert.equal(read(Buffer.from('a\ufffdb')), 'a\ufffdb')
  assert.equal(read(Buffer.from('\ufeffa')), '\ufeffa')
})
