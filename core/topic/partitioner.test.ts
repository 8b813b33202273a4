import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { murmur2, partitionOf } from './partitioner.js'

/** From the tests of Kafka, kafkajs and librdkafka; lengths of every rest. */
const KNOWN: Readonly<Record<string, number>> = {
  '': 275646681,
  '0': 971027396,
  '1': -1993445489,
  '21': -973932308,
  abc: 479470107,
  '128': -326012175,
  '2187': -1508407203,
  foobar: -790332482,
  'a-little-bit-long-string': -985981536,
  'a-little-bit-longer-string': -1486304829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
}

/** What an old, incompatible partitioner of kafkajs gave. */
const INCOMPATIBLE: Readonly<Record<string, number>> = {
  '0': 272173970,
  '1': 1311020360,
  '128': 2053105854,
  '2187': -2081355488,
}

interface Vectors {
  readonly hash: readonly { readonly key_hex: string; readonly hash_int32: number }[]
  readonly partition: readonly {
    readonly key_utf8: string
    readonly partitions: Readonly<Record<string, { readonly murmur2: number }>>
  }[]
  readonly negative_control: { readonly values: Readonly<Record<string, number>> }
}

/** Beside the repository, where it was developed. */
const VECTORS = new URL('../../../../shared/vectors/murmur2-partitioner.json', import.meta.url)

function hashOf(key: Uint8Array): number {
  return murmur2(key, 0, key.length)
}

test('hashes are those of Kafka', () => {
  for (const [key, hash] of Object.entries(KNOWN)) assert.equal(hashOf(Buffer.from(key)), hash, key)
})

test('hashes are not those of the incompatible variant', () => {
  for (const [key, hash] of Object.entries(INCOMPATIBLE)) {
    assert.notEqual(hashOf(Buffer.from(key)), hash, key)
  }
})

test('partitions are those of Kafka', () => {
  const partitionsOf = (key: string) =>
    [7, 17].map((partitions) => partitionOf(Buffer.from(key), 0, key.length, partitions))
  assert.deepEqual(partitionsOf('23456'), [5, 9])
  assert.deepEqual(partitionsOf('hejsan'), [6, 5])
  assert.deepEqual(partitionsOf('this is another string with more length to it perhaps'), [1, 11])
})

test('all vectors of the other implementations', { skip: !existsSync(VECTORS) }, () => {
  const vectors: Vectors = JSON.parse(readFileSync(VECTORS, 'utf8'))
  for (const { key_hex, hash_int32 } of vectors.hash) {
    assert.equal(hashOf(Buffer.from(key_hex, 'hex')), hash_int32, key_hex)
  }
  for (const { key_utf8, partitions } of vectors.partition) {
    const key = Buffer.from(key_utf8)
    for (const [count, { murmur2: partition }] of Object.entries(partitions)) {
      assert.equal(partitionOf(key, 0, key.length, Number(count)), partition, key_utf8)
    }
  }
  for (const [key, hash] of Object.entries(vectors.negative_control.values)) {
    assert.notEqual(hashOf(Buffer.from(key)), hash, key)
  }
})

test('only the bytes from `from` to `to` count, at any alignment', () => {
  const part = fc.uint8Array({ maxLength: 40 })
  fc.assert(
    fc.property(part, part, part, (before, key, after) => {
      const to = before.length + key.length
      const bytes = Buffer.concat([before, key, after])
      assert.equal(murmur2(bytes, before.length, to), hashOf(key))
    }),
  )
})

test('every key has a partition within range', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 1000 }), (key, partitions) => {
      const partition = partitionOf(key, 0, key.length, partitions)
      assert.ok(Number.isInteger(partition) && partition >= 0 && partition < partitions)
    }),
  )
})
