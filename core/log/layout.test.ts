import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SLOTS_MAX } from '../thread-table.js'
import * as layout from './layout.js'

const granules = fc.integer({ min: 1, max: layout.FRAME_GRANULES_MAX })
const count = fc.integer({ min: 1, max: layout.FRAME_RECORDS_MAX })
const owner = fc.integer({ min: 1, max: 255 })

test('a tag keeps its state, owner, granules and count apart', () => {
  fc.assert(
    fc.property(owner, granules, count, (slot, size, records) => {
      const claimed = layout.claimedTag(slot, size, records)
      const published = layout.publishedTag(size, records)
      const aborted = layout.abortedTag(size, records)
      assert.equal(layout.ownerOf(claimed), slot)
      for (const tag of [claimed, published, aborted]) {
        assert.equal(tag, tag | 0, 'it fits a word')
        assert.equal(layout.granulesOf(tag), size)
        assert.equal(layout.countOf(tag), records)
        assert.equal(layout.isFree(tag), false)
      }
      assert.deepEqual([claimed, published, aborted].map(layout.isClaimed), [true, false, false])
      assert.deepEqual([claimed, published, aborted].map(layout.isPublished), [false, true, false])
      assert.deepEqual([claimed, published, aborted].map(layout.isSettled), [false, true, true])
    }),
  )
})

test('a pad is an aborted frame without records', () => {
  const pad = layout.padTag(7)
  assert.equal(layout.granulesOf(pad), 7)
  assert.equal(layout.countOf(pad), 0)
  assert.ok(layout.isSettled(pad))
  assert.ok(!layout.isPublished(pad))
})

test('free tags of different laps differ, up to 2^30 laps', () => {
  const lap = fc.integer({ min: 0, max: 2 ** 30 - 1 })
  fc.assert(
    fc.property(lap, lap, (one, other) => {
      const tag = layout.freeTag(one)
      assert.ok(layout.isFree(tag) && !layout.isClaimed(tag) && !layout.isSettled(tag))
      assert.equal(tag === layout.freeTag(other), one === other)
    }),
  )
})

test('open and sealed states of all laps are distinct words', () => {
  const lap = fc.integer({ min: 0, max: 2 ** 30 - 1 })
  fc.assert(
    fc.property(lap, lap, (one, other) => {
      assert.equal(layout.openState(one) >>> 1, one)
      assert.equal(layout.sealedState(one) >>> 1, one)
      assert.notEqual(layout.openState(one), layout.sealedState(other))
      assert.equal(layout.openState(one) === layout.openState(other), one === other)
    }),
  )
})

/** Every word of a log's memory by name, so that an overlap names both. */
function wordsOf(segmentCount: number, segmentGranules: number): [number, string][] {
  const words: [number, string][] = [
    [layout.MAGIC_WORD, 'magic'],
    [layout.SEGMENT_COUNT_WORD, 'segment count'],
    [layout.SEGMENT_GRANULES_WORD, 'segment granules'],
    [layout.TAIL_LONG * 2, 'tail low'],
    [layout.TAIL_LONG * 2 + 1, 'tail high'],
    [layout.LEASE_WORD, 'lease'],
    [layout.GATES_USED_WORD, 'gates used'],
    [layout.PINS_USED_WORD, 'pins used'],
    [layout.NEWEST_GAP_END_WORD, 'newest gap'],
  ]
  for (let word = 0; word <= 8; word++) {
    words.push([layout.DATA_WAITERS_WORD + word, `data waiters ${word}`])
    words.push([layout.SPACE_WAITERS_WORD + word, `space waiters ${word}`])
  }
  for (let slot = 1; slot <= 255; slot++) words.push([layout.PINS_WORD + slot, `pin ${slot}`])
  for (let gate = 0; gate < layout.GATES_MAX; gate++) {
    words.push(
      [layout.gateStateWord(gate), `state of gate ${gate}`],
      [layout.gateHolderWord(gate), `holder of gate ${gate}`],
      [layout.gateCursorLong(gate) * 2, `cursor of gate ${gate}, low`],
      [layout.gateCursorLong(gate) * 2 + 1, `cursor of gate ${gate}, high`],
      [layout.gateAssignedWord(gate), `assigned of gate ${gate}`],
      [layout.gatePausedWord(gate), `paused of gate ${gate}`],
      [layout.gateLetterStateWord(gate), `letter state of gate ${gate}`],
      [layout.gateLetterPositionWord(gate), `letter position of gate ${gate}`],
      [layout.gateLetterOffsetWord(gate), `letter offset of gate ${gate}`],
      [layout.gateDeliveredWord(gate), `delivered of gate ${gate}`],
      [layout.gateHeldWord(gate), `held of gate ${gate}`],
      [layout.gateCallWord(gate), `call of gate ${gate}`],
      [layout.gateFailedOffsetWord(gate), `failed offset of gate ${gate}`],
      [layout.gateFailedAttemptsWord(gate), `failed attempts of gate ${gate}`],
    )
  }
  for (let segment = 0; segment < segmentCount; segment++) {
    words.push(
      [layout.segmentStateWord(segment), `state of segment ${segment}`],
      [layout.segmentOffsetLowWord(segment), `offset of segment ${segment}, low`],
      [layout.segmentOffsetHighWord(segment), `offset of segment ${segment}, high`],
      [layout.segmentUseWord(segment), `use of segment ${segment}`],
    )
  }
  for (let granule = 0; granule < segmentCount * segmentGranules; granule++) {
    words.push([layout.tagsWord(segmentCount) + granule, `tag ${granule}`])
  }
  words.push([layout.dataByte(segmentCount, segmentGranules) / 4, 'data'])
  return words
}

