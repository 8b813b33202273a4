import assert from 'node:assert/strict'
import { failedRecord, noteFailed } from '../../../core/group/attempt.js'
import {
  acquire,
  activateGate,
  commit,
  committedOffset,
  deactivateGate,
  deliveredOffset,
  fence,
  follow,
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
import { Reader } from '../../../core/log/reader.js'
import { Status } from '../execution.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import {
  appenderOf,
  appendOrSleep,
  describeLog,
  frame,
  type LogWorld,
  readFrame,
  slotOf,
} from '../scenarios/log-world.js'
import { appendOne, fullLog } from './full-log.js'
import type { Subject } from './subjects.js'

/*
 * Small scenarios in which two do to one word what usually one does at a time: what the larger
 * scenarios do not come to.
 */

const GATE = 0

/** Whoever moves a cursor begins an epoch of its own, whatever others do to it meanwhile. */
function manyEpochs(): Scenario<LogWorld> {
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
        const isCommitted = commit(log, threads, GATE, owned.epoch, owned.committed, 3)
        record(isCommitted)
        if (!isCommitted) record(follow(log, GATE).committed)
      },
      watcher({ log }) {
        record(deliveredOffset(log, GATE))
        record(holderOf(log, GATE))
        record(ownership(log, GATE).epoch)
      },
    },
    describe: describeLog,
    check({ log }, ending) {
      const { epoch, committed } = ownership(log, GATE)
      assert.equal(epoch, 4, 'activated, acquired, sought twice')
      assert.ok([1, 2, 3].includes(committed))
      assert.ok([1, 2].includes(deliveredOffset(log, GATE)), 'a seek is no delivery')
      if (committed === 3) assert.equal(ending.events('owner')[0], true)
      if (ending.events('owner').includes(false)) sometimes('commit refused')
    },
  }
}

/**
 * A member is fenced although it lives, as one that hangs: what it commits afterwards is refused,
 * what it gives back is not its successor's.
 */
function fencedAlive(): Scenario<LogWorld> {
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
function gateReused(): Scenario<LogWorld> {
  return {
    name: 'duel: a gate is used again',
    setup() {
      const world = fullLog(['coordinator', 'zombie', 'watcher', 'onlooker', 'producer1'], 1)
      const { log, threads } = world
      activateGate(log, GATE, 3)
      markDelivered(log, GATE, 4)
      setPaused(log, GATE, true)
      noteFailed(log, GATE, 1, 2)
      deactivateGate(log, threads, GATE)
      return world
    },
    actors: {
      coordinator: (world) => activateGate(world.log, GATE, 1),
      zombie: ({ log, threads }) => record(commit(log, threads, GATE, 1, 3, 4)),
      watcher({ log }) {
        if (!isActive(log, GATE)) return
        const { committed } = ownership(log, GATE)
        record([
          committed,
          deliveredOffset(log, GATE),
          isPaused(log, GATE),
          failedRecord(log, GATE),
        ])
      },
      onlooker({ log }) {
        record([deliveredOffset(log, GATE), isPaused(log, GATE), failedRecord(log, GATE)])
      },
      producer1: (world) => appendOne(world, 'producer1'),
    },
    describe: describeLog,
    check({ log }, ending) {
      const [seen] = ending.events('watcher')
      if (seen !== undefined) assert.deepEqual(seen, [1, 1, false, undefined])
      assert.equal(committedOffset(log, GATE), 1, 'a member of the group before commits nothing')
      assert.equal(ownership(log, GATE).epoch, 2)
      if (seen !== undefined) sometimes('seen active')
    },
  }
}

/** What the owner before held says nothing about what this one does. */
function heldAnew(): Scenario<LogWorld> {
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
      producer1: (world) => appendOne(world, 'producer1'),
    },
    describe: describeLog,
    check(_world, ending) {
      const [first] = ending.events('owner') as { offset: number }[]
      if (first !== undefined) assert.ok(first.offset === 0 || first.offset === 4)
      if (ending.events('producer1').includes('full')) sometimes('held')
    },
  }
}

