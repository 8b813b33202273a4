import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import { findTimestamp, pin, pinOffset, unpin } from '../../../core/log/finder.js'
import { countGaps } from '../../../core/log/gaps.js'
import * as layout from '../../../core/log/layout.js'
import { LEASE_WORD, PINS_USED_WORD, PINS_WORD } from '../../../core/log/layout.js'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import { repairLog } from '../../../core/log/repair.js'
import { advanceTail, readTail } from '../../../core/log/tail.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import {
  append,
  appenderOf,
  checkContent,
  contentOf,
  createWorld,
  describeLog,
  fill,
  frame,
  type LogWorld,
  readFrame,
  repair,
  STARTS,
  type Start,
  slotOf,
} from '../scenarios/log-world.js'
import { appendOne, fullLog } from './full-log.js'
import type { Subject } from './subjects.js'

/* Small scenarios of one partition in which two do to one word what usually one does at a time. */

const ROOMY: LogGeometry = {
  segmentCount: 4,
  segmentGranules: 4,
  startPosition: 0,
  startOffset: 0,
}

/** Two frames are given up at a time, while somebody counts the gaps and the records. */
function manyGaps(isWatched: boolean): Scenario<LogWorld> {
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
    name: isWatched ? 'duel: gaps' : 'duel: gaps of the dead',
    setup: () => createWorld(geometry, ['producer1', 'producer2', 'watcher']),
    actors: {
      producer1: giveUp('producer1', 1),
      producer2: giveUp('producer2', 2),
      watcher(world) {
        if (!isWatched) return
        const end = appenderOf(world, 'watcher').endOffset()
        const gaps = gapsOf(world, end)
        record([end, gaps])
        assert.ok(gaps <= end)
      },
    },
    mortal: isWatched ? [] : ['producer1'],
    repair,
    describe: describeLog,
    check(world) {
      const { abortedFrames, endOffset, records } = contentOf(world.log)
      assert.equal(abortedFrames, endOffset - records.length)
      assert.equal(gapsOf(world, endOffset), abortedFrames, 'every gap is counted')
      for (let at = 0; at < endOffset; at++) {
        const place = { position: at, offset: at }
        const isGap = !records.some(({ offset }) => offset === at)
        assert.equal(countGaps(world.log, place, at, at + 1), isGap ? 1 : 0, `a gap at ${at}`)
      }
      if (abortedFrames === 2) sometimes('two gaps')
    },
  }
}

/** Two begin a log's pins at a time: the recycler looks at both. */
function manyPins(): Scenario<LogWorld> {
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
      producer1: (world) => appendOne(world, 'producer1'),
    },
    describe: describeLog,
    check({ log }, ending) {
      const isHeld = ending.events('producer1').includes('full')
      assert.equal(log.isOpen(0), isHeld, 'what is needed is opened again')
      if (isHeld) sometimes('held')
    },
  }
}

/** The tail goes forward only, whoever moves it. */
function tailMovers(): Scenario<LogWorld> {
  return {
    name: 'duel: the tail',
    setup: () => fullLog(['watcher', 'producer1'], 4),
    actors: {
      mover1: ({ log }) => advanceTail(log, 13, 13),
      mover2: ({ log }) => advanceTail(log, 14, 14),
      producer1: (world) => appendOne(world, 'producer1'),
      watcher: ({ log }) => record(readTail(log).position),
    },
    describe: describeLog,
    check({ log }, ending) {
      assert.equal(readTail(log).position, 16)
      const [seen] = ending.events('watcher')
      assert.ok([12, 13, 14, 16].includes(seen as number))
      if (seen === 13) sometimes('seen between')
    },
  }
}

/** Whoever looks for the end of the log finds it, though segment after segment is used again. */
function lappedWatcher(start: Start): Scenario<LogWorld> {
  const { startOffset } = STARTS[start]
  return {
    name: `duel: lapped, ${start}`,
    setup: () => fullLog(['producer1', 'watcher'], 1, start),
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
          assert.ok(next >= end && next <= startOffset + 9, `the end went from ${end} to ${next}`)
          end = next
          record(end)
        }
      },
    },
    describe: describeLog,
    check(_world, ending) {
      if (ending.events('watcher').includes(startOffset + 9)) sometimes('all seen')
    },
  }
}

/** Frames are claimed, filled and published in single steps, where longer records lay. */
function claims(): Scenario<LogWorld> {
  const produce = (name: string, sender: number) => (world: LogWorld) => {
    const appender = appenderOf(world, name)
    const content = frame(sender, 1, 1)
    assert.ok(appender.claim(content))
    appender.fill(content)
    assert.ok(appender.publish())
    record({ name: sender * 1000 + 1, offset: appender.claimedOffset })
  }
  return {
    name: 'duel: claims',
    setup() {
      const geometry = { ...ROOMY, segmentGranules: 2 }
      const world = createWorld(geometry, ['producer1', 'producer2', 'reader', 'before'])
      fill(world, 'before', 4, { first: 1, granules: 2 })
      return world
    },
    actors: {
      producer1: produce('producer1', 1),
      producer2: produce('producer2', 2),
      reader({ log }) {
        const reader = new Reader(log, 8, 4)
        if (reader.next()) readFrame(reader)
      },
    },
    describe: describeLog,
    check(world, ending) {
      const { records } = checkContent(world, ending, ['producer1', 'producer2'])
      assert.equal(records.length, 5, 'one of four was recycled')
    },
  }
}