test('no two shared words lie in the same place', () => {
  for (const [segments, size] of [
    [4, 1],
    [8, 2],
    [4, 64],
  ] as const) {
    const names = new Map<number, string>()
    for (const [word, name] of wordsOf(segments, size)) {
      assert.ok(Number.isInteger(word) && word >= 0, name)
      assert.equal(names.get(word), undefined, `${name} lies where ${names.get(word)} lies`)
      names.set(word, name)
    }
    const last = Math.max(...names.keys())
    assert.equal(names.get(last), 'data', 'data comes last')
  }
})

/** Cache lines have 64 bytes; the prefetcher fetches two. */
const lineOf = (word: number) => Math.floor((word * layout.WORD_BYTES) / 64)

test('what different threads write lies two cache lines apart, what is written rarely together', () => {
  const often = [
    layout.MAGIC_WORD,
    layout.TAIL_LONG * 2,
    layout.LEASE_WORD,
    layout.DATA_WAITERS_WORD,
    layout.SPACE_WAITERS_WORD,
    layout.GATES_USED_WORD,
    layout.PINS_WORD,
  ]
  assert.deepEqual(often.map(lineOf), [0, 2, 4, 6, 8, 10, 12])
  assert.equal(layout.PINS_USED_WORD, layout.GATES_USED_WORD + 1)
  assert.equal(layout.NEWEST_GAP_END_WORD, layout.GATES_USED_WORD + 2)
})

test('each gate and each segment header has a cache line of its own', () => {
  for (const index of [0, 1, 2, layout.GATES_MAX - 1]) {
    const gate = layout.gateStateWord(index)
    assert.equal(gate % 16, 0)
    assert.equal(lineOf(gate) - lineOf(layout.gateStateWord(0)), index)
    assert.equal(lineOf(layout.gateFailedAttemptsWord(index)), lineOf(gate))
    const header = layout.segmentStateWord(index)
    assert.equal(header % 16, 0)
    assert.equal(lineOf(header) - lineOf(layout.segmentStateWord(0)), index)
    assert.equal(lineOf(layout.segmentOffsetLowWord(index)), lineOf(header))
    assert.equal(lineOf(layout.segmentOffsetHighWord(index)), lineOf(header))
    assert.equal(lineOf(layout.segmentUseWord(index)), lineOf(header))
  }
})

test('the relations hold that the code relies on', () => {
  assert.equal(layout.GRANULE_BYTES, 1 << 6, 'a granule shift of 6')
  assert.equal(layout.gateCursorLong(0) * 2, layout.gateStateWord(0) + 2, 'the cursor is aligned')
  assert.equal(layout.FRAME_TIMESTAMP % 8, 0)
  assert.equal(layout.FRAME_NEWEST_TIMESTAMP % 8, 0)
  assert.equal(layout.FRAME_HEADER_BYTES % layout.RECORD_ALIGNMENT, 0, 'records begin aligned')
  assert.equal(SLOTS_MAX, 0xff, 'slots fit the owner field of a tag')
  assert.equal(layout.FRAME_RECORDS_MAX, 0xff, 'counts fit the count field of a tag')
})

test('data begins on a granule for every geometry', () => {
  for (let segments = 4; segments <= 64; segments *= 2) {
    for (let size = 1; size <= 256; size *= 2) {
      const from = layout.dataByte(segments, size)
      assert.equal(from % layout.GRANULE_BYTES, 0)
      assert.ok(from >= (layout.tagsWord(segments) + segments * size) * layout.WORD_BYTES)
    }
  }
})

test('the word of a key holds its length and flags', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 24 - 1), fc.nat(255), (keyBytes, flags) => {
      const word = layout.recordKeyWord(keyBytes, flags)
      assert.equal(layout.recordKeyBytes(word), keyBytes)
      assert.equal(layout.recordFlags(word), flags)
    }),
  )
})

test('sizes are rounded up to 8 bytes and to granules', () => {
  assert.deepEqual([0, 1, 7, 8, 9].map(layout.aligned), [0, 8, 8, 8, 16])
  assert.equal(layout.aligned(2 ** 31 + 1), 2 ** 31 + 8, 'also an address in a large log')
  assert.deepEqual([1, 63, 64, 65, 128, 129].map(layout.granulesFor), [1, 1, 1, 2, 2, 3])
})
