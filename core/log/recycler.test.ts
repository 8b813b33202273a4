import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memory from '#memory'
import { raiseTo } from '../thread-table.js'
import { pin, pinOldest, unpin } from './finder.js'
import {
  appendValues,
  atEveryStep,
  contentOf,
  createWorld,
  Death,
  die,
  frameOfValues,
  hold,
  type LogWorld,
  SteppedLog,
} from './frames.test.helper.js'
import * as layout from './layout.js'
import { Opening, openSegment } from './recycler.js'
import { repairLog } from './repair.js'

const TINY = { segmentCount: 4, segmentGranules: 1 }

/** Records a, b, c and d fill the log: the next segment to open is the one of record a. */
function createFull(geometry = TINY): LogWorld {
  const world = createWorld(geometry)
  appendValues(world.thread().appender, 'a', 'b', 'c', 'd')
  return world
}

function stateOf({ log }: LogWorld, segment: number): number {
  return memory.load(log.words, layout.segmentStateWord(segment))
}

const INTACT: [number, string][] = [
  [0, 'a'],
  [1, 'b'],
  [2, 'c'],
  [3, 'd'],
]

test('what nobody needs is recycled', () => {
  const world = createFull()
  const slot = world.table.takeSlot()
  assert.equal(openSegment(world.log, slot, 4, 4), Opening.OPEN)
  assert.equal(world.log.isOpen(4), true)
  assert.equal(world.log.segmentOffset(0), 4)
  assert.equal(world.log.segmentUse(0), 1)
  assert.equal(memory.load(world.log.words, world.log.tagWord(4)), layout.freeTag(1))
  assert.equal(memory.load(world.log.words, layout.LEASE_WORD), 0)
  assert.deepEqual(contentOf(world), INTACT.slice(1))
  assert.equal(openSegment(world.log, slot, 4, 4), Opening.OPEN, 'it is open already')
})

test('every gate must have passed the segment', () => {
  const world = createFull()
  const { log } = world
  const slot = world.table.takeSlot()
  hold(log, 0, 4)
  hold(log, 7, 0)
  assert.equal(openSegment(log, slot, 4, 4), Opening.FULL)
  assert.equal(stateOf(world, 0), layout.openState(0))
  memory.store(log.words, layout.gateStateWord(7), 0)
  assert.equal(openSegment(log, slot, 4, 4), Opening.OPEN, 'the gate is not active any more')
})

test('a gate counts also where offsets pass 2^31 and 2^32', () => {
  for (const startOffset of [2 ** 31 - 1, 2 ** 32 - 1]) {
    const world = createFull({ ...TINY, startOffset } as typeof TINY)
    const { log } = world
    const slot = world.table.takeSlot()
    hold(log, 0, startOffset)
    assert.equal(openSegment(log, slot, 4, startOffset + 4), Opening.FULL)
    hold(log, 0, startOffset + 4)
    assert.equal(openSegment(log, slot, 4, startOffset + 4), Opening.OPEN)
  }
})

test('a pin holds its segment', () => {
  const world = createFull()
  const { log, table } = world
  const slot = table.takeSlot()
  const reader = table.takeSlot()
  assert.ok(pin(log, table, reader, 0))
  assert.equal(openSegment(log, slot, 4, 4), Opening.FULL)
  assert.equal(stateOf(world, 0), layout.openState(0), 'it is not left sealed')
  assert.deepEqual(contentOf(world), INTACT)
  unpin(log, table, reader)
  assert.equal(openSegment(log, slot, 4, 4), Opening.OPEN)
})

test('a pin on another segment holds nothing here', () => {
  const { log, table } = createFull()
  assert.ok(pin(log, table, table.takeSlot(), 1))
  assert.equal(openSegment(log, table.takeSlot(), 4, 4), Opening.OPEN)
})

test('an unfinished frame holds its segment, wherever it lies in it', () => {
  for (const before of [0, 1, 2]) {
    const world = createWorld({ segmentCount: 4, segmentGranules: 4 })
    const { log, table } = world
    const slow = world.thread().appender
    const { appender, slot } = world.thread()
    for (let frame = 0; frame < before; frame++) appendValues(appender, 'before')
    slow.claim(frameOfValues(['slow']))
    slow.fill(frameOfValues(['slow']))
    for (let frame = before + 1; frame < 16; frame++) appendValues(appender, 'after')
    assert.equal(openSegment(log, slot, 16, 16), Opening.FULL)
    assert.equal(log.isOpen(0), true)
    assert.equal(slow.publish(), true)
    assert.equal(openSegment(log, slot, 16, 16), Opening.OPEN)
    assert.equal(repairLog(log, table, slot), 0)
  }
})