/** Somebody looks in the newest segment, where others append. */
function seekToEnd(): Scenario<LogWorld> {
  return {
    name: 'duel: the newest segment',
    setup() {
      const world = createWorld(ROOMY, ['producer1', 'seeker', 'searcher', 'before'])
      appenderOf(world, 'before').append(frame(0, 1, 1))
      return world
    },
    actors: {
      producer1: (world) => appendOne(world, 'producer1'),
      seeker(world) {
        const { log, threads } = world
        const slot = slotOf(world, 'seeker')
        record(pinOffset(log, threads, slot, 1)?.offset)
        unpin(log, threads, slot)
      },
      searcher(world) {
        const { log, threads } = world
        record(findTimestamp(log, threads, slotOf(world, 'searcher'), 2_000_000))
      },
    },
    describe: describeLog,
    check(_world, ending) {
      assert.deepEqual(ending.events('seeker'), [1])
      assert.ok([1, 2].includes(ending.events('searcher')[0] as number))
    },
  }
}

/** A death takes the lease and the pin of the dead, and nobody else's. */
function deadRecycler(): Scenario<LogWorld> {
  return {
    name: 'duel: a death under the lease',
    setup: () => fullLog(['producer1', 'producer2', 'holder'], 1),
    actors: {
      producer1(world) {
        const { log, threads } = world
        const slot = slotOf(world, 'producer1')
        appendOne(world, 'producer1')
        pin(log, threads, slot, log.segmentStart(3))
        unpin(log, threads, slot)
      },
      producer2: (world) => appendOne(world, 'producer2'),
      holder(world) {
        const { words } = world.log
        const slot = slotOf(world, 'holder')
        if (memory.compareExchange(words, LEASE_WORD, 0, slot) !== 0) return
        assert.equal(memory.load(words, LEASE_WORD), slot, 'the lease is held by who took it')
        assert.equal(memory.compareExchange(words, LEASE_WORD, slot, 0), slot)
        sometimes('lease taken')
      },
    },
    mortal: ['producer1'],
    repair: (world, dead) => void repairLog(world.log, world.threads, slotOf(world, dead)),
    describe: describeLog,
    check(world) {
      const { words } = world.log
      assert.equal(words[LEASE_WORD], 0)
      assert.equal(words[PINS_WORD + slotOf(world, 'producer1')], 0, 'the dead pin nothing')
    },
  }
}

/** A segment was sealed by one that died, while a frame in it is published. */
function sealedClaim(): Scenario<LogWorld> {
  const published = layout.publishedTag(1, 1)
  return {
    name: 'duel: a frame is published under a seal',
    setup() {
      const world = fullLog(['producer1', 'owner'], 1)
      const { log } = world
      log.words[log.tagWord(0)] = layout.claimedTag(slotOf(world, 'owner'), 1, 1)
      log.words[layout.segmentStateWord(0)] = layout.sealedState(log.lapOf(0))
      return world
    },
    actors: {
      owner(world) {
        const { log } = world
        const claimed = layout.claimedTag(slotOf(world, 'owner'), 1, 1)
        const found = memory.compareExchange(log.words, log.tagWord(0), claimed, published)
        assert.equal(found, claimed, 'no unfinished frame is recycled')
      },
      producer1: (world) => appendOne(world, 'producer1'),
    },
    describe: describeLog,
    check({ log }, ending) {
      const isFull = ending.events('producer1').includes('full')
      assert.equal(log.isOpen(0), isFull, 'needed, so opened again')
      if (isFull) sometimes('needed')
    },
  }
}

/** A recycler is dead, who had sealed a segment in which a frame is published. */
function sealOfTheDead(): Scenario<LogWorld> {
  const published = layout.publishedTag(1, 1)
  return {
    name: 'duel: a seal of the dead',
    setup() {
      const world = fullLog(['dead', 'owner'], 1)
      const { log } = world
      log.words[log.tagWord(0)] = layout.claimedTag(slotOf(world, 'owner'), 1, 1)
      log.words[layout.segmentStateWord(0)] = layout.sealedState(log.lapOf(0))
      log.words[LEASE_WORD] = slotOf(world, 'dead')
      return world
    },
    actors: {
      owner(world) {
        const { log } = world
        const claimed = layout.claimedTag(slotOf(world, 'owner'), 1, 1)
        memory.compareExchange(log.words, log.tagWord(0), claimed, published)
      },
      supervisor: (world) => void repairLog(world.log, world.threads, slotOf(world, 'dead')),
    },
    describe: describeLog,
    check({ log }) {
      assert.ok(log.isOpen(0), 'what is whole is opened again')
      assert.equal(log.words[LEASE_WORD], 0)
    },
  }
}

