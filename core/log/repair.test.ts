import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memory from '#memory'
import { pin } from './finder.js'
import {
  appendValues,
  contentOf,
  createWorld,
  fillUp,
  frameOfValues,
  readAll,
  SteppedLog,
} from './frames.test.helper.js'
import { countGaps } from './gaps.js'
import * as layout from './layout.js'
import { Reader } from './reader.js'
import { repairLog } from './repair.js'
import { enlist, wakeSleepers } from './wait-set.js'

const SMALL = { segmentCount: 4, segmentGranules: 4 }

test('a dead thread’s claim becomes a gap, and readers go on behind it', () => {
  const { log, table, thread } = createWorld(SMALL)
  const { appender } = thread()
  const dead = thread()
  appendValues(appender, 'a')
  dead.appender.claim(frameOfValues(['x', 'y', 'z'], 2))
  appendValues(appender, 'b')
  const reader = new Reader(log, 0, 0)
  assert.deepEqual(readAll(reader), [[0, 'a']])
  assert.equal(repairLog(log, table, dead.slot), 1)
  assert.equal(memory.load(log.words, log.tagWord(1)), layout.abortedTag(2, 3))
  assert.deepEqual(readAll(reader), [[4, 'b']])
})

test('claims of the living stay, whatever is repaired', () => {
  const { log, table, thread } = createWorld(SMALL)
  const living = thread()
  const dead = thread()
  living.appender.claim(frameOfValues(['live']))
  living.appender.fill(frameOfValues(['live']))
  assert.equal(repairLog(log, table, dead.slot), 0)
  assert.equal(living.appender.publish(), true)
})

test('a claim is found in any segment of any lap', () => {
  for (let before = 0; before < 40; before++) {
    const world = createWorld({ ...SMALL, startPosition: 2 ** 32 - 8, startOffset: 2 ** 32 - 6 })
    const { log, table, thread } = world
    const { appender } = thread()
    for (let frame = 0; frame < before; frame++) appendValues(appender, 'before')
    const dead = thread()
    dead.appender.claim(frameOfValues(['x']))
    const aborted = dead.appender.claimedOffset
    appendValues(appender, 'after')
    assert.equal(repairLog(log, table, dead.slot), 1)
    assert.equal(repairLog(log, table, dead.slot), 0, 'it may be repeated')
    const offsets = contentOf(world).map(([offset]) => offset)
    assert.equal(offsets.includes(aborted), false)
    assert.equal(offsets.at(-1), aborted + 1)
    const place = { position: dead.appender.claimedPosition, offset: aborted }
    assert.equal(countGaps(log, place, aborted, aborted + 2), 1)
  }
})

test('a repair does not abort what became something else in the meantime', () => {
  const { log, table, thread } = createWorld(SMALL)
  const dead = thread()
  dead.appender.claim(frameOfValues(['x']))
  // Two repairs of one death at a time: the first one to come aborts the frame.
  const view = SteppedLog.of(log)
  view.before('tagWord', 2, () => assert.equal(repairLog(log, table, dead.slot), 1))
  assert.equal(repairLog(view, table, dead.slot), 0)
})

test('the lease of a dead thread is given up, that of another is not', () => {
  const { log, table } = createWorld(SMALL)
  const [dead, living] = [table.takeSlot(), table.takeSlot()]
  memory.store(log.words, layout.LEASE_WORD, living)
  repairLog(log, table, dead)
  assert.equal(memory.load(log.words, layout.LEASE_WORD), living)
  repairLog(log, table, living)
  assert.equal(memory.load(log.words, layout.LEASE_WORD), 0)
})

test('the pin of a dead thread is cleared, and who waits for its space is woken', () => {
  const { log, table, thread } = createWorld(SMALL)
  const { appender, slot } = thread()
  const [dead, living] = [table.takeSlot(), table.takeSlot()]
  pin(log, table, dead, 0)
  pin(log, table, living, 0)
  fillUp(appender)
  const signal = table.signal(slot)
  enlist(log.words, layout.SPACE_WAITERS_WORD, slot)
  repairLog(log, table, dead)
  assert.equal(appender.append(frameOfValues(['x'])), false, 'the other pin holds')
  assert.notEqual(table.signal(slot), signal)
  repairLog(log, table, living)
  assert.equal(appender.append(frameOfValues(['x'])), true)
})

test('a dead sleeper is taken out of both wait sets, the living are woken', () => {
  const { log, table } = createWorld(SMALL)
  for (const set of [layout.DATA_WAITERS_WORD, layout.SPACE_WAITERS_WORD]) {
    const [dead, living] = [table.takeSlot(), table.takeSlot()]
    enlist(log.words, set, dead)
    enlist(log.words, set, living)
    const before = [table.signal(dead), table.signal(living)]
    repairLog(log, table, dead)
    assert.equal(table.signal(dead), before[0])
    assert.equal(table.signal(living), (before[1] as number) + 1)
    wakeSleepers(log.words, set, table)
    assert.equal(table.signal(living), (before[1] as number) + 1, 'nobody sleeps any more')
  }
})

test('a log that was never written to is left as it is', () => {
  const { log, table } = createWorld(SMALL)
  const before = Buffer.from(log.bytes)
  assert.equal(repairLog(log, table, table.takeSlot()), 0)
  assert.ok(log.bytes.equals(before))
})