test('one thread recycles at a time', () => {
  const { log, table } = createFull()
  const [one, other] = [table.takeSlot(), table.takeSlot()]
  memory.store(log.words, layout.LEASE_WORD, one)
  assert.equal(openSegment(log, other, 4, 4), Opening.BUSY)
  assert.equal(memory.load(log.words, layout.LEASE_WORD), one)
})

test('a thread that is behind is sent to the tail and changes nothing', () => {
  const world = createFull()
  const { log, table } = world
  const slot = table.takeSlot()
  appendValues(world.thread().appender, 'e', 'f', 'g', 'h', 'i', 'j')
  const before = contentOf(world)
  for (const position of [1, 2, 3, 4, 5]) {
    assert.equal(openSegment(log, slot, position, 0), Opening.STALE, `at ${position}`)
  }
  assert.equal(openSegment(log, slot, 11, 11), Opening.STALE, 'nor is one left out')
  assert.equal(memory.load(log.words, layout.LEASE_WORD), 0)
  assert.deepEqual(contentOf(world), before)
})

/** As `group/cursor.ts` does: the owner of a partition reads from an offset on. */
function holdAsOwner({ log }: LogWorld, gate: number, offset: number): void {
  memory.store(log.words, layout.gateHeldWord(gate), offset | 0)
  memory.store(log.words, layout.gateHolderWord(gate), 1)
  raiseTo(log.words, layout.GATES_USED_WORD, gate + 1)
}

test('the owner of a partition holds its segment until it has read a record of the next one', () => {
  for (const startOffset of [0, 2 ** 31 - 1, 2 ** 32 - 1]) {
    const world = createWorld({ ...TINY, startOffset })
    const slot = world.table.takeSlot()
    appendValues(world.thread().appender, 'a', 'b', 'c', 'd')
    const open = () => openSegment(world.log, slot, 4, startOffset + 4)
    for (const ahead of [0, 1]) {
      holdAsOwner(world, 7, startOffset + ahead)
      assert.equal(open(), Opening.FULL, `${ahead} ahead`)
    }
    assert.deepEqual(contentOf(world)[0], [startOffset, 'a'])
    holdAsOwner(world, 7, startOffset + 2)
    assert.equal(open(), Opening.OPEN)
  }
})

test('a log that is full says so without the lease', () => {
  const holders: ((world: LogWorld) => void)[] = [
    ({ log }) => hold(log, 0, 0),
    (world) => holdAsOwner(world, 0, 0),
  ]
  for (const holdOldest of holders) {
    const world = createFull()
    const { log, table } = world
    holdOldest(world)
    const busy = table.takeSlot()
    memory.store(log.words, layout.LEASE_WORD, busy)
    assert.equal(openSegment(log, table.takeSlot(), 4, 4), Opening.FULL)
    assert.equal(memory.load(log.words, layout.LEASE_WORD), busy)
  }
})

/** What may hold the oldest segment, each with how it lets go. */
const HOLDERS: Record<string, (world: LogWorld) => () => void> = {
  nobody: () => () => {},
  gate: ({ log }) => {
    hold(log, 0, 0)
    return () => hold(log, 0, 4)
  },
  owner: (world) => {
    holdAsOwner(world, 0, 0)
    return () => memory.store(world.log.words, layout.gateHolderWord(0), 0)
  },
  pin: ({ log, table }) => {
    const slot = table.takeSlot()
    assert.ok(pin(log, table, slot, 0))
    return () => unpin(log, table, slot)
  },
}

test('a recycler that dies at any step harms nothing that is held, and the next one goes on', () => {
  for (const [holder, holdOldest] of Object.entries(HOLDERS)) {
    const steps = atEveryStep((step) => {
      const world = createFull()
      const { log, table } = world
      const letGo = holdOldest(world)
      const mortal = table.takeSlot()
      const heir = table.takeSlot()
      const view = SteppedLog.of(log).before('any', step, die)
      let died = false
      try {
        openSegment(view, mortal, 4, 4)
      } catch (error) {
        assert.ok(error instanceof Death)
        died = true
        repairLog(log, table, mortal)
      }
      assert.equal(memory.load(log.words, layout.LEASE_WORD), 0)
      if (holder !== 'nobody') {
        assert.equal(openSegment(log, heir, 4, 4), Opening.FULL, `${holder}, step ${step}`)
        const tag = memory.load(log.words, log.tagWord(0))
        assert.equal(tag, layout.publishedTag(1, 1), 'the record is still there')
      }
      letGo()
      assert.equal(openSegment(log, heir, 4, 4), Opening.OPEN)
      assert.deepEqual(contentOf(world), INTACT.slice(1))
      appendValues(world.thread().appender, 'e')
      assert.deepEqual(contentOf(world), [...INTACT.slice(1), [4, 'e']])
      return died
    })
    assert.ok(steps > 0)
  }
})

