import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memory from '#memory'
import { byteViews } from '../byte-views.test.helper.js'
import {
  appendValues,
  contentOf,
  createWorld,
  emptyFrame,
  fillUp,
  frameOf,
  frameOfValues,
  hold,
  readAll,
  rush,
  SteppedLog,
} from './frames.test.helper.js'
import { countGaps } from './gaps.js'
import * as layout from './layout.js'
import { Reader } from './reader.js'
import { repairLog } from './repair.js'
import { advanceTail } from './tail.js'
import { enlist } from './wait-set.js'

const SMALL = { segmentCount: 4, segmentGranules: 4 }

test('a frame is written as the layout says', () => {
  const startOffset = 2 ** 32 + 5
  const { log, thread } = createWorld({ ...SMALL, startOffset })
  const { appender } = thread()
  const content = frameOf([{ value: 'one', key: 'k' }, { value: 'two' }], 1_234.5)
  // As an earlier lap may have left the memory.
  log.bytes.fill(0xff, log.dataByte(0), log.dataByte(4))
  assert.equal(appender.append(content), true)
  assert.equal(appender.claimedPosition, 0)
  assert.equal(appender.claimedOffset, startOffset)

  const start = log.dataByte(0)
  const { bytes } = log
  const frameBytes = layout.FRAME_HEADER_BYTES + content.to
  assert.equal(bytes.readInt32LE(start + layout.FRAME_SIZE), frameBytes)
  assert.equal(bytes.readUInt32LE(start + layout.FRAME_OFFSET_LOW), 5)
  assert.equal(bytes.readInt32LE(start + layout.FRAME_OFFSET_HIGH), 1)
  assert.equal(bytes.readDoubleLE(start + layout.FRAME_TIMESTAMP), 1_234.5)
  assert.equal(bytes.readDoubleLE(start + layout.FRAME_NEWEST_TIMESTAMP), 1_234.5)
  assert.equal(bytes.readInt32LE(start + layout.FRAME_FLAGS), 0)
  assert.equal(bytes.readInt32LE(start + layout.FRAME_PRODUCER_ID), 0)
  assert.equal(bytes.readInt32LE(start + layout.FRAME_PRODUCER_SEQUENCE), 0)
  const records = bytes.subarray(start + layout.FRAME_HEADER_BYTES, start + frameBytes)
  assert.deepEqual(records, content.bytes)
  const tag = memory.load(log.words, log.tagWord(0))
  assert.equal(tag, layout.publishedTag(layout.granulesFor(frameBytes), 2))
})

test('only the wanted part of the bytes is copied', () => {
  const { log, thread } = createWorld(SMALL)
  const inner = frameOfValues(['inner'])
  const before = log.frameBytesMax
  const outer = [Buffer.alloc(before, 0xff), inner.bytes, Buffer.alloc(16, 0xff)]
  const views = byteViews(Buffer.concat(outer))
  thread().appender.append({ ...inner, ...views, from: before, to: before + inner.to })
  assert.deepEqual(readAll(new Reader(log, 0, 0)), [[0, 'inner']])
  const frameBytes = layout.FRAME_HEADER_BYTES + inner.to
  assert.equal(log.bytes.readInt32LE(log.dataByte(0) + layout.FRAME_SIZE), frameBytes)
})

test('a claim is visible with owner, length and count before it is published', () => {
  const { log, thread } = createWorld(SMALL)
  const { appender, slot } = thread()
  const reader = new Reader(log, 0, 0)
  const content = frameOfValues(['a', 'b'], 3)
  assert.equal(appender.claim(content), true)
  assert.equal(memory.load(log.words, log.tagWord(0)), layout.claimedTag(slot, 3, 2))
  assert.deepEqual(readAll(reader), [])
  appender.fill(content)
  assert.deepEqual(readAll(reader), [])
  assert.equal(appender.publish(), true)
  assert.deepEqual(readAll(reader), [
    [0, 'a'],
    [1, 'b'],
  ])
})

test('a frame that does not fit into the rest of a segment goes to the next one', () => {
  const { log, thread } = createWorld(SMALL)
  const { appender } = thread()
  appender.append(frameOfValues(['a'], 3))
  appender.append(frameOfValues(['b'], 2))
  assert.equal(memory.load(log.words, log.tagWord(3)), layout.padTag(1))
  assert.equal(appender.claimedPosition, 4)
  assert.equal(appender.claimedOffset, 1, 'a pad takes no offset')
})

