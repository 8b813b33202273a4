import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as memory from '#memory'
import {
  findTimestamp,
  frameHolding,
  heldPlace,
  pin,
  pinOffset,
  pinOldest,
  placeReader,
  segmentHolding,
  tryPinOffset,
  unpin,
} from './finder.js'
import {
  appendValues,
  atEveryStep,
  createWorld,
  Death,
  die,
  frameOf,
  frameOfValues,
  hold,
  type LogWorld,
  readAll,
  rush,
  SteppedLog,
} from './frames.test.helper.js'
import * as layout from './layout.js'
import { Reader } from './reader.js'
import { repairLog } from './repair.js'
import { enlist } from './wait-set.js'

const SMALL = { segmentCount: 4, segmentGranules: 4 }
const TINY = { segmentCount: 4, segmentGranules: 1 }

function pinOf({ log }: LogWorld, slot: number): number {
  return memory.load(log.words, layout.PINS_WORD + slot)
}

// ------------------------------------------------------------------------------------------- pins

test('a pin names its segment until it is taken back, which wakes who waits for space', () => {
  const world = createWorld(SMALL)
  const { log, table } = world
  const slot = table.takeSlot()
  assert.equal(pin(log, table, slot, 3), true, 'any position of the segment')
  assert.equal(pinOf(world, slot), 1)
  assert.equal(memory.load(log.words, layout.PINS_USED_WORD), slot)
  const producer = table.takeSlot()
  const signal = table.signal(producer)
  enlist(log.words, layout.SPACE_WAITERS_WORD, producer)
  unpin(log, table, slot)
  assert.equal(pinOf(world, slot), 0)
  assert.notEqual(table.signal(producer), signal)
})

test('a segment that is not open cannot be pinned', () => {
  const world = createWorld(TINY)
  const { log, table } = world
  const slot = table.takeSlot()
  appendValues(world.thread().appender, 'a', 'b', 'c', 'd', 'e')
  assert.equal(pin(log, table, slot, 0), false, 'it holds the next lap')
  assert.equal(pin(log, table, slot, 5), false, 'it holds the lap before')
  assert.equal(pinOf(world, slot), 0)
  memory.store(log.words, layout.segmentStateWord(1), layout.sealedState(0))
  assert.equal(pin(log, table, slot, 1), false, 'it is sealed')
})

test('the oldest segment is found in every lap', () => {
  const world = createWorld({ ...TINY, startPosition: 2 ** 32 - 3, startOffset: 2 ** 32 - 3 })
  const { log, table } = world
  const { appender } = world.thread()
  const slot = table.takeSlot()
  for (let frames = 0; frames < 12; frames++) {
    const oldest = 2 ** 32 - 3 + Math.max(0, frames - 4)
    const place = { position: oldest | 0, offset: oldest }
    assert.deepEqual(pinOldest(log, table, slot), place)
    assert.equal(pinOf(world, slot), log.segmentOf(place.position) + 1)
    unpin(log, table, slot)
    appendValues(appender, 'x')
  }
})

test('a thread that sleeps while it looks for the oldest pins one that is whole', () => {
  for (const others of [1, 3, 4, 5, 9]) {
    atEveryStep((step) => {
      const world = createWorld(TINY)
      const { log, table } = world
      const { appender } = world.thread()
      appendValues(appender, 'a', 'b', 'c', 'd')
      const view = SteppedLog.of(log).before('any', step, () => rush(log, appender, others))
      const { position, offset } = pinOldest(view, table, table.takeSlot())
      const reached = view.release()
      assert.equal(position, offset)
      assert.equal(log.isOpen(position), true)
      const records = readAll(new Reader(log, position, offset))
      assert.equal(records.length, appender.endOffset() - offset)
      assert.equal(rush(log, appender, 99) < 99, true, 'the pin holds')
      return reached
    })
  }
})

// ---------------------------------------------------------------------------------------- offsets

/** Frames of 1 to 3 records in 1 to 3 granules, of three producers of which one may die. */
const frames = fc.array(
  fc.record({
    count: fc.integer({ min: 1, max: 3 }),
    granules: fc.integer({ min: 1, max: 3 }),
    isAborted: fc.boolean(),
  }),
  { maxLength: 25 },
)
const startOffset = fc.constantFrom(0, 2 ** 31 - 9, 2 ** 32 - 9)

interface Shipment {
  readonly count: number
  readonly granules: number
  readonly isAborted: boolean
}

