import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  actingBeforeLong,
  createWorld,
  emptyFrame,
  frameOfValues,
  rush,
  SteppedLog,
} from './frames.test.helper.js'
import { TAIL_LAG_FRAMES } from './layout.js'
import type { PartitionLog } from './partition-log.js'
import { advanceTail, type Place, readTail } from './tail.js'

test('the tail of a new log is where it begins', () => {
  for (const startPosition of [0, 2 ** 31 - 8, 2 ** 32 - 8]) {
    for (const startOffset of [0, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7]) {
      const { log } = createWorld({
        segmentCount: 4,
        segmentGranules: 8,
        startPosition,
        startOffset,
      })
      assert.deepEqual(placeOf(log), { position: startPosition | 0, offset: startOffset })
    }
  }
})

test('the tail lags behind by a bounded number of frames, and never leaves the newest segment', () => {
  const { log, thread } = createWorld({
    segmentCount: 4,
    segmentGranules: 256,
    startOffset: 2 ** 32 - 100,
  })
  const { appender } = thread()
  let behindMax = 0
  for (let frames = 0; frames < 2000; frames++) {
    appender.append(frameOfValues(['a', 'b'], 2))
    const { position, offset } = readTail(log)
    const end = appender.endOffset()
    behindMax = Math.max(behindMax, (end - offset) / 2)
    assert.ok(
      log.isOpen(position) || log.isOpen(position - 1),
      'in the newest segment, or at its end',
    )
    assert.equal(end - offset, (appender.claimedPosition + 2 - position) | 0, 'a frame boundary')
  }
  assert.equal(behindMax, TAIL_LAG_FRAMES - 1)
})

test('a thread that only follows moves the tail with its next claim', () => {
  const { log, thread } = createWorld({ segmentCount: 4, segmentGranules: 256 })
  const first = thread()
  const second = thread()
  // Each of the two follows all frames, but neither claims as many as the tail may lag.
  for (let frames = 0; frames < TAIL_LAG_FRAMES; frames++) {
    const { appender } = frames % 2 === 0 ? first : second
    appender.append(frameOfValues(['x']))
  }
  assert.equal(readTail(log).offset, TAIL_LAG_FRAMES)
})

test('the tail moves forward only, across every wrap', () => {
  const edge = fc.constantFrom(0, 2 ** 31, 2 ** 32)
  const moves = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1 })
  fc.assert(
    fc.property(edge, moves, (middle, steps) => {
      const { log } = createWorld({
        segmentCount: 4,
        segmentGranules: 2 ** 12,
        startPosition: middle === 0 ? 0 : middle - 2 ** 12,
        startOffset: 5,
      })
      const start = readTail(log).position
      let furthest = 0
      for (const step of steps) {
        const distance = furthest + step
        if (distance >= 0) advanceTail(log, (start + distance) | 0, 5 + 3 * distance)
        furthest = Math.max(furthest, distance)
        const expected = { position: (start + furthest) | 0, offset: 5 + 3 * furthest }
        assert.deepEqual(placeOf(log), expected)
      }
    }),
  )
})

test('a tail that others moved in between is not moved back', () => {
  for (const [ours, theirs, furthest] of [
    [5, 9, 9],
    [9, 5, 9],
  ] as const) {
    const { log } = createWorld({ segmentCount: 4, segmentGranules: 64 })
    const view = actingBeforeLong(log, 2, () => advanceTail(log, theirs, theirs))
    advanceTail(view, ours, ours)
    assert.deepEqual(placeOf(log), { position: furthest, offset: furthest })
  }
})

test('at the end of a full segment the one before the tail knows the offset', () => {
  const { log, thread } = createWorld({ segmentCount: 4, segmentGranules: 4 })
  const { appender } = thread()
  appender.claim(emptyFrame(4, 7))
  appender.publish()
  // A thread that opens the next segment moves the tail first; here it dies right after.
  advanceTail(log, 4, 7)
  assert.equal(log.isOpen(4), false)
  assert.deepEqual(placeOf(log), { position: 4, offset: 7 })
})

test('a thread that sleeps while it reads the tail gets one that is true when it wakes', () => {
  for (const step of ['isOpen', 'segmentOf', 'segmentOffset'] as const) {
    for (let call = 1; call <= 2; call++) {
      for (const frames of [1, 4, 5, 12, 40]) {
        const { log, thread } = createWorld({ segmentCount: 4, segmentGranules: 1 })
        const { appender } = thread()
        const view = SteppedLog.of(log).before(step, call, () => rush(log, appender, frames))
        const { position, offset } = readTail(view)
        assert.equal(offset, position, 'every frame has one granule and one record')
        assert.ok(log.isOpen(position), 'it was read when it was the newest segment')
      }
    }
  }
})

/** The tail without what it is known from. */
function placeOf(log: PartitionLog): Place {
  const { position, offset } = readTail(log)
  return { position, offset }
}