/** The same while a producer waits for the segment, the last one of the log. */
function lastSealOfTheDead(): Scenario<LogWorld> {
  return {
    name: 'duel: the last seal of the dead',
    setup() {
      const world = fullLog(['dead', 'producer1'], 1)
      const { log } = world
      fill(world, 'before', 3)
      log.words[layout.segmentStateWord(3)] = layout.sealedState(log.lapOf(3))
      log.words[LEASE_WORD] = slotOf(world, 'dead')
      return world
    },
    actors: {
      producer1: (world) => appendOne(world, 'producer1'),
      supervisor: (world) => void repairLog(world.log, world.threads, slotOf(world, 'dead')),
    },
    describe: describeLog,
    check: ({ log }) => assert.equal(contentOf(log).endOffset, 8),
  }
}

/** Two pin for the first time: a recycler looks at both pins. */
function firstPins(): Scenario<LogWorld> {
  const visit = (name: string) => (world: LogWorld) => {
    const { log, threads } = world
    const isPinned = pin(log, threads, slotOf(world, name), 0)
    record(isPinned)
    if (!isPinned) return
    const reader = new Reader(log, 0, 0)
    assert.ok(reader.next())
    readFrame(reader)
  }
  return {
    name: 'duel: first pins',
    setup: () => fullLog(['visitor1', 'visitor2', 'producer1'], 1),
    actors: {
      visitor1: visit('visitor1'),
      visitor2: visit('visitor2'),
      producer1: (world) => appendOne(world, 'producer1'),
    },
    describe: describeLog,
    check(world, ending) {
      const { words } = world.log
      assert.equal(words[PINS_USED_WORD], slotOf(world, 'visitor2'))
      for (const visitor of ['visitor1', 'visitor2']) {
        const isPinned = ending.events(visitor)[0] === true
        assert.equal(words[PINS_WORD + slotOf(world, visitor)], isPinned ? 1 : 0, visitor)
        if (!isPinned) sometimes('pin refused')
      }
    },
  }
}

/** A segment is opened again for a pin, while another producer wants it, too. */
function reopened(): Scenario<LogWorld> {
  return {
    name: 'duel: a segment is opened again',
    setup: () => fullLog(['visitor', 'producer1', 'producer2'], 1),
    actors: {
      visitor({ log, threads, slots }) {
        const slot = slots.visitor as number
        if (pin(log, threads, slot, 0)) unpin(log, threads, slot)
      },
      producer1: (world) => appendOne(world, 'producer1'),
      producer2: (world) => appendOne(world, 'producer2'),
    },
    describe: describeLog,
    check(world, ending) {
      const { endOffset } = contentOf(world.log)
      const full = ['producer1', 'producer2'].filter((name) => {
        return ending.events(name).includes('full')
      })
      assert.equal(endOffset, 6 - full.length)
      if (full.length > 0) sometimes('held')
    },
  }
}

/** A seal is taken off for a pin that goes, while another producer wants the segment. */
function unpinned(): Scenario<LogWorld> {
  return {
    name: 'duel: a pin goes',
    setup() {
      const world = fullLog(['visitor', 'producer1', 'producer2'], 1)
      assert.ok(pin(world.log, world.threads, slotOf(world, 'visitor'), 0))
      return world
    },
    actors: {
      visitor: (world) => unpin(world.log, world.threads, slotOf(world, 'visitor')),
      producer1: (world) => appendOne(world, 'producer1'),
      producer2: (world) => appendOne(world, 'producer2'),
    },
    describe: describeLog,
    check(world, ending) {
      const full = ['producer1', 'producer2'].filter((name) => ending.events(name)[0] === 'full')
      assert.equal(contentOf(world.log).endOffset, 6 - full.length)
      if (full.length === 1) sometimes('held, then let go')
    },
  }
}

/** Duels about one partition's log. */
export function logDuels(): Subject[] {
  const once = { preemptions: 1, crashes: 0 }
  const twice = { preemptions: 2, crashes: 0 }
  const thrice = { preemptions: 3, crashes: 0 }
  return [
    { scenario: firstPins(), bounds: twice },
    { scenario: seekToEnd(), bounds: twice },
    { scenario: sealedClaim(), bounds: thrice },
    { scenario: sealOfTheDead(), bounds: twice },
    { scenario: lastSealOfTheDead(), bounds: twice },
    { scenario: tailMovers(), bounds: thrice },
    { scenario: unpinned(), bounds: twice },
    { scenario: claims(), bounds: twice },
    { scenario: manyPins(), bounds: twice },
    { scenario: reopened(), bounds: thrice },
    { scenario: deadRecycler(), bounds: { preemptions: 1, crashes: 1 } },
    { scenario: lappedWatcher('from 0'), bounds: once },
    { scenario: lappedWatcher('across 2^32'), bounds: once },
    { scenario: manyGaps(true), bounds: twice },
    { scenario: manyGaps(false), bounds: { preemptions: 2, crashes: 1 } },
  ]
}