/** Appends the frames. @returns the offsets of the records that can be read */
function ship(world: LogWorld, shipments: readonly Shipment[]): number[] {
  const { log, table } = world
  const { appender } = world.thread()
  const offsets: number[] = []
  for (const { count, granules, isAborted } of shipments) {
    const content = frameOfValues(new Array<string>(count).fill('.'), granules)
    if (isAborted) {
      const dead = world.thread()
      dead.appender.claim(content)
      repairLog(log, table, dead.slot)
    } else {
      appender.append(content)
      for (let index = 0; index < count; index++) offsets.push(appender.claimedOffset + index)
    }
  }
  return offsets
}

test('every offset that is held is found, and no other', () => {
  fc.assert(
    fc.property(startOffset, frames, (start, shipments) => {
      const world = createWorld({ ...SMALL, startOffset: start })
      const { log, table } = world
      const offsets = ship(world, shipments)
      const slot = table.takeSlot()
      const oldest = pinOldest(log, table, slot).offset
      const end = world.thread().appender.endOffset()
      unpin(log, table, slot)
      for (let offset = start - 2; offset <= end + 2; offset++) {
        const place = pinOffset(log, table, slot, offset)
        assert.equal(place !== undefined, offset >= oldest && offset <= end, `offset ${offset}`)
        assert.equal(pinOf(world, slot) !== 0, place !== undefined)
        if (place === undefined) continue
        assert.deepEqual(heldPlace(log, offset), place)
        const reader = new Reader(log, 0, 0)
        placeReader(reader, place, offset)
        while (reader.nextRecord()) assert.ok(reader.recordOffset >= offset)
        placeReader(reader, place, offset)
        const seen: number[] = []
        do {
          while (reader.nextRecord()) seen.push(reader.recordOffset)
        } while (reader.next())
        assert.deepEqual(
          seen,
          offsets.filter((other) => other >= offset),
        )
        unpin(log, table, slot)
      }
    }),
  )
})

test('the end is found behind a pad, and before a segment that is not open', () => {
  const world = createWorld(SMALL)
  const { log, table } = world
  const { appender } = world.thread()
  const slot = table.takeSlot()
  appender.append(frameOfValues(['a'], 3))
  assert.deepEqual(pinOffset(log, table, slot, 1), { position: 3, offset: 1 })
  const view = SteppedLog.of(log)
  const dead = world.thread(view)
  view.before('isOpen', 2, die)
  assert.throws(() => dead.appender.append(frameOfValues(['b'], 2)), Death)
  assert.equal(memory.load(log.words, log.tagWord(3)), layout.padTag(1))
  assert.deepEqual(pinOffset(log, table, slot, 1), { position: 4, offset: 1 })
  assert.deepEqual(heldPlace(log, 1), { position: 4, offset: 1 })
})

test('a place behind the end is nobody else’s to hold', () => {
  const { log, thread } = createWorld(SMALL)
  appendValues(thread().appender, 'a')
  assert.throws(() => heldPlace(log, 2), { name: 'RangeError', message: /offset 2/ })
})

test('a frame within one segment is found by its offset', () => {
  const { log, thread } = createWorld(SMALL)
  const { appender } = thread()
  appender.append(frameOfValues(['a', 'b'], 2))
  appender.append(frameOfValues(['c', 'd'], 2))
  appendValues(appender, 'e')
  assert.deepEqual(frameHolding(log, 0, 0), { position: 0, offset: 0 })
  assert.deepEqual(frameHolding(log, 0, 1), { position: 0, offset: 0 })
  assert.deepEqual(frameHolding(log, 0, 3), { position: 2, offset: 2 })
  assert.deepEqual(frameHolding(log, 0, 4), { position: 4, offset: 4 })
  assert.equal(frameHolding(log, 0, 5), undefined)
  assert.equal(segmentHolding(log, 3), 0)
  assert.equal(segmentHolding(log, 4), 4)
  assert.equal(segmentHolding(log, -1), undefined)
})

test('the offset before all segments of a full log is not found', () => {
  const { log, table, thread } = createWorld({ ...TINY, startOffset: 10 })
  appendValues(thread().appender, 'a', 'b', 'c', 'd')
  assert.equal(segmentHolding(log, 9), undefined)
  assert.equal(pinOffset(log, table, table.takeSlot(), 9), undefined)
})

