import assert from 'node:assert/strict'
import {
  acquire,
  activateGate,
  commit,
  committedOffset,
  deactivateGate,
  deliveredOffset,
  fence,
  hold,
  holderOf,
  isActive,
  isPaused,
  markDelivered,
  ownership,
  release,
  seekCursor,
  setPaused,
} from '../../../core/group/cursor.js'
import { heldPlace, pinOffset, placeReader, unpin } from '../../../core/log/finder.js'
import { countGaps } from '../../../core/log/gaps.js'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import { advanceTail, readTail } from '../../../core/log/tail.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import {
  append,
  appenderOf,
  contentOf,
  createWorld,
  describeLog,
  frame,
  type LogWorld,
  readFrame,
  repair,
  slotOf,
} from '../scenarios/log-world.js'
import type { Subject } from './subjects.js'

/*
 * Small scenarios in which two do to one word what usually one does at a time: what the larger
 * scenarios do not come to.
 */

const GATE = 0

/** A full log from offset 0 on, one record in each granule. */
function fullLog(actors: readonly string[], segmentGranules: number): LogWorld {
  const geometry: LogGeometry = {
    segmentCount: 4,
    segmentGranules,
    startPosition: 0,
    startOffset: 0,
  }
  const world = createWorld(geometry, [...actors, 'before'])
  const appender = appenderOf(world, 'before')
  for (let number = 0; number < 4 * segmentGranules; number++) {
    appender.append(frame(0, number, 1))
  }
  return world
}

/** Whoever moves a cursor begins an epoch of its own, whatever others do to it meanwhile. */
export function manyEpochs(): Scenario<LogWorld> {
  return {
    name: 'duel: seeks, a commit and a new owner',
    setup() {
      const world = fullLog(['seeker1', 'seeker2', 'owner', 'watcher'], 1)
      activateGate(world.log, GATE, 0)
      return world
    },
    actors: {
      seeker1: ({ log, threads }) => seekCursor(log, threads, GATE, 1),
      seeker2: ({ log, threads }) => seekCursor(log, threads, GATE, 2),
      owner(world) {
        const { log, threads } = world
        const owned = acquire(log, GATE, slotOf(world, 'owner'))
        assert.ok(owned !== undefined)
        record(commit(log, threads, GATE, owned.epoch, owned.committed, 3))
      },
      watcher({ log }) {
        record(deliveredOffset(log, GATE))
        record(holderOf(log, GATE))
      },
    },
    describe: describeLog,
    check({ log }, ending) {
      const { epoch, committed } = ownership(log, GATE)
      assert.equal(epoch, 4, 'activated, acquired, sought twice')
      assert.ok([1, 2, 3].includes(committed))
      assert.ok([1, 2].includes(deliveredOffset(log, GATE)), 'a seek is no delivery')
      if (committed === 3) assert.deepEqual(ending.events('owner'), [true])
      if (ending.events('owner').includes(false)) sometimes('commit refused')
    },
  }
}

/**
 * A member is fenced although it lives, as one that hangs: what it commits afterwards is refused,
 * what it gives back is not its successor's.
 */
export function fencedAlive(): Scenario<LogWorld> {
  return {
    name: 'duel: fenced alive',
    setup() {
      const world = fullLog(['member1', 'member2', 'supervisor'], 1)
      activateGate(world.log, GATE, 0)
      acquire(world.log, GATE, slotOf(world, 'member1'))
      return world
    },
    ordersEvents: true,
    actors: {
      member1(world) {
        const { log, threads } = world
        record('commits')
        record(commit(log, threads, GATE, 2, 0, 1))
        release(log, GATE, slotOf(world, 'member1'))
      },
      member2(world) {
        const owned = acquire(world.log, GATE, slotOf(world, 'member2'))
        if (owned !== undefined) record(owned.committed)
      },
      supervisor(world) {
        fence(world.log, GATE, slotOf(world, 'member1'))
        record('fenced')
      },
    },
    describe: describeLog,
    check(world, ending) {
      const { log } = world
      const [from] = ending.events('member2')
      const [, committed] = ending.events('member1')
      const isHeld = from !== undefined
      assert.equal(holderOf(log, GATE), isHeld ? slotOf(world, 'member2') : 0)
      assert.equal(committedOffset(log, GATE), committed === true ? 1 : 0)
      if (isHeld) assert.equal(from, committed === true ? 1 : 0, 'no commit after the hand-over')
      const history = ending.history().map(({ event }) => event)
      const isLate = history.indexOf('fenced') < history.indexOf('commits')
      if (isLate) assert.equal(committed, false, 'the fenced are refused')
      if (isLate && isHeld) sometimes('taken over')
    },
  }
}

