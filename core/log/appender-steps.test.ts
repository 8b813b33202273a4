/*
 * Appends that stop at any step, and those that are very late. They take longer than the other tests
 * of appends, hence a file of their own.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pinOldest } from './finder.js'
import {
  appendValues,
  atEveryStep,
  contentOf,
  createWorld,
  Death,
  die,
  emptyFrame,
  frameOfValues,
  type LogWorld,
  readAll,
  rush,
  SteppedLog,
} from './frames.test.helper.js'
import * as layout from './layout.js'
import { Reader } from './reader.js'
import { repairLog } from './repair.js'

/** How many frames others append while one thread sleeps: none, some, one lap, more. */
function rushes({ log }: LogWorld): number[] {
  const lap = log.capacityGranules
  return [1, log.segmentGranules, lap - 1, lap, lap + 1, 2 * lap + 1, 3 * lap]
}

const GEOMETRIES = [
  { segmentCount: 4, segmentGranules: 1 },
  { segmentCount: 4, segmentGranules: 2, startPosition: 2 ** 32 - 4, startOffset: 2 ** 32 - 6 },
  { segmentCount: 8, segmentGranules: 4, startPosition: 2 ** 31 - 8, startOffset: 2 ** 31 - 1 },
]

/** Each way to begin: how full the first segments are when the thread goes to work. */
function eachStart(scenario: (world: LogWorld, others: number) => void): void {
  for (const geometry of GEOMETRIES) {
    for (let lead = 0; lead <= 2 * geometry.segmentGranules + 1; lead++) {
      for (const others of rushes(createWorld(geometry))) {
        const world = createWorld(geometry)
        rush(world.log, world.thread().appender, lead)
        scenario(world, others)
      }
    }
  }
}

test('a thread that sleeps at any step of an append, for laps, appends once and in its place', () => {
  eachStart((start, others) => {
    const steps = atEveryStep((step) => {
      const world = createWorldLike(start)
      const view = SteppedLog.of(world.log)
      const sleeper = world.thread(view).appender
      const busy = world.thread().appender
      const before = busy.endOffset()
      let rushed = 0
      view.before('any', step, () => {
        rushed = rush(world.log, busy, others)
      })
      assert.equal(sleeper.append(frameOfValues(['mine'])), true)
      const reached = view.release()
      assert.equal(sleeper.endOffset(), before + rushed + 1)
      checkMine(world, sleeper.claimedOffset)
      return reached
    })
    assert.ok(steps >= 4)
  })
})

/** A world in the state of another one; both go on by themselves. */
function createWorldLike({ log }: LogWorld): LogWorld {
  const world = createWorld(log)
  log.bytes.copy(world.log.bytes)
  return world
}

function checkMine(world: LogWorld, offset: number): void {
  const content = contentOf(world)
  const first = content[0]?.[0] ?? offset
  content.forEach(([found], index) => {
    assert.equal(found, first + index, 'offsets are dense')
  })
  const mine = content.filter(([, value]) => value === 'mine')
  assert.deepEqual(mine, offset < first ? [] : [[offset, 'mine']])
}

test('a thread that sleeps while it looks for the end finds one that was true meanwhile', () => {
  eachStart((start, others) => {
    atEveryStep((step) => {
      const world = createWorldLike(start)
      const view = SteppedLog.of(world.log)
      const idle = world.thread(view).appender
      const busy = world.thread().appender
      const before = busy.endOffset()
      view.before('any', step, () => rush(world.log, busy, others))
      const end = idle.endOffset()
      const reached = view.release()
      assert.ok(end >= before && end <= busy.endOffset(), `${before} <= ${end}`)
      assert.equal(idle.endOffset(), busy.endOffset())
      return reached
    })
  })
})

test('a thread that dies at any step of an append leaves its frame whole or absent', () => {
  eachStart((start, others) => {
    atEveryStep((step) => {
      const world = createWorldLike(start)
      const view = SteppedLog.of(world.log)
      const mortal = world.thread(view)
      const heir = world.thread().appender
      const before = heir.endOffset()
      view.before('any', step, die)
      let claimed = 1
      try {
        mortal.appender.append(frameOfValues(['mine']))
      } catch (error) {
        assert.ok(error instanceof Death)
        claimed = heir.endOffset() - before
      }
      const aborted = repairLog(world.log, world.table, mortal.slot)
      const died = view.release()
      assert.equal(aborted, died ? claimed : 0)
      assert.equal(repairLog(world.log, world.table, mortal.slot), 0, 'a second time')
      assert.equal(rush(world.log, heir, others), others, 'the log goes on')
      assert.equal(heir.endOffset(), before + claimed + others)
      const offsets = contentOf(world).map(([offset]) => offset)
      const gap = died && claimed === 1 ? before : -1
      const first = pinOldest(world.log, world.table, mortal.slot).offset
      const expected = Array.from({ length: heir.endOffset() - first }, (_, index) => first + index)
      assert.deepEqual(
        offsets,
        expected.filter((offset) => offset !== gap),
      )
      return died
    })
  })
})

test('a thread that was idle while all 2^32 positions went by starts from the tail', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 2 ** 14 })
  const idle = world.thread().appender
  const busy = world.thread().appender
  appendValues(idle, 'before')
  // One frame and a pad to each segment, without content: 256 GiB of positions.
  const large = emptyFrame(layout.FRAME_GRANULES_MAX, 1)
  for (let segment = 1; segment <= 2 ** 18; segment++) {
    busy.claim(large)
    busy.publish()
  }
  const values = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  busy.append(frameOfValues(values))
  assert.equal(busy.claimedPosition, 0, 'where the idle thread was, but a frame of more granules')
  appendValues(idle, 'after')
  assert.equal(idle.claimedOffset, busy.claimedOffset + values.length)
  const reader = new Reader(world.log, 0, busy.claimedOffset)
  assert.deepEqual(
    readAll(reader).map(([, value]) => value),
    [...values, 'after'],
  )
})
