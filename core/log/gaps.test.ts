import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as memory from '#memory'
import { createWorld, frameOfValues, hold } from './frames.test.helper.js'
import { announceGap, countGaps } from './gaps.js'
import * as layout from './layout.js'
import { repairLog } from './repair.js'

const START_OFFSETS = [0, 2 ** 31 - 5, 2 ** 32 - 5]

test('gaps are counted record by record, in any range', () => {
  const frames = fc.array(
    fc.record({
      count: fc.integer({ min: 1, max: 4 }),
      granules: fc.integer({ min: 1, max: 3 }),
      isAborted: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(fc.constantFrom(...START_OFFSETS), frames, (startOffset, shipments) => {
      const { log, table, thread } = createWorld({
        segmentCount: 4,
        segmentGranules: 8,
        startOffset,
      })
      hold(log, 0, startOffset)
      const { appender } = thread()
      const aborted: boolean[] = []
      for (const { count, granules, isAborted } of shipments) {
        const content = frameOfValues(new Array<string>(count).fill('.'), granules)
        if (isAborted) {
          const dead = thread()
          if (!dead.appender.claim(content)) break
          repairLog(log, table, dead.slot)
        } else if (!appender.append(content)) break
        for (let index = 0; index < count; index++) aborted.push(isAborted)
      }
      const place = { position: 0, offset: startOffset }
      for (let from = 0; from <= aborted.length; from++) {
        for (let to = from; to <= aborted.length; to++) {
          const expected = aborted.slice(from, to).filter(Boolean).length
          assert.equal(countGaps(log, place, startOffset + from, startOffset + to), expected)
        }
      }
    }),
  )
})

test('frames that are being written are no gaps', () => {
  const { log, table, thread } = createWorld({ segmentCount: 4, segmentGranules: 4 })
  const dead = thread()
  thread().appender.claim(frameOfValues(['a']))
  dead.appender.claim(frameOfValues(['b']))
  thread().appender.claim(frameOfValues(['c']))
  repairLog(log, table, dead.slot)
  assert.equal(countGaps(log, { position: 0, offset: 0 }, 0, 3), 1)
})

test('nothing is walked where no gap can be', () => {
  for (const startOffset of START_OFFSETS) {
    const { log, table, thread } = createWorld({
      segmentCount: 4,
      segmentGranules: 4,
      startOffset,
    })
    // A place that is wrong would give a wrong count.
    const nowhere = { position: 2, offset: startOffset }
    assert.equal(countGaps(log, nowhere, startOffset, startOffset + 9), 0)
    const dead = thread()
    dead.appender.claim(frameOfValues(['a', 'b']))
    repairLog(log, table, dead.slot)
    assert.equal(countGaps(log, nowhere, startOffset + 2, startOffset + 9), 0)
    const place = { position: 0, offset: startOffset }
    assert.equal(countGaps(log, place, startOffset + 1, startOffset + 9), 1)
    const shifted = { position: 0, offset: startOffset + 2 }
    assert.equal(countGaps(log, shifted, startOffset + 2, startOffset + 9), 0)
  }
})

test('counting ends with the chain, also at a segment that is not open', () => {
  const { log, table, thread } = createWorld({ segmentCount: 4, segmentGranules: 1 })
  const dead = thread()
  dead.appender.claim(frameOfValues(['a']))
  repairLog(log, table, dead.slot)
  assert.equal(countGaps(log, { position: 0, offset: 0 }, 0, 100), 1)
  // Behind the last segment lies the first one, a lap behind.
  for (let frame = 1; frame < 4; frame++) {
    dead.appender.claim(frameOfValues(['a']))
    dead.appender.withdraw()
  }
  assert.equal(countGaps(log, { position: 0, offset: 0 }, 0, 100), 4)
})

test('the end of the newest gap is noted, whoever announces an older one later', () => {
  const { log } = createWorld({ segmentCount: 4, segmentGranules: 1, startOffset: 2 ** 32 - 2 })
  const noted = () => memory.load(log.words, layout.NEWEST_GAP_END_WORD)
  announceGap(log, 2 ** 32 + 3)
  assert.equal(noted(), 3)
  announceGap(log, 2 ** 32 - 1)
  assert.equal(noted(), 3)
  announceGap(log, 2 ** 32 + 4)
  assert.equal(noted(), 4)
})

test('of two that announce at a time, the newer gap stays', () => {
  for (const [ours, theirs] of [
    [3, 5],
    [5, 3],
  ] as const) {
    const { log } = createWorld({ segmentCount: 4, segmentGranules: 1 })
    let uses = 0
    // The other thread acts between this one's load and its compare-exchange, which both use this.
    const end = {
      valueOf() {
        if (++uses === 2) announceGap(log, theirs)
        return ours
      },
    }
    announceGap(log, end as unknown as number)
    assert.ok(uses > 2)
    assert.equal(memory.load(log.words, layout.NEWEST_GAP_END_WORD), 5)
  }
})

test('a gap is noted however far behind the one before it is', () => {
  for (const startOffset of [2 ** 31, 2 ** 31 + 2 ** 30, 2 ** 32 + 5]) {
    const { log, table, thread } = createWorld({ segmentCount: 4, segmentGranules: 4, startOffset })
    // As if the last gap had been noted when the log began, at 0.
    memory.store(log.words, layout.NEWEST_GAP_END_WORD, 0)
    const dead = thread()
    dead.appender.claim(frameOfValues(['a', 'b']))
    repairLog(log, table, dead.slot)
    const place = { position: 0, offset: startOffset }
    assert.equal(countGaps(log, place, startOffset, startOffset + 2), 2)
    assert.equal(memory.load(log.words, layout.NEWEST_GAP_END_WORD), (startOffset + 2) | 0)
  }
})