/** A gate that another group had: who sees it active sees all of what it is now. */
export function gateReused(): Scenario<LogWorld> {
  return {
    name: 'duel: a gate is used again',
    setup() {
      const world = fullLog(['coordinator', 'zombie', 'watcher', 'producer1'], 1)
      const { log, threads } = world
      activateGate(log, GATE, 3)
      markDelivered(log, GATE, 4)
      setPaused(log, GATE, true)
      deactivateGate(log, threads, GATE)
      return world
    },
    actors: {
      coordinator: (world) => activateGate(world.log, GATE, 1),
      zombie: ({ log, threads }) => record(commit(log, threads, GATE, 1, 3, 4)),
      watcher({ log }) {
        if (!isActive(log, GATE)) return
        const { committed } = ownership(log, GATE)
        record([committed, deliveredOffset(log, GATE), isPaused(log, GATE)])
      },
      producer1(world) {
        if (!append(appenderOf(world, 'producer1'), 1, frame(1, 1, 1), 1)) record('full')
      },
    },
    describe: describeLog,
    check({ log }, ending) {
      const [seen] = ending.events('watcher')
      if (seen !== undefined) assert.deepEqual(seen, [1, 1, false])
      assert.equal(committedOffset(log, GATE), 1, 'a member of the group before commits nothing')
      assert.equal(ownership(log, GATE).epoch, 2)
      if (seen !== undefined) sometimes('seen active')
    },
  }
}

/** What the owner before held says nothing about what this one does. */
export function heldAnew(): Scenario<LogWorld> {
  return {
    name: 'duel: an owner begins while a seek lets go',
    setup() {
      const world = fullLog(['owner', 'seeker', 'producer1'], 1)
      activateGate(world.log, GATE, 0)
      hold(world.log, GATE, 4)
      return world
    },
    actors: {
      owner(world) {
        const { log } = world
        const owned = acquire(log, GATE, slotOf(world, 'owner'))
        assert.ok(owned !== undefined)
        const place = heldPlace(log, owned.committed)
        const reader = new Reader(log, place.position, place.offset)
        placeReader(reader, place, owned.committed)
        if (reader.next()) readFrame(reader)
      },
      seeker(world) {
        const { log, threads } = world
        const slot = slotOf(world, 'seeker')
        assert.ok(pinOffset(log, threads, slot, 4) !== undefined)
        seekCursor(log, threads, GATE, 4)
        unpin(log, threads, slot)
      },
      producer1(world) {
        if (!append(appenderOf(world, 'producer1'), 1, frame(1, 1, 1), 1)) record('full')
      },
    },
    describe: describeLog,
    check(_world, ending) {
      const [first] = ending.events('owner') as { offset: number }[]
      if (first !== undefined) assert.ok(first.offset === 0 || first.offset === 4)
      if (ending.events('producer1').includes('full')) sometimes('held')
    },
  }
}

/** Two frames are given up at a time, while somebody counts the gaps and the records. */
export function manyGaps(): Scenario<LogWorld> {
  const geometry: LogGeometry = {
    segmentCount: 4,
    segmentGranules: 4,
    startPosition: 0,
    startOffset: 0,
  }
  const giveUp = (name: string, sender: number) => (world: LogWorld) => {
    const appender = appenderOf(world, name)
    const content = frame(sender, 1, 1)
    assert.ok(appender.claim(content))
    appender.fill(content)
    appender.withdraw()
    record('withdrawn')
  }
  const gapsOf = ({ log }: LogWorld, end: number) =>
    countGaps(log, { position: 0, offset: 0 }, 0, end)
  return {
    name: 'duel: gaps',
    setup: () => createWorld(geometry, ['producer1', 'producer2', 'watcher']),
    actors: {
      producer1: giveUp('producer1', 1),
      producer2: giveUp('producer2', 2),
      watcher(world) {
        const end = appenderOf(world, 'watcher').endOffset()
        const gaps = gapsOf(world, end)
        record([end, gaps])
        assert.ok(gaps <= end)
      },
    },
    mortal: ['producer1'],
    repair,
    describe: describeLog,
    check(world) {
      const { abortedFrames, endOffset, records } = contentOf(world.log)
      assert.equal(abortedFrames, endOffset - records.length)
      assert.equal(gapsOf(world, endOffset), abortedFrames, 'every gap is counted')
      if (abortedFrames === 2) sometimes('two gaps')
    },
  }
}