test('a seal hides what is whole until it is taken back, and rubble for good', () => {
  const { log, table, thread } = createWorld(TINY)
  appendValues(thread().appender, 'a', 'b', 'c', 'd')
  const slot = table.takeSlot()
  const stateWord = layout.segmentStateWord(0)
  memory.store(log.words, stateWord, layout.sealedState(0))
  assert.equal(tryPinOffset(log, table, slot, 0), 'sealed')
  assert.equal(memory.load(log.words, layout.PINS_WORD + slot), 0, 'nothing is pinned')
  memory.store(log.words, stateWord, layout.openState(0))
  assert.deepEqual(tryPinOffset(log, table, slot, 0), { position: 0, offset: 0 })
  unpin(log, table, slot)
  memory.store(log.words, stateWord, layout.sealedState(0))
  log.setSegmentOffset(0, 4)
  assert.equal(tryPinOffset(log, table, slot, 0), undefined)
})

test('who wants an offset waits while its segment is under a seal', () => {
  const { log, table, thread } = createWorld(TINY)
  appendValues(thread().appender, 'a', 'b', 'c', 'd')
  const state = layout.segmentStateWord(0)
  memory.store(log.words, state, layout.sealedState(0))
  const open = () => memory.store(log.words, state, layout.openState(0))
  const view = SteppedLog.of(log).before('isOpen', 2, open)
  assert.deepEqual(pinOffset(view, table, table.takeSlot(), 0), { position: 0, offset: 0 })
  assert.equal(view.release(), true)
})

test('a segment is pinned as soon as the seal is lifted that hid it', () => {
  const world = createWorld(TINY)
  const { log, table } = world
  appendValues(world.thread().appender, 'a', 'b', 'c')
  const state = layout.segmentStateWord(1)
  const view = SteppedLog.of(log)
  const slot = table.takeSlot()
  // Sealed between the hint and the pin, opened again before the second try.
  view.before('segmentOffset', 2, () => {
    memory.store(log.words, state, layout.sealedState(0))
    view.before('isOpen', 2, () => memory.store(log.words, state, layout.openState(0)))
  })
  assert.deepEqual(pinOffset(view, table, slot, 1), { position: 1, offset: 1 })
  assert.equal(view.release(), true)
})

test('a gate’s place is found under the seal of a recycler that is about to see the gate', () => {
  const { log, thread } = createWorld(TINY)
  appendValues(thread().appender, 'a', 'b', 'c', 'd')
  hold(log, 0, 0)
  memory.store(log.words, layout.segmentStateWord(0), layout.sealedState(0))
  assert.deepEqual(heldPlace(log, 0), { position: 0, offset: 0 })
})

test('a thread that sleeps while it looks for an offset finds it, or it is gone', () => {
  const drawn = [1, 2, 4, 6, 8].flatMap((others) => [4, 5].map((end) => ({ others, end })))
  for (const { others, end } of drawn) {
    for (let wanted = 0; wanted <= end; wanted++) {
      atEveryStep((step) => {
        const world = createWorld({ segmentCount: 4, segmentGranules: 2 })
        const { log, table } = world
        const { appender } = world.thread()
        rush(log, appender, end)
        const slot = table.takeSlot()
        const view = SteppedLog.of(log).before('any', step, () => rush(log, appender, others))
        const place = pinOffset(view, table, slot, wanted)
        const reached = view.release()
        if (place === undefined) {
          assert.ok(wanted < pinOldest(log, table, slot).offset)
        } else {
          assert.deepEqual(place, { position: wanted, offset: wanted })
          assert.equal(
            log.isOpen(log.segmentStart(wanted)) || wanted === appender.endOffset(),
            true,
          )
        }
        return reached
      })
    }
  }
})

// ------------------------------------------------------------------------------------- placeReader

test('a reader is placed within a frame, or behind a gap', () => {
  const world = createWorld(SMALL)
  const { log, table } = world
  const { appender } = world.thread()
  appender.append(frameOfValues(['a', 'b', 'c']))
  const dead = world.thread()
  dead.appender.claim(frameOfValues(['x', 'y']))
  repairLog(log, table, dead.slot)
  const reader = new Reader(log, 0, 0)
  placeReader(reader, heldPlace(log, 4), 4)
  assert.equal(reader.next(), false)
  assert.equal(reader.offset, 5, 'nothing follows the gap yet')
  appendValues(appender, 'd')
  const placed = (offset: number): number => {
    placeReader(reader, heldPlace(log, offset), offset)
    assert.ok(reader.next() && reader.nextRecord())
    return reader.recordOffset
  }
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(placed), [0, 1, 2, 5, 5, 5])
})

