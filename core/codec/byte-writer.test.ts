import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from './byte-writer.js'

function contentOf(writer: ByteWriter): Buffer {
  return Buffer.from(writer.bytes.subarray(0, writer.position))
}

test('what is appended is there, in order, however often the memory grows', () => {
  const chunk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }),
  )
  fc.assert(
    fc.property(fc.nat(64), fc.array(chunk), (sizeBytes, chunks) => {
      const writer = new ByteWriter(sizeBytes)
      for (const part of chunks) {
        if (typeof part === 'string') writer.utf8(part)
        else writer.blob(part)
      }
      const expected = chunks.map((part) => Buffer.from(part as string))
      assert.deepEqual(contentOf(writer), Buffer.concat(expected))
    }),
  )
})

test('the views are the same private memory, before and after growing', () => {
  const writer = new ByteWriter(3)
  assert.equal(writer.bytes.length, 8)
  for (const sizeBytes of [8, 9, 1000]) {
    writer.ensure(sizeBytes)
    const { bytes, words, doubles, data } = writer
    assert.equal(words.buffer, bytes.buffer)
    assert.equal(doubles.buffer, bytes.buffer)
    assert.equal(bytes.byteOffset, 0)
    assert.equal(bytes.buffer.byteLength, bytes.length)
    assert.equal(words.length * 4, bytes.length)
    assert.equal(doubles.length * 8, bytes.length)
    assert.equal(data.buffer, bytes.buffer)
    assert.equal(data.byteLength, bytes.length)
  }
})

test('ensure keeps what was written beyond the position, and at least doubles', () => {
  const writer = new ByteWriter(16)
  writer.words[3] = 42
  writer.ensure(17)
  assert.equal(writer.bytes.length, 32)
  assert.equal(writer.words[3], 42)
  writer.ensure(500)
  assert.equal(writer.bytes.length, 504)
})

test('while there is room, the memory stays the same', () => {
  const writer = new ByteWriter(40)
  const { bytes, words, doubles } = writer
  writer.blob(new Uint8Array(8))
  // Three bytes a character would not fit in the 32 left, the true size does.
  writer.utf8('a text of thirty-two characters.')
  assert.equal(writer.position, 40)
  writer.utf8('')
  writer.blob(new Uint8Array(0))
  writer.ensure(0)
  assert.equal(writer.bytes, bytes)
  assert.equal(writer.words, words)
  assert.equal(writer.doubles, doubles)
})

test('truncate takes back what came after a position', () => {
  const writer = new ByteWriter()
  writer.utf8('kept')
  const { position } = writer
  writer.utf8(' and taken back')
  writer.truncate(position)
  writer.utf8('!')
  assert.equal(contentOf(writer).toString(), 'kept!')
})

test('a text with a lone surrogate is refused and nothing is appended', () => {
  const writer = new ByteWriter()
  writer.utf8('before')
  assert.equal(writer.tryUtf8('half \ud83d'), false)
  assert.throws(() => writer.utf8('half \ud83d'), {
    code: 'INVALID_VALUE',
    message: 'a text with a lone surrogate has no UTF-8',
    details: { length: 6 },
  })
  assert.equal(contentOf(writer).toString(), 'before')
})