test('a gate that moves back under a pin, at any step of a recycler, keeps its record', () => {
  atEveryStep((step) => {
    const world = createFull()
    const { log, table } = world
    hold(log, 0, 4)
    const seeker = table.takeSlot()
    let held = false
    const view = SteppedLog.of(log).before('any', step, () => {
      held = pin(log, table, seeker, 0)
      if (held) hold(log, 0, 0)
      unpin(log, table, seeker)
    })
    const opening = openSegment(view, table.takeSlot(), 4, 4)
    const reached = view.release()
    if (held && opening === Opening.FULL) {
      assert.deepEqual(contentOf(world), INTACT)
      assert.equal(openSegment(log, table.takeSlot(), 4, 4), Opening.FULL)
    } else if (reached) {
      assert.equal(held, false, `step ${step}: either the pin or the recycler comes too late`)
    }
    return reached
  })
})

test('what a dead recycler sealed is opened again while somebody needs it', () => {
  for (const [holder, holdOldest] of Object.entries(HOLDERS)) {
    const world = createFull()
    const { log, table } = world
    const slot = table.takeSlot()
    const letGo = holdOldest(world)
    memory.store(log.words, layout.segmentStateWord(0), layout.sealedState(0))
    const expected = holder === 'nobody' ? Opening.OPEN : Opening.FULL
    assert.equal(openSegment(log, slot, 4, 4), expected, holder)
    if (holder === 'nobody') continue
    assert.equal(stateOf(world, 0), layout.openState(0), 'it is whole')
    letGo()
    assert.equal(openSegment(log, slot, 4, 4), Opening.OPEN)
  }
})

test('a recycler that dies with an unused segment takes no room, and makes nothing of it', () => {
  for (const used of [1, 2, 3]) {
    atEveryStep((step) => {
      const world = createWorld(TINY)
      const { log, table } = world
      hold(log, 0, 0)
      for (let frame = 0; frame < used; frame++) appendValues(world.thread().appender, 'used')
      const mortal = table.takeSlot()
      const view = SteppedLog.of(log).before('any', step, die)
      let died = false
      try {
        openSegment(view, mortal, used, used)
      } catch (error) {
        assert.ok(error instanceof Death)
        died = true
        repairLog(log, table, mortal)
      }
      // Else the append would wait for ever.
      assert.equal(memory.load(log.words, layout.LEASE_WORD), 0)
      appendValues(world.thread().appender, 'next')
      const slot = table.takeSlot()
      assert.deepEqual(pinOldest(log, table, slot), { position: 0, offset: 0 })
      return died
    })
  }
})

test('the repair takes the seal off what a dead recycler left whole, and off nothing else', () => {
  for (const lap of [0, 2]) {
    for (const segment of [0, 1, 2]) {
      const world = createWorld({ segmentCount: 4, segmentGranules: 2 })
      const { log, table } = world
      const { appender } = world.thread()
      for (let frame = 0; frame < 8 * (lap + 1); frame++) appendValues(appender, 'record')
      const before = contentOf(world)
      const dead = table.takeSlot()
      const busy = table.takeSlot()
      memory.store(log.words, layout.segmentStateWord(segment), layout.sealedState(lap))
      memory.store(log.words, layout.LEASE_WORD, busy)
      repairLog(log, table, dead)
      assert.equal(stateOf(world, segment), layout.sealedState(lap), 'its recycler is alive')
      repairLog(log, table, busy)
      assert.equal(stateOf(world, segment), layout.openState(lap))
      assert.deepEqual(contentOf(world), before)
    }
  }
})

test('what a recycler gave a new offset before it died is not opened again', () => {
  const world = createFull()
  const { log, table } = world
  memory.store(log.words, layout.segmentStateWord(0), layout.sealedState(0))
  log.setSegmentOffset(0, 4)
  const slot = table.takeSlot()
  memory.store(log.words, layout.LEASE_WORD, slot)
  repairLog(log, table, slot)
  assert.equal(stateOf(world, 0), layout.sealedState(0))
  assert.deepEqual(contentOf(world), INTACT.slice(1))
})

test('rubble that a recycler left when it died is filled anew', () => {
  const world = createWorld({ segmentCount: 4, segmentGranules: 4 })
  const { log, table } = world
  const { appender, slot } = world.thread()
  for (let frame = 0; frame < 16; frame++) appendValues(appender, `record ${frame}`)
  // It died in the middle of the fill: the old chain leads into free tags of the next lap.
  memory.store(log.words, layout.segmentStateWord(0), layout.sealedState(0))
  log.setSegmentOffset(0, 16)
  memory.fill(log.words, layout.freeTag(1), log.tagWord(1), log.tagWord(3))
  assert.equal(openSegment(log, slot, 16, 16), Opening.OPEN)
  for (let position = 16; position < 20; position++) {
    assert.equal(memory.load(log.words, log.tagWord(position)), layout.freeTag(1))
  }
  assert.equal(repairLog(log, table, slot), 0)
})