/** One of two gets the partition. */
function owners(): Scenario<LogWorld> {
  const own = (name: string) => (world: LogWorld) => {
    if (acquire(world.log, GATE, slotOf(world, name)) !== undefined) record('owns')
  }
  return {
    name: 'duel: owners',
    setup() {
      const world = fullLog(['member1', 'member2'], 1)
      activateGate(world.log, GATE, 0)
      return world
    },
    actors: { member1: own('member1'), member2: own('member2') },
    describe: describeLog,
    check(world, ending) {
      const names = ['member1', 'member2'].filter((name) => ending.events(name).length > 0)
      assert.equal(names.length, 1)
      assert.equal(holderOf(world.log, GATE), slotOf(world, names[0] as string))
    },
  }
}

/** A producer waits for a group that goes. */
function unsubscribing(): Scenario<LogWorld> {
  return {
    name: 'duel: a group goes',
    setup() {
      const world = fullLog(['producer1', 'coordinator'], 1)
      activateGate(world.log, GATE, 0)
      return world
    },
    actors: {
      producer1(world) {
        const appender = appenderOf(world, 'producer1')
        appendOrSleep(world, appender, 'producer1', 1, frame(1, 1, 1), 1)
      },
      coordinator: ({ log, threads }) => deactivateGate(log, threads, GATE),
    },
    describe: describeLog,
    check: (_world, ending) => assert.equal(ending.status('producer1'), Status.FINISHED),
  }
}

/** A producer waits for a group that is sought forward. */
function soughtForward(): Scenario<LogWorld> {
  return {
    name: 'duel: a seek makes room',
    setup() {
      const world = fullLog(['producer1', 'seeker'], 1)
      activateGate(world.log, GATE, 0)
      return world
    },
    actors: {
      producer1(world) {
        const appender = appenderOf(world, 'producer1')
        appendOrSleep(world, appender, 'producer1', 1, frame(1, 1, 1), 1)
      },
      seeker: ({ log, threads }) => seekCursor(log, threads, GATE, 4),
    },
    describe: describeLog,
    check: (_world, ending) => assert.equal(ending.status('producer1'), Status.FINISHED),
  }
}

/** Two groups let a full log go at a time: the last one finds that both have, and wakes. */
function twoGroupsLetGo(): Scenario<LogWorld> {
  const read = (gate: number) => (world: LogWorld) => {
    const { log, threads } = world
    assert.ok(commit(log, threads, gate, 1, 0, 2))
  }
  return {
    name: 'duel: two groups let go',
    setup() {
      const world = fullLog(['producer1', 'member1', 'member2'], 1)
      for (const gate of [GATE, GATE + 1]) activateGate(world.log, gate, 0)
      return world
    },
    actors: {
      producer1(world) {
        const appender = appenderOf(world, 'producer1')
        appendOrSleep(world, appender, 'producer1', 1, frame(1, 1, 1), 1)
      },
      member1: read(GATE),
      member2: read(GATE + 1),
    },
    describe: describeLog,
    check: (_world, ending) => assert.equal(ending.status('producer1'), Status.FINISHED),
  }
}

/**
 * One commit makes room for two producers, of whom one may have found and opened it before the other
 * is woken.
 */
function roomForTwo(): Scenario<LogWorld> {
  const produce = (producer: string, sender: number) => (world: LogWorld) => {
    const appender = appenderOf(world, producer)
    appendOrSleep(world, appender, producer, sender, frame(sender, 1, 1), 1)
  }
  return {
    name: 'duel: room for two',
    setup() {
      const world = fullLog(['producer1', 'producer2', 'member1'], 2)
      activateGate(world.log, GATE, 0)
      return world
    },
    actors: {
      producer1: produce('producer1', 1),
      producer2: produce('producer2', 2),
      member1: ({ log, threads }) => void commit(log, threads, GATE, 1, 0, 3),
    },
    describe: describeLog,
    check(_world, ending) {
      for (const producer of ['producer1', 'producer2']) {
        assert.equal(ending.status(producer), Status.FINISHED)
      }
    },
  }
}

/** Duels about a group's progress. */
export function groupDuels(): Subject[] {
  const twice = { preemptions: 2, crashes: 0 }
  return [
    { scenario: owners(), bounds: twice },
    { scenario: unsubscribing(), bounds: twice },
    { scenario: soughtForward(), bounds: twice },
    { scenario: twoGroupsLetGo(), bounds: twice },
    { scenario: roomForTwo(), bounds: { preemptions: 3, crashes: 0 } },
    { scenario: fencedAlive(), bounds: { preemptions: 3, crashes: 0 } },
    { scenario: gateReused(), bounds: twice },
    { scenario: manyEpochs(), bounds: twice },
    { scenario: heldAnew(), bounds: twice },
  ]
}
