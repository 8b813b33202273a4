import assert from 'node:assert/strict'
import { MillraceError } from '../../../core/errors.js'
import {
  acquire,
  activateGate,
  commit,
  committedOffset,
  fence,
  hold,
} from '../../../core/group/cursor.js'
import { heldPlace } from '../../../core/log/finder.js'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import { repairLog } from '../../../core/log/repair.js'
import { Status } from '../execution.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import type { Exploration } from '../scenarios/all.js'
import {
  append,
  appenderOf,
  contentOf,
  createWorld,
  describeLog,
  frame,
  type LogWorld,
  repair,
  seenBy,
  slotOf,
} from '../scenarios/log-world.js'

/*
 * Scenarios that only faults need: one where a living thread is held for dead, which no proof of
 * death allows, and one whose order of steps can be made wrong.
 */

const GATE = 0
const PRODUCERS = ['producer1', 'producer2']
const GEOMETRY: LogGeometry = {
  segmentCount: 4,
  segmentGranules: 4,
  startPosition: 0,
  startOffset: 0,
}

/** A claim is aborted, or its frame is published and acknowledged: whoever comes second is refused. */
function heldForDead(): Scenario<LogWorld> {
  return {
    name: 'held for dead, and alive',
    setup: () => createWorld(GEOMETRY, ['producer1', 'producer2']),
    ordersEvents: true,
    actors: {
      producer1(world) {
        try {
          append(appenderOf(world, 'producer1'), 1, frame(1, 1, 1), 1)
        } catch (error) {
          if (!(error instanceof MillraceError)) throw error
          record('refused')
        }
      },
      producer2(world) {
        const appender = appenderOf(world, 'producer2')
        const content = frame(2, 1, 1)
        assert.ok(appender.claim(content))
        appender.fill(content)
        if (appender.publish()) record({ name: 2001, offset: appender.claimedOffset })
      },
      supervisor(world) {
        for (const producer of PRODUCERS) {
          record(repairLog(world.log, world.threads, slotOf(world, producer)))
        }
      },
    },
    describe: describeLog,
    check(world, ending) {
      const counts = ending.events('supervisor') as number[]
      const aborted = counts.reduce((sum, count) => sum + count, 0)
      const content = contentOf(world.log)
      assert.equal(content.abortedFrames, aborted, 'what is aborted stays aborted')
      assert.equal(content.records.length, PRODUCERS.flatMap((name) => seenBy(ending, name)).length)
      if (aborted === 2) sometimes('refused')
    },
  }
}

/** A member handles each record and commits it; a death may repeat a record, but loses none. */
export function handling(order: 'handler first' | 'commit first'): Scenario<LogWorld> {
  const records = 2
  return {
    name: `handle and commit, ${order}`,
    setup() {
      const world = createWorld(GEOMETRY, ['member1', 'member2', 'before'])
      activateGate(world.log, GATE, 0)
      const appender = appenderOf(world, 'before')
      for (let number = 0; number < records; number++) appender.append(frame(0, number, 1))
      return world
    },
    actors: {
      member1: (world) => handleAll(world, 'member1', records, order),
      member2: (world) => handleAll(world, 'member2', records, order),
    },
    ordersEvents: true,
    mortal: ['member1'],
    repair(world, dead) {
      fence(world.log, GATE, slotOf(world, dead))
      repair(world, dead)
    },
    describe: describeLog,
    check(world, ending) {
      const handled = ['member1', 'member2'].flatMap((member) => ending.events(member))
      const committed = committedOffset(world.log, GATE)
      for (let offset = 0; offset < committed; offset++) {
        assert.ok(handled.includes(offset), `record ${offset} is committed, and was handled`)
      }
      if (ending.status('member1') === Status.CRASHED) sometimes('death')
    },
  }
}

/** Whoever comes first takes the partition and keeps it. */
function handleAll(world: LogWorld, member: string, records: number, order: string): void {
  const { log, threads } = world
  const owned = acquire(log, GATE, slotOf(world, member))
  if (owned === undefined) return
  let { committed } = owned
  const place = heldPlace(log, committed)
  const reader = new Reader(log, place.position, place.offset)
  while (committed < records) {
    assert.ok(reader.next())
    hold(log, GATE, reader.offset)
    assert.ok(reader.nextRecord())
    if (order === 'handler first') record(reader.recordOffset)
    assert.ok(commit(log, threads, GATE, owned.epoch, committed, reader.offset))
    if (order === 'commit first') record(reader.recordOffset)
    committed = reader.offset
  }
}

export function variants(): Exploration[] {
  return [
    { scenario: heldForDead(), bounds: { preemptions: 2, crashes: 0 }, marks: ['refused'] },
    {
      scenario: handling('handler first'),
      bounds: { preemptions: 1, crashes: 1 },
      marks: ['death'],
    },
  ]
}