test('a full log refuses without a trace, and has room once its gate is in the next segment', () => {
  for (const segmentGranules of [1, 2, 4, 8]) {
    const { log, thread } = createWorld({ segmentCount: 4, segmentGranules })
    const { appender } = thread()
    hold(log, 0, 0)
    assert.equal(fillUp(appender), log.capacityGranules)
    const before = Buffer.from(log.bytes)
    assert.equal(appender.append(frameOfValues(['too much'])), false)
    assert.ok(log.bytes.equals(before), 'nothing was written')
    assert.equal(appender.endOffset(), log.capacityGranules)

    hold(log, 0, segmentGranules)
    assert.equal(appender.append(frameOfValues(['too early'])), false, 'nothing of the next one')
    hold(log, 0, segmentGranules + 1)
    assert.equal(appender.append(frameOfValues(['now'])), true)
    assert.equal(appender.claimedOffset, log.capacityGranules)
  }
})

test('without a gate the oldest segment gives way', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 1 })
  const { appender } = world.thread()
  appendValues(appender, 'a', 'b', 'c', 'd', 'e', 'f')
  assert.deepEqual(contentOf(world), [
    [2, 'c'],
    [3, 'd'],
    [4, 'e'],
    [5, 'f'],
  ])
})

test('threads in turn follow each other', () => {
  const world = createWorld(SMALL)
  const threads = Array.from({ length: 3 }, () => world.thread().appender)
  const expected: [number, string][] = []
  for (let offset = 0; offset < 12; offset++) {
    const appender = threads[(offset * offset) % 3] as (typeof threads)[0]
    appendValues(appender, `record ${offset}`)
    assert.equal(appender.claimedOffset, offset)
    expected.push([offset, `record ${offset}`])
  }
  assert.deepEqual(contentOf(world), expected)
})

test('the last frame fits exactly into a segment', () => {
  const world = createWorld(SMALL)
  const { appender } = world.thread()
  for (const value of ['a', 'b', 'c']) assert.ok(appender.append(frameOfValues([value], 4)))
  assert.equal(appender.claimedPosition, 8)
  assert.equal(contentOf(world).length, 3)
})

test('the largest frame is appended and read back', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 2 ** 14 })
  const { appender } = world.thread()
  const sizeBytes = world.log.frameBytesMax - layout.FRAME_HEADER_BYTES - layout.RECORD_HEADER_BYTES
  const value = 'x'.repeat(sizeBytes)
  appendValues(appender, value, 'y')
  assert.deepEqual(contentOf(world), [
    [0, value],
    [1, 'y'],
  ])
})

test('a frame holds up to 255 records', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 128 })
  const values = Array.from({ length: layout.FRAME_RECORDS_MAX }, (_, index) => `${index}`)
  world.thread().appender.append(frameOfValues(values))
  assert.deepEqual(
    contentOf(world),
    values.map((value, index) => [index, value]),
  )
})

test('publishing wakes who sleeps for records', () => {
  const { log, table, thread } = createWorld(SMALL)
  const { appender } = thread()
  const sleeper = table.takeSlot()
  const signal = table.signal(sleeper)
  enlist(log.words, layout.DATA_WAITERS_WORD, sleeper)
  appender.claim(frameOfValues(['a']))
  assert.equal(table.signal(sleeper), signal, 'a claim wakes nobody')
  appender.publish()
  assert.notEqual(table.signal(sleeper), signal)
})

test('finishing the oldest frame wakes who found the log full because of it', () => {
  for (const finish of ['publish', 'withdraw'] as const) {
    const { log, table, thread } = createWorld({ segmentCount: 4, segmentGranules: 1 })
    const slow = thread().appender
    const fast = thread()
    slow.claim(frameOfValues(['slow']))
    slow.fill(frameOfValues(['slow']))
    assert.equal(fillUp(fast.appender), 3)
    const signal = table.signal(fast.slot)
    enlist(log.words, layout.SPACE_WAITERS_WORD, fast.slot)
    slow[finish]()
    assert.notEqual(table.signal(fast.slot), signal)
    assert.equal(fast.appender.append(frameOfValues(['fast'])), true)
  }
})

test('a thread that is held for dead learns it when it publishes', () => {
  const world = createWorld(SMALL)
  const { log, table } = world
  const { appender, slot } = world.thread()
  appender.claim(frameOfValues(['a']))
  assert.equal(repairLog(log, table, slot), 1)
  assert.equal(appender.publish(), false)

  const view = SteppedLog.of(log)
  const other = world.thread(view)
  view.before('dataByte', 1, () => repairLog(log, table, other.slot))
  assert.throws(() => other.appender.append(frameOfValues(['b'])), {
    name: 'MillraceError',
    code: 'ENGINE_CLOSED',
    message: 'this thread was declared dead',
  })
  appendValues(world.thread().appender, 'c')
  assert.deepEqual(contentOf(world), [[2, 'c']])
})