test('a reader placed within a frame that is still being written begins there once it is published', () => {
  const world = createWorld(SMALL)
  const { log } = world
  const { appender } = world.thread()
  const frame = frameOfValues(['a', 'b', 'c'])
  appender.claim(frame)
  const reader = new Reader(log, 0, 0)
  placeReader(reader, heldPlace(log, 2), 2)
  assert.equal(reader.next(), false)
  appender.fill(frame)
  appender.publish()
  assert.ok(reader.next() && reader.nextRecord())
  assert.equal(reader.recordOffset, 2)
})

// ------------------------------------------------------------------------------------- timestamps

const timedFrames = fc.array(
  fc.record({
    timestamps: fc.array(fc.option(fc.nat(20), { nil: undefined }), { minLength: 1, maxLength: 3 }),
    timestamp: fc.nat(20),
    isAborted: fc.boolean(),
  }),
  { maxLength: 20 },
)

test('a timestamp leads to the first record that is not older', () => {
  fc.assert(
    fc.property(timedFrames, (shipments) => {
      const world = createWorld({ segmentCount: 4, segmentGranules: 8 })
      const { log, table } = world
      const slot = table.takeSlot()
      const { appender } = world.thread()
      const records: [number, number][] = []
      let end = 0
      for (const { timestamps, timestamp, isAborted } of shipments) {
        const content = frameOf(
          timestamps.map((own) =>
            own === undefined ? { value: '' } : { value: '', timestamp: own },
          ),
          timestamp,
        )
        if (isAborted) {
          const dead = world.thread()
          dead.appender.claim(content)
          repairLog(log, table, dead.slot)
        } else {
          appender.append(content)
          for (const [index, own] of timestamps.entries()) {
            records.push([appender.claimedOffset + index, own ?? timestamp])
          }
        }
        end += timestamps.length
      }
      const oldest = pinOldest(log, table, slot).offset
      unpin(log, table, slot)
      for (let wanted = 0; wanted <= 21; wanted++) {
        const found = findTimestamp(log, table, slot, wanted)
        const expected = records.find(([offset, at]) => offset >= oldest && at >= wanted)?.[0]
        assert.equal(found, expected ?? end)
        assert.equal(pinOf(world, slot), 0)
      }
    }),
  )
})

test('a frame that is being written counts as new enough', () => {
  const { log, table, thread } = createWorld(SMALL)
  const { appender } = thread()
  appender.append(frameOf([{ value: 'a' }], 5))
  thread().appender.claim(frameOfValues(['b']))
  assert.equal(findTimestamp(log, table, table.takeSlot(), 100), 1)
})

test('a search that loses its segment begins again at the oldest', () => {
  const world = createWorld(TINY)
  const { log, table } = world
  const { appender } = world.thread()
  const at = (timestamp: number) => appender.append(frameOf([{ value: '' }], timestamp))
  for (const timestamp of [1, 2, 3, 4]) at(timestamp)
  const view = SteppedLog.of(log)
  const slot = table.takeSlot()
  // Between two pins the log runs on by more than a lap.
  const readsOn = SteppedLog.prototype.segmentOf
  let pins = 0
  view.segmentOf = (position) => {
    if (pinOf(world, slot) === 0 && ++pins === 3) for (let now = 5; now <= 10; now++) at(now)
    return readsOn.call(view, position)
  }
  assert.equal(findTimestamp(view, table, slot, 9), 8)
  assert.equal(pinOf(world, slot), 0)
})

test('a thread that sleeps at any step of a search finds a true answer', () => {
  for (const others of [1, 3, 5, 9]) {
    atEveryStep((step) => {
      const world = createWorld(TINY)
      const { log, table } = world
      const { appender } = world.thread()
      const at = (timestamp: number) => appender.append(frameOf([{ value: '' }], timestamp))
      for (let now = 0; now < 4; now++) at(now)
      const view = SteppedLog.of(log).before('any', step, () => {
        for (let now = 4; now < 4 + others; now++) at(now)
      })
      const found = findTimestamp(view, table, table.takeSlot(), 3)
      const reached = view.release()
      const oldest = pinOldest(log, table, table.takeSlot()).offset
      assert.ok(found === 3 || (found > 3 && found <= oldest), `${found}, the oldest is ${oldest}`)
      return reached
    })
  }
})
