import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError } from '../errors.js'
import { heldPlace, pinOffset, tryPinOffset, unpin } from '../log/finder.js'
import {
  appendValues,
  atEveryStep,
  createWorld,
  Death,
  die,
  frameOf,
  frameOfValues,
  SteppedLog,
} from '../log/frames.test.helper.js'
import { repairLog } from '../log/repair.js'
import * as cursor from './cursor.js'
import { GroupFixture } from './group.test.helper.js'
import { earliestOffset, latestOffset, type SeekTarget, seekGroup } from './seek.js'

/** A log with three frames of two records, a second apart. */
function dated(): GroupFixture {
  const fixture = new GroupFixture()
  fixture.open()
  const appender = fixture.appenderOf()
  for (const second of [1, 2, 3]) {
    const frame = frameOf(
      [{ value: 'a' }, { value: 'b', timestamp: second * 1000 + 500 }],
      second * 1000,
    )
    assert.ok(appender.claim(frame))
    appender.fill(frame)
    appender.publish()
  }
  return fixture
}

const PLACES: readonly [SeekTarget, number][] = [
  [{ offset: 'earliest' }, 0],
  [{ offset: 'latest' }, 6],
  [{ offset: 0 }, 0],
  [{ offset: 3 }, 3],
  [{ offset: 6 }, 6],
  [{ timestamp: 0 }, 0],
  [{ timestamp: 1000 }, 0],
  [{ timestamp: 1001 }, 1],
  [{ timestamp: 2000 }, 2],
  [{ timestamp: 2501 }, 4],
  [{ timestamp: 3501 }, 6],
]
for (const [target, offset] of PLACES) {
  test(`seeking ${JSON.stringify(target)} goes to offset ${offset}`, () => {
    const fixture = dated()
    fixture.join()
    const before = cursor.ownership(fixture.logOf(), 0)
    assert.equal(seekGroup(fixture.logOf(), fixture.thread, 0, target), offset)
    const after = cursor.ownership(fixture.logOf(), 0)
    assert.deepEqual(after, { epoch: before.epoch + 1, committed: offset })
    // What was read before it cannot be committed on top of it.
    const { table } = fixture
    assert.equal(cursor.commit(fixture.logOf(), table, 0, before.epoch, 0, 2), false)
    assert.equal(cursor.commit(fixture.logOf(), table, 0, after.epoch, offset, offset), true)
  })
}

test('an offset that is not there is refused, with what is', () => {
  const fixture = dated()
  for (const offset of [7, 100]) {
    assert.throws(
      () => seekGroup(fixture.logOf(), fixture.thread, 0, { offset }),
      (error: unknown) => {
        assert.ok(error instanceof MillraceError)
        assert.equal(error.code, 'OFFSET_OUT_OF_RANGE')
        assert.equal(error.message, `offset ${offset} is not in the log, which holds 0 to 6`)
        assert.deepEqual(error.details, { offset, earliest: 0, latest: 6 })
        return true
      },
    )
  }
  assert.equal(cursor.committedOffset(fixture.logOf(), 0), 0)
})

test('what was recycled is out of range, and earliest is what is left', () => {
  const fixture = new GroupFixture()
  fixture.append(100)
  fixture.open()
  const log = fixture.logOf()
  const earliest = earliestOffset(log, fixture.thread)
  assert.ok(earliest > 0)
  assert.equal(latestOffset(log, fixture.thread), 100)
  assert.throws(() => seekGroup(log, fixture.thread, 0, { offset: earliest - 1 }), MillraceError)
  assert.equal(seekGroup(log, fixture.thread, 0, { offset: 'earliest' }), earliest)
  assert.equal(seekGroup(log, fixture.thread, 0, { timestamp: 0 }), earliest)
})

for (const target of [{ offset: 'earliest' }, { timestamp: 0 }] as const) {
  test(`seeking ${JSON.stringify(target)} goes on to what is left if that is recycled meanwhile`, () => {
    const fixture = new GroupFixture()
    fixture.append(20)
    const [partition] = fixture.partitions
    assert.ok(partition)
    const reached = new Set<number>()
    const calls = atEveryStep((call) => {
      const log = SteppedLog.of(partition.log)
      log.before('isOpen', call, () => void fixture.append(40))
      const offset = seekGroup(log, fixture.thread, 0, target)
      const acted = log.release()
      assert.equal(offset, earliestOffset(partition.log, fixture.thread))
      reached.add(offset)
      return acted
    })
    assert.ok(calls > 1 && reached.size > 1)
  })
}

test('a group that seeks forward lets go of what lies behind', () => {
  const fixture = new GroupFixture()
  fixture.open()
  while (fixture.append(1));
  seekGroup(fixture.logOf(), fixture.thread, 0, { offset: 'latest' })
  assert.equal(fixture.append(8), true)
})

test('what a seek went back to is found, whatever step a recycler of it died at', () => {
  let deaths = 0
  for (let seekAt = 1; seekAt < 24; seekAt++) {
    for (let dieAfter = 1; dieAfter < 16; dieAfter++) {
      const { log, table, thread } = createWorld({ segmentCount: 4, segmentGranules: 1 })
      appendValues(thread().appender, 'a', 'b', 'c', 'd')
      cursor.activateGate(log, 0, 4)
      const seeker = thread()
      const view = SteppedLog.of(log)
      const dead = thread(view)
      view.before('any', seekAt, () => {
        // Nobody waits here for a recycler that cannot go on meanwhile.
        if (typeof tryPinOffset(log, table, seeker.slot, 0) !== 'object') return
        cursor.seekCursor(log, table, 0, 0)
        unpin(log, table, seeker.slot)
        view.before('any', dieAfter, die)
      })
      try {
        dead.appender.append(frameOfValues(['e']))
      } catch (error) {
        if (!(error instanceof Death)) throw error
        deaths++
      }
      view.release()
      repairLog(log, table, dead.slot)
      if (cursor.committedOffset(log, 0) !== 0) continue
      const place = { position: 0, offset: 0 }
      assert.deepEqual(heldPlace(log, 0), place)
      const where = `sought before step ${seekAt}, dead ${dieAfter} steps later`
      assert.deepEqual(pinOffset(log, table, seeker.slot, 0), place, where)
      unpin(log, table, seeker.slot)
    }
  }
  assert.ok(deaths > 20, `only ${deaths} deaths`)
})
