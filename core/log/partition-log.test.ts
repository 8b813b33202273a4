import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as memory from '#memory'
import { MillraceError } from '../errors.js'
import * as layout from './layout.js'
import { highHalf, type LogGeometry, lowHalf, PartitionLog, pack } from './partition-log.js'

test('a thread that attaches sees the same log', () => {
  const created = PartitionLog.create({
    segmentCount: 8,
    segmentGranules: 16,
    startPosition: 32,
    startOffset: 5,
  })
  const attached = new PartitionLog(memory.attach(created.region.buffer))
  for (const log of [created, attached]) {
    assert.equal(log.segmentCount, 8)
    assert.equal(log.segmentGranules, 16)
    assert.equal(log.capacityGranules, 128)
    assert.equal(log.isOpen(32), true)
    assert.equal(log.segmentOffset(log.segmentOf(32)), 5)
    assert.equal(log.tagWord(33) - log.tagWord(32), 1)
    assert.equal(log.dataByte(33) - log.dataByte(32), layout.GRANULE_BYTES)
  }
})

test('memory that holds no log is refused', () => {
  assert.throws(() => new PartitionLog(memory.allocate(4096)), /does not hold a partition log/)
})

test('only the first segment of a new log is open', () => {
  for (const startPosition of [0, 4, 12, 2 ** 31 - 4, 2 ** 31, 2 ** 32 - 4, 2 ** 32 - 16]) {
    const log = PartitionLog.create({ segmentCount: 4, segmentGranules: 4, startPosition })
    const start = startPosition | 0
    for (let distance = -32; distance < 32; distance += 4) {
      const position = (start + distance) | 0
      assert.equal(log.isOpen(position), distance === 0, `${startPosition} + ${distance}`)
    }
    assert.equal(log.isOpen(start + 3), true, 'the segment is open up to its end')
  }
})

test('a geometry that cannot work is refused with its figures', () => {
  const bad: Partial<LogGeometry>[] = [
    { segmentCount: 2 },
    { segmentCount: 3 },
    { segmentCount: 6 },
    { segmentCount: 4.5 },
    { segmentCount: Number.NaN },
    { segmentGranules: 0 },
    { segmentGranules: -(2 ** 31) },
    { segmentGranules: 3 },
    { segmentGranules: 0.5 },
    { segmentCount: 2 ** 13, segmentGranules: 2 ** 13 },
    { segmentCount: 2 ** 32 },
    { startPosition: 1 },
    { startPosition: 0.5 },
    { startPosition: Number.NaN },
  ]
  for (const change of bad) {
    const geometry = { segmentCount: 4, segmentGranules: 4, startPosition: 0, ...change }
    assert.throws(
      () => PartitionLog.create(geometry),
      (error) => {
        assert.ok(error instanceof MillraceError)
        assert.equal(error.code, 'INVALID_OPTION')
        assert.deepEqual(error.details, geometry)
        return true
      },
    )
  }
})

test('a position names one granule, one segment and one lap, across 2^31 and 2^32', () => {
  const geometry = fc.record({ segments: fc.integer({ min: 2, max: 6 }), size: fc.nat(6) })
  const nearWrap = fc
    .constantFrom(0, 2 ** 31, 2 ** 32)
    .chain((edge) => fc.integer({ min: -1000, max: 1000 }).map((distance) => edge + distance))
  fc.assert(
    fc.property(geometry, nearWrap, ({ segments, size }, anywhere) => {
      const log = PartitionLog.create({ segmentCount: 2 ** segments, segmentGranules: 2 ** size })
      const position = anywhere | 0
      const unsigned = position >>> 0
      const granule = unsigned % log.capacityGranules
      assert.equal(log.tagWord(position), layout.tagsWord(log.segmentCount) + granule)
      assert.equal(log.dataByte(position), log.dataByte(0) + granule * layout.GRANULE_BYTES)
      assert.equal(log.segmentOf(position), Math.floor(granule / log.segmentGranules))
      assert.equal(log.lapOf(position), Math.floor(unsigned / log.capacityGranules))
      assert.equal(log.isSegmentStart(position), unsigned % log.segmentGranules === 0)
      const start = unsigned - (unsigned % log.segmentGranules)
      assert.equal(log.segmentStart(position), start | 0)
    }),
  )
})

test('a segment keeps offsets of up to 53 bits', () => {
  const log = PartitionLog.create({ segmentCount: 4, segmentGranules: 1 })
  for (const offset of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    log.setSegmentOffset(2, offset)
    assert.equal(log.segmentOffset(2), offset)
    assert.equal(log.segmentOffset(1), 0)
  }
})

test('the largest frame is a segment, or what the length field of a tag holds', () => {
  const small = PartitionLog.create({ segmentCount: 4, segmentGranules: 2 })
  assert.equal(small.frameBytesMax, 128)
  const large = PartitionLog.create({ segmentCount: 4, segmentGranules: 2 ** 14 })
  assert.equal(large.frameBytesMax, (2 ** 14 - 1) * 64)
})

test('two halves make a long and come back as they were', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (high, low) => {
      const long = pack(high, low)
      assert.equal(highHalf(long), high)
      assert.equal(lowHalf(long), low)
      const { longs } = memory.allocate(8)
      memory.storeLong(longs, 0, long)
      assert.equal(highHalf(memory.loadLong(longs, 0)), high)
      assert.equal(lowHalf(memory.loadLong(longs, 0)), low)
    }),
  )
})

test('the lower half of an offset is widened next to a known one', () => {
  const log = PartitionLog.create({ segmentCount: 4, segmentGranules: 1 })
  const near = fc.oneof(fc.maxSafeNat(), fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 33))
  fc.assert(
    fc.property(near, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (known, distance) => {
      fc.pre(known <= 2 ** 52)
      const offset = known + distance
      assert.equal(log.widenOffset(offset | 0, known), offset)
    }),
  )
})
