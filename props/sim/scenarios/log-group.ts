import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import {
  acquire,
  activateGate,
  commit,
  committedOffset,
  currentEpoch,
  fence,
  follow,
  hold,
  isPaused,
  type Ownership,
  release,
  seekCursor,
  setPaused,
} from '../../../core/group/cursor.js'
import { heldPlace, pinOffset, placeReader, unpin } from '../../../core/log/finder.js'
import * as layout from '../../../core/log/layout.js'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import { wakeProducers } from '../../../core/log/recycler.js'
import type { Cast } from '../../history/from-simulation.js'
import { Status } from '../execution.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import { checkHistory } from './log-history.js'
import { view } from './log-marks.js'
import {
  appenderOf,
  appendOrSleep,
  createWorld,
  fill,
  frame,
  type LogWorld,
  readFrame,
  repair,
  STARTS,
  type Start,
  sleepUntil,
  slotOf,
} from './log-world.js'

const GATE = 0

/** What a member or a seeker did, in the order of time. */
type GroupEvent =
  | { readonly owns: number; readonly from: number }
  | { readonly handled: number }
  | { readonly committed: number }
  | { readonly seeks: number }

function setUp(start: Start, records: number, actors: readonly string[]): LogWorld {
  const geometry: LogGeometry = { segmentCount: 4, segmentGranules: 2, ...STARTS[start] }
  const world = createWorld(geometry, [...actors, 'before'])
  activateGate(world.log, GATE, STARTS[start].startOffset)
  fill(world, 'before', records)
  return world
}

function tell(event: GroupEvent): void {
  record(event)
}

/** Handles the partition's records until all are committed; gives up what it owns at the end. */
function work(world: LogWorld, member: string, start: Start, records: number): void {
  const { log } = world
  const end = STARTS[start].startOffset + records
  const slot = slotOf(world, member)
  for (let turn = 0; committedOffset(log, GATE) !== end; turn++) {
    const ownership = acquire(log, GATE, slot)
    if (ownership === undefined) {
      memory.pause(turn)
      continue
    }
    tell({ owns: ownership.epoch, from: ownership.committed })
    handleAll(world, start, ownership.epoch, ownership.committed, end)
    release(log, GATE, slot)
  }
}

function handleAll(
  world: LogWorld,
  start: Start,
  firstEpoch: number,
  from: number,
  end: number,
): void {
  const { log, threads } = world
  let epoch = firstEpoch
  let committed = from
  const reader = readerAt(world, committed)
  while (committed !== end) {
    if (reader.remaining === 0) {
      assert.ok(reader.next(), 'the gate holds it')
      hold(log, GATE, reader.offset)
    }
    assert.ok(reader.nextRecord())
    tell({ handled: reader.recordOffset - STARTS[start].startOffset })
    if (commit(log, threads, GATE, epoch, committed, reader.offset)) {
      committed = reader.offset
      tell({ committed: committed - STARTS[start].startOffset })
      continue
    }
    sometimes('commit refused')
    const owned = follow(log, GATE)
    epoch = owned.epoch
    committed = owned.committed
    tell({ owns: epoch, from: committed })
    placeReader(reader, heldPlace(log, committed), committed)
  }
}

function readerAt(world: LogWorld, offset: number): Reader {
  const place = heldPlace(world.log, offset)
  const reader = new Reader(world.log, place.position, place.offset)
  placeReader(reader, place, offset)
  return reader
}

/** Two members, one of which may die: each record is handled, and only one twice. */
export function takeOver(start: Start, records: number): Scenario<LogWorld> {
  const members = ['member1', 'member2']
  return {
    name: `take over, ${start}`,
    setup: () => setUp(start, records, members),
    ordersEvents: true,
    actors: {
      member1: (world) => work(world, 'member1', start, records),
      member2: (world) => work(world, 'member2', start, records),
    },
    mortal: ['member1'],
    repair(world, dead) {
      repair(world, dead)
      fence(world.log, GATE, slotOf(world, dead))
    },
    ...view,
    check(world, ending) {
      const committed = committedOffset(world.log, GATE) - STARTS[start].startOffset
      assert.equal(committed, records, 'all is committed')
      const history = ending.history().map(({ event }) => event as GroupEvent)
      checkCommits(history)
      const handled = history.flatMap((event) => ('handled' in event ? [event.handled] : []))
      assert.equal(new Set(handled).size, records, 'each record is handled')
      const twice = handled.length - records
      if (twice > 0) sometimes('redelivered')
      const deaths = ending.status('member1') === Status.CRASHED ? 1 : 0
      assert.ok(twice <= deaths, 'a death redelivers what was not committed')
      checkHistory(ending, { ...cast(world, start), members })
    },
  }
}

function cast({ before }: LogWorld, start: Start): Cast {
  return { startOffset: STARTS[start].startOffset, before, isOrdered: true }
}

/** Owners follow each other by epochs that grow, and each begins where the last one committed. */
function checkCommits(history: readonly GroupEvent[]): void {
  let epoch = 0
  let committed = 0
  for (const event of history) {
    if ('owns' in event) {
      assert.ok(event.owns > epoch, 'epochs grow')
      epoch = event.owns
    } else if ('committed' in event) {
      assert.ok(event.committed > committed, 'a commit does not go back')
      committed = event.committed
    }
  }
}

