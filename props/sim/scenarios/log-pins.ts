import assert from 'node:assert/strict'
import {
  activateGate,
  committedOffset,
  deactivateGate,
  isActive,
  seekCursor,
} from '../../../core/group/cursor.js'
import {
  findTimestamp,
  heldPlace,
  pinOffset,
  pinOldest,
  placeReader,
  unpin,
} from '../../../core/log/finder.js'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import { Status } from '../execution.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import { view } from './log-marks.js'
import {
  appenderOf,
  appendOrSleep,
  checkContent,
  createWorld,
  fill,
  frame,
  isFull,
  type LogContent,
  type LogWorld,
  onlySleep,
  readFrame,
  repair,
  STARTS,
  type Start,
  slotOf,
  timestampOf,
} from './log-world.js'

const GATE = 0
const OTHER_GATE = 1
/** Number of the first record of each producer, behind those that were there before. */
const FIRST_NUMBER = 100

export interface PinOptions {
  /** Who dies, for the name. */
  readonly who: string
  readonly segmentGranules: number
  readonly start: Start
  /** Records that are in the log before the actors begin, one granule each. */
  readonly before: number
  /** Frames that each producer sends, one record and one granule each. */
  readonly frames: readonly number[]
  readonly mortal: readonly string[]
  /** There was another group: a recycler looks at both gates. */
  readonly hasOtherGate?: boolean
}

interface Visit {
  readonly name: string
  /** The group's committed offset, counted from the start, before the actors begin. */
  readonly gateAt?: number
  visit(world: LogWorld): void
  check(world: LogWorld, content: LogContent, events: readonly unknown[]): void
}

/** Producers go on around the log while a visitor reads, seeks or subscribes. */
function visiting(options: PinOptions, visit: Visit): Scenario<LogWorld> {
  const { segmentGranules, start, before, frames } = options
  const geometry: LogGeometry = { segmentCount: 4, segmentGranules, ...STARTS[start] }
  const producers = frames.map((_, index) => `producer${index + 1}`)
  return {
    name: `${visit.name}: ${options.who}, ${start}`,
    setup() {
      const world = createWorld(geometry, [...producers, 'visitor', 'before'])
      fill(world, 'before', before)
      if (options.hasOtherGate === true) {
        activateGate(world.log, OTHER_GATE, STARTS[start].startOffset)
        deactivateGate(world.log, world.threads, OTHER_GATE)
      }
      if (visit.gateAt !== undefined) activateGate(world.log, GATE, offsetAt(start, visit.gateAt))
      return world
    },
    actors: {
      ...Object.fromEntries(
        producers.map((producer, index) => [
          producer,
          (world: LogWorld) => produce(world, producer, index + 1, frames[index] as number),
        ]),
      ),
      visitor: (world) => visit.visit(world),
    },
    mortal: options.mortal,
    repair,
    ...view,
    // The gate commits nothing, so that it may hold the producers back.
    mayBlock: (world, ending) =>
      onlySleep(ending, [...producers, 'visitor']) &&
      ending.status('visitor') !== Status.SLEEPING &&
      isActive(world.log, GATE) &&
      isFull(world.log, GATE),
    check(world, ending) {
      const content = checkContent(world, ending, producers, { readers: ['visitor'] })
      if (content.beginOffset > STARTS[start].startOffset) sometimes('recycled')
      if (isActive(world.log, GATE)) {
        checkHeld(world, content)
      }
      visit.check(world, content, ending.events('visitor'))
    },
  }
}

/** What an active gate holds can be read, whoever died while he recycled it. */
function checkHeld({ log }: LogWorld, content: LogContent): void {
  const committed = committedOffset(log, GATE)
  assert.ok(content.beginOffset <= committed, `offset ${committed} is held, but not open`)
}

function offsetAt(start: Start, index: number): number {
  return STARTS[start].startOffset + index
}

function produce(world: LogWorld, producer: string, sender: number, frames: number): void {
  const appender = appenderOf(world, producer)
  for (let number = FIRST_NUMBER; number < FIRST_NUMBER + frames; number++) {
    appendOrSleep(world, appender, producer, sender, frame(sender, number, 1), number)
  }
}

/** Reads the oldest segment under a pin, to its end or to that of the log. */
export function readPinned(options: PinOptions): Scenario<LogWorld> {
  return visiting(options, {
    name: 'read under a pin',
    visit(world) {
      const { log, threads } = world
      const slot = slotOf(world, 'visitor')
      const place = pinOldest(log, threads, slot)
      record({ pinned: place.offset })
      const reader = new Reader(log, place.position, place.offset)
      do {
        if (!reader.next()) break
        readFrame(reader)
      } while (!log.isSegmentStart(reader.position))
      unpin(log, threads, slot)
    },
    check(_world, content, events) {
      checkUnbroken(content, events)
    },
  })
}

/** The offsets in what a visitor recorded: where it began, then what it read. */
function offsetsOf(events: readonly unknown[]): number[] {
  return events.map((event) => Object.values(event as object).at(-1) as number)
}

function checkUnbroken(content: LogContent, events: readonly unknown[]): void {
  const offsets = offsetsOf(events)
  for (let index = 2; index < offsets.length; index++) {
    const step = (offsets[index] as number) - (offsets[index - 1] as number)
    assert.ok(step === 1 || content.abortedFrames > 0, 'no record in between is missing')
  }
}