test('a claim that is given up is a gap', () => {
  const world = createWorld(SMALL)
  const { log, table } = world
  const { appender } = world.thread()
  const sleeper = table.takeSlot()
  const signal = table.signal(sleeper)
  appender.claim(frameOfValues(['a', 'b']))
  enlist(log.words, layout.DATA_WAITERS_WORD, sleeper)
  appender.withdraw()
  assert.notEqual(table.signal(sleeper), signal, 'readers learn that they may go on')
  assert.equal(countGaps(log, { position: 0, offset: 0 }, 0, 2), 2)
  appendValues(appender, 'c')
  assert.deepEqual(contentOf(world), [[2, 'c']])
})

test('the end is behind the last claim, wherever this thread was', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 2, startOffset: 2 ** 32 - 3 })
  const busy = world.thread().appender
  const idle = world.thread().appender
  assert.equal(idle.endOffset(), 2 ** 32 - 3)
  for (let frames = 1; frames <= 40; frames++) {
    busy.claim(frameOfValues(['x']))
    assert.equal(world.thread().appender.endOffset(), 2 ** 32 - 3 + frames, 'as a claim')
    busy.publish()
    assert.equal(busy.endOffset(), 2 ** 32 - 3 + frames)
    if (frames % 7 === 0) assert.equal(idle.endOffset(), 2 ** 32 - 3 + frames)
  }
})

test('a thread waits while another holds the lease', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 1 })
  const { log } = world
  const holder = world.table.takeSlot()
  const view = SteppedLog.of(log)
  const { appender } = world.thread(view)
  appendValues(appender, 'a')
  memory.store(log.words, layout.LEASE_WORD, holder)
  view.before('isOpen', 4, () => memory.store(log.words, layout.LEASE_WORD, 0))
  appendValues(appender, 'b')
  assert.ok(view.release(), 'it was given up while the thread waited')
  assert.equal(memory.load(log.words, layout.LEASE_WORD), 0)
  assert.deepEqual(contentOf(world), [
    [0, 'a'],
    [1, 'b'],
  ])
})

test('a thread that is a lap behind goes on in the middle of the newest segment', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 256 })
  const view = SteppedLog.of(world.log)
  const sleeper = world.thread(view).appender
  const busy = world.thread().appender
  sleeper.claim(emptyFrame(256, 1))
  sleeper.publish()
  // It sleeps where it is about to open a segment that is a lap further when it wakes.
  view.before('segmentOf', 1, () => rush(world.log, busy, 1024 + 100))
  appendValues(sleeper, 'late')
  assert.equal(sleeper.claimedOffset, 1 + 1024 + 100)
})

test('a thread that is a lap behind goes on where the next segment is not open yet', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 4 })
  const { log } = world
  const view = SteppedLog.of(log)
  const sleeper = world.thread(view).appender
  const busy = world.thread().appender
  appendValues(sleeper, 'a', 'b', 'c', 'd')
  view.before('segmentOf', 1, () => {
    rush(log, busy, 20)
    // A recycler has come as far as that, and died.
    advanceTail(log, 24, 24)
  })
  appendValues(sleeper, 'late')
  assert.equal(sleeper.claimedPosition, 24)
  assert.equal(sleeper.claimedOffset, 24)
})

test('a thread that reads on in the tags of a later lap takes its offset from the next segment', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 4 })
  const view = SteppedLog.of(world.log)
  const sleeper = world.thread(view).appender
  const busy = world.thread().appender
  appendValues(sleeper, 'a')
  // A lap of one record in each granule, and the first segment again, with two in each.
  view.before('tagWord', 1, () => {
    rush(world.log, busy, 15)
    for (let frame = 0; frame < 4; frame++) {
      busy.claim(emptyFrame(1, 2))
      busy.publish()
    }
  })
  appendValues(sleeper, 'late')
  assert.equal(sleeper.claimedPosition, 20)
  assert.equal(sleeper.claimedOffset, 16 + 8)
})

test('a frame that fits no segment, or no tag, is refused before the claim', () => {
  const { log, thread } = createWorld(SMALL)
  const { appender } = thread()
  const fitting = frameOfValues(['a'], SMALL.segmentGranules)
  const tooLong = { ...fitting, to: fitting.to + 1 }
  assert.throws(() => appender.claim(tooLong), {
    name: 'RangeError',
    message: 'a frame has at most 256 bytes and 255 records, but this one has 257 and 1',
  })
  assert.throws(() => appender.claim({ ...fitting, count: 256 }), RangeError)
  assert.equal(appender.endOffset(), 0)
  assert.ok(layout.isFree(memory.load(log.words, log.tagWord(0))), 'nothing was padded either')
  assert.equal(appender.append(fitting), true)
})