/** A seek while the owner works: what was committed before does not undo it. */
export function seekWhileOwned(start: Start, records: number): Scenario<LogWorld> {
  return {
    name: `seek while owned, ${start}`,
    setup: () => setUp(start, records, ['member1', 'seeker']),
    ordersEvents: true,
    actors: {
      member1: (world) => work(world, 'member1', start, records),
      seeker(world) {
        const { log, threads } = world
        const slot = slotOf(world, 'seeker')
        const offset = STARTS[start].startOffset
        assert.ok(pinOffset(log, threads, slot, offset) !== undefined)
        tell({ seeks: 0 })
        seekCursor(log, threads, GATE, offset)
        unpin(log, threads, slot)
      },
    },
    ...view,
    check(world, ending) {
      checkHistory(ending, { ...cast(world, start), members: ['member1'], seekers: ['seeker'] })
      const committed = committedOffset(world.log, GATE) - STARTS[start].startOffset
      if (committed === 0) {
        sometimes('sought at the end')
        return
      }
      assert.equal(committed, records, 'what was sought is not lost')
      const history = ending.history().map(({ event }) => event as GroupEvent)
      const seek = history.findIndex((event) => 'seeks' in event)
      const again = history.slice(seek).filter((event) => 'handled' in event)
      assert.ok(again.length >= records, 'what was sought is handled again')
      sometimes('handled again')
    },
  }
}

/**
 * A full log, an owner that reads it record by record, and a seek to its end: the producer that
 * waits gets its room, and the owner its record.
 */
export function seekForward(start: Start): Scenario<LogWorld> {
  const records = 8
  const end = STARTS[start].startOffset + records
  return {
    name: `seek forward, ${start}`,
    setup: () => setUp(start, records, ['member1', 'seeker', 'producer1']),
    actors: {
      member1: (world) => readUntil(world, end),
      seeker(world) {
        const { log, threads } = world
        const slot = slotOf(world, 'seeker')
        assert.ok(pinOffset(log, threads, slot, end) !== undefined)
        seekCursor(log, threads, GATE, end)
        unpin(log, threads, slot)
        threads.advanceGeneration(GATE)
      },
      producer1(world) {
        const appender = appenderOf(world, 'producer1')
        appendOrSleep(world, appender, 'producer1', 1, frame(1, 1, 1), 1)
      },
    },
    ...view,
    check(world) {
      // A seek that comes last goes back by the new record.
      assert.ok(committedOffset(world.log, GATE) >= end)
    },
  }
}

/** Commits each record, follows seeks, and ends with the record at `end`. */
function readUntil(world: LogWorld, end: number): void {
  const { log, threads } = world
  const acquired = acquire(log, GATE, slotOf(world, 'member1'))
  assert.ok(acquired !== undefined)
  wakeProducers(log, threads)
  let owned: Ownership = acquired
  const reader = readerAt(world, owned.committed)
  while (owned.committed <= end) {
    const { epoch, committed }: Ownership = owned
    sleepUntil(world, 'member1', layout.DATA_WAITERS_WORD, () => {
      return reader.hasNext() || currentEpoch(log, GATE) !== epoch
    })
    if (currentEpoch(log, GATE) === epoch && reader.next()) {
      holdFrame(world, reader)
      readFrame(reader)
      owned = { epoch, committed: reader.offset }
      if (commit(log, threads, GATE, epoch, committed, reader.offset)) continue
    }
    sometimes('sought')
    owned = follow(log, GATE)
    wakeProducers(log, threads)
    placeReader(reader, heldPlace(log, owned.committed), owned.committed)
  }
}

/** As a lane does: producers may have found the log full because of what was held until now. */
function holdFrame({ log, threads }: LogWorld, reader: Reader): void {
  hold(log, GATE, reader.offset)
  wakeProducers(log, threads)
}

/** A pause that ends: the owner sleeps meanwhile, and goes on. */
export function pausing(start: Start): Scenario<LogWorld> {
  const records = 2
  const end = STARTS[start].startOffset + records
  return {
    name: `pause, ${start}`,
    setup: () => setUp(start, records, ['member1', 'pauser']),
    actors: {
      member1(world) {
        const { log, threads } = world
        const owned = acquire(log, GATE, slotOf(world, 'member1'))
        assert.ok(owned !== undefined)
        const reader = readerAt(world, owned.committed)
        for (let { committed } = owned; committed !== end; committed = reader.offset) {
          sleepUntil(world, 'member1', layout.DATA_WAITERS_WORD, () => !isPaused(log, GATE))
          assert.ok(reader.next())
          readFrame(reader)
          assert.ok(commit(log, threads, GATE, owned.epoch, committed, reader.offset))
        }
      },
      pauser({ log, threads }) {
        for (const paused of [true, false]) {
          setPaused(log, GATE, paused)
          threads.advanceGeneration(GATE)
        }
      },
    },
    ...view,
    check(world) {
      assert.equal(committedOffset(world.log, GATE), end, 'all is committed')
    },
  }
}

/** Everyone who sleeps ends when the engine is closed, on both sides. */
export function closing(start: Start): Scenario<LogWorld> {
  return {
    name: `close, ${start}`,
    setup: () => setUp(start, 8, ['producer', 'consumer', 'closer']),
    actors: {
      producer(world) {
        const appender = appenderOf(world, 'producer')
        const content = frame(1, 1, 1)
        sleepUntil(world, 'producer', layout.SPACE_WAITERS_WORD, () => {
          return world.threads.closed || appender.append(content)
        })
      },
      consumer(world) {
        const reader = readerAt(world, STARTS[start].startOffset + 8)
        sleepUntil(world, 'consumer', layout.DATA_WAITERS_WORD, () => {
          return world.threads.closed || reader.hasNext()
        })
      },
      closer: (world) => world.threads.close(),
    },
    ...view,
    check: () => {},
  }
}