/** Two begin a log's pins at a time: the recycler looks at both. */
export function manyPins(): Scenario<LogWorld> {
  const visit = (name: string) => (world: LogWorld) => {
    const { log, threads } = world
    const slot = slotOf(world, name)
    const place = pinOffset(log, threads, slot, 0)
    if (place === undefined) return
    const reader = new Reader(log, place.position, place.offset)
    assert.ok(reader.next())
    readFrame(reader)
    unpin(log, threads, slot)
  }
  return {
    name: 'duel: pins',
    setup: () => fullLog(['visitor1', 'visitor2', 'producer1'], 1),
    actors: {
      visitor1: visit('visitor1'),
      visitor2: visit('visitor2'),
      producer1(world) {
        if (!append(appenderOf(world, 'producer1'), 1, frame(1, 1, 1), 1)) record('full')
      },
    },
    describe: describeLog,
    check(_world, ending) {
      if (ending.events('producer1').includes('full')) sometimes('held')
    },
  }
}

/** The tail goes forward only, whoever moves it. */
export function tailMovers(): Scenario<LogWorld> {
  return {
    name: 'duel: the tail',
    setup: () => fullLog(['watcher'], 4),
    actors: {
      mover1: ({ log }) => advanceTail(log, 13, 13),
      mover2: ({ log }) => advanceTail(log, 14, 14),
      watcher: ({ log }) => record(readTail(log).position),
    },
    describe: describeLog,
    check({ log }, ending) {
      assert.equal(readTail(log).position, 14)
      const [seen] = ending.events('watcher')
      assert.ok([12, 13, 14].includes(seen as number))
      if (seen === 13) sometimes('seen between')
    },
  }
}

/** Whoever looks for the end of the log finds it, though segment after segment is used again. */
export function lappedWatcher(): Scenario<LogWorld> {
  return {
    name: 'duel: lapped',
    setup: () => fullLog(['producer1', 'watcher'], 1),
    actors: {
      producer1(world) {
        const appender = appenderOf(world, 'producer1')
        for (let number = 1; number <= 5; number++) {
          append(appender, 1, frame(1, number, 1), number)
        }
      },
      watcher(world) {
        const appender = appenderOf(world, 'watcher')
        for (let end = appender.endOffset(), look = 0; look < 2; look++) {
          const next = appender.endOffset()
          assert.ok(next >= end && next <= 9, `the end went from ${end} to ${next}`)
          end = next
          record(end)
        }
      },
    },
    describe: describeLog,
    check(_world, ending) {
      if (ending.events('watcher').includes(9)) sometimes('all seen')
    },
  }
}

/** Threads come and go: no two have one slot, and whoever takes one is woken by `wakeAll`. */
export function manySlots(): Scenario<LogWorld> {
  const geometry: LogGeometry = {
    segmentCount: 4,
    segmentGranules: 1,
    startPosition: 0,
    startOffset: 0,
  }
  const come = ({ threads }: LogWorld) => {
    const slot = threads.takeSlot()
    record(slot)
    const signal = threads.signal(slot)
    if (threads.generation(0) === 0) threads.wait(slot, signal, Number.POSITIVE_INFINITY)
    assert.equal(threads.generation(0), 1, 'nobody is woken for nothing')
  }
  return {
    name: 'duel: slots',
    setup: () => createWorld(geometry, ['announcer']),
    actors: {
      thread1: come,
      thread2: come,
      announcer: ({ threads }) => threads.advanceGeneration(0),
    },
    describe: describeLog,
    check(_world, ending) {
      const slots = ['thread1', 'thread2'].flatMap((thread) => ending.events(thread))
      assert.equal(new Set(slots).size, 2, 'each has a slot of its own')
    },
  }
}

export function duels(): Subject[] {
  const twice = { preemptions: 2, crashes: 0 }
  const thrice = { preemptions: 3, crashes: 0 }
  return [
    { scenario: manyEpochs(), bounds: twice },
    { scenario: fencedAlive(), bounds: thrice },
    { scenario: gateReused(), bounds: twice },
    { scenario: heldAnew(), bounds: twice },
    { scenario: manyGaps(), bounds: { preemptions: 2, crashes: 1 } },
    { scenario: manyPins(), bounds: thrice },
    { scenario: tailMovers(), bounds: thrice },
    { scenario: lappedWatcher(), bounds: twice },
    { scenario: manySlots(), bounds: thrice },
  ]
}