/** Subscribes from the oldest record: from there on nothing may be lost. */
export function subscribe(options: PinOptions): Scenario<LogWorld> {
  return visiting(options, {
    name: 'subscribe',
    visit(world) {
      const { log, threads } = world
      const slot = slotOf(world, 'visitor')
      const place = pinOldest(log, threads, slot)
      activateGate(log, GATE, place.offset)
      unpin(log, threads, slot)
      record('subscribed')
    },
    check(world, _content, events) {
      if (events.length > 0) assert.ok(isActive(world.log, GATE))
    },
  })
}

/** A member that reads from where its gate has held the log since a moment ago. */
export function resume(options: PinOptions): Scenario<LogWorld> {
  return visiting(options, {
    name: 'resume',
    visit(world) {
      const { log, threads } = world
      const slot = slotOf(world, 'visitor')
      const { offset } = pinOldest(log, threads, slot)
      activateGate(log, GATE, offset)
      unpin(log, threads, slot)
      record({ pinned: offset })
      const place = heldPlace(log, offset)
      const reader = new Reader(log, place.position, place.offset)
      placeReader(reader, place, offset)
      assert.equal(reader.offset, offset)
      while (reader.next()) readFrame(reader)
    },
    check(_world, content, events) {
      const [pinned, first] = offsetsOf(events)
      if (pinned !== undefined && first !== undefined) assert.equal(first, pinned)
      checkUnbroken(content, events)
    },
  })
}

/** A group whose gate lies ahead seeks back to an offset under a pin, or finds that it is gone. */
export function seekBack(options: PinOptions, to: number): Scenario<LogWorld> {
  const offset = offsetAt(options.start, to)
  return visiting(options, {
    name: 'seek back',
    gateAt: options.before,
    visit(world) {
      const { log, threads } = world
      const slot = slotOf(world, 'visitor')
      const place = pinOffset(log, threads, slot, offset)
      if (place === undefined) {
        record('gone')
        return
      }
      seekCursor(log, threads, GATE, offset)
      unpin(log, threads, slot)
      record('there')
      const reader = new Reader(log, place.position, place.offset)
      placeReader(reader, place, offset)
      readFrame(reader)
    },
    check(world, content, events) {
      const [outcome] = events
      if (outcome === 'gone') {
        sometimes('gone')
        assert.ok(content.beginOffset > offset, 'it is gone indeed')
      } else if (outcome === 'there') {
        sometimes('there')
        assert.equal(committedOffset(world.log, GATE), offset)
      }
    },
  })
}

/** Finds the record of a time while the log moves on. */
export function seekTime(options: PinOptions, to: number): Scenario<LogWorld> {
  const offset = offsetAt(options.start, to)
  return visiting(options, {
    name: 'seek a time',
    visit(world) {
      const slot = slotOf(world, 'visitor')
      record(findTimestamp(world.log, world.threads, slot, timestampOf(to)))
    },
    check(_world, content, events) {
      const [found] = events as number[]
      if (found === undefined) return
      if (found > offset) sometimes('gone')
      assert.ok(found >= offset, 'what is older is not found')
      assert.ok(
        found <= Math.max(offset, content.beginOffset),
        'the first one that is left is found',
      )
    },
  })
}

/** An offset that another thread has pinned is found, though a recycler has just sealed it. */
export function findPinned(start: Start): Scenario<LogWorld> {
  const place = { position: STARTS[start].startPosition | 0, offset: offsetAt(start, 0) }
  const geometry: LogGeometry = { segmentCount: 4, segmentGranules: 1, ...STARTS[start] }
  return {
    name: `find what is pinned, ${start}`,
    setup() {
      const world = createWorld(geometry, ['holder', 'visitor', 'producer1', 'before'])
      fill(world, 'before', geometry.segmentCount)
      assert.deepEqual(pinOldest(world.log, world.threads, slotOf(world, 'holder')), place)
      return world
    },
    actors: {
      visitor(world) {
        const { log, threads } = world
        record(pinOffset(log, threads, slotOf(world, 'visitor'), place.offset))
      },
      producer1(world) {
        record(appenderOf(world, 'producer1').append(frame(1, 1, 1)))
      },
    },
    mortal: ['producer1'],
    repair,
    ...view,
    check(_world, ending) {
      assert.ok(!ending.events('producer1').includes(true), 'the oldest segment is pinned')
      assert.deepEqual(ending.events('visitor'), [place], 'it is there, so it is found')
    },
  }
}

/** The end of the log is found, though the full segment before it is recycled meanwhile. */
export function findEnd(start: Start): Scenario<LogWorld> {
  const { startPosition } = STARTS[start]
  const place = { position: (startPosition + 1) | 0, offset: offsetAt(start, 1) }
  return visiting(
    { who: 'a lap', segmentGranules: 1, start, before: 1, frames: [4], mortal: [] },
    {
      name: 'find the end',
      visit(world) {
        const { log, threads } = world
        const slot = slotOf(world, 'visitor')
        assert.deepEqual(pinOffset(log, threads, slot, place.offset), place, 'it never goes')
        unpin(log, threads, slot)
      },
      check: (_world, content) => assert.equal(content.beginOffset, place.offset),
    },
  )
}
