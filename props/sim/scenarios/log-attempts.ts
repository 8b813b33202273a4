import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import {
  beginCall,
  callInHand,
  clearCall,
  endCall,
  failedRecord,
  forgetFailed,
  sentenceCall,
} from '../../../core/group/attempt.js'
import {
  acquire,
  activateGate,
  commit,
  committedOffset,
  fence,
  markDelivered,
  type Ownership,
  release,
} from '../../../core/group/cursor.js'
import { Status } from '../execution.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import { view } from './log-marks.js'
import {
  createWorld,
  fill,
  type LogWorld,
  repair,
  STARTS,
  type Start,
  slotOf,
} from './log-world.js'

const GATE = 0
const MEMBERS = ['member1', 'member2']

/** A call began, for a record that had failed so often before; or it came to one of its two ends. */
type CallEvent =
  | { readonly begins: number; readonly offset: number; readonly failed: number }
  | { readonly ends: number }
  | { readonly sentenced: number }

function tell(event: CallEvent): void {
  record(event)
}

/**
 * A judge sentences calls while their holder ends them, or dies and is followed by another: a call
 * ends or is sentenced, and each sentence is one failed attempt of its own record.
 */
export function sentencing(start: Start, records: number): Scenario<LogWorld> {
  return {
    name: `sentence calls, ${start}`,
    setup() {
      const geometry = { segmentCount: 4, segmentGranules: 2, ...STARTS[start] }
      const world = createWorld(geometry, [...MEMBERS, 'before'])
      activateGate(world.log, GATE, STARTS[start].startOffset)
      fill(world, 'before', records)
      return world
    },
    actors: {
      member1: (world) => work(world, 'member1', start, records),
      member2: (world) => work(world, 'member2', start, records),
      judge(world) {
        for (let look = 0; look < 2; look++) {
          const call = callInHand(world.log, GATE)
          if (call !== undefined && sentenceCall(world.log, GATE, call) !== undefined) {
            tell({ sentenced: call })
          }
        }
      },
    },
    mortal: ['member1'],
    repair(world, dead) {
      repair(world, dead)
      fence(world.log, GATE, slotOf(world, dead))
    },
    ...view,
    check(world, ending) {
      const { startOffset } = STARTS[start]
      assert.equal(committedOffset(world.log, GATE), startOffset + records, 'all is committed')
      const actors = [...MEMBERS, 'judge'].map((name) => ending.events(name) as CallEvent[])
      // A new holder's own death, just when it has noted a sentence.
      const deaths = ending.status('member1') === Status.CRASHED ? 1 : 0
      for (let number = 0; number < records; number++) {
        checkAttempts(actors.flat(), startOffset + number, deaths)
      }
    },
  }
}

/** What holds of the calls for one record. */
function checkAttempts(events: readonly CallEvent[], offset: number, deaths: number): void {
  const ended = new Set(events.map((event) => 'ends' in event && event.ends))
  const sentenced = new Set(events.map((event) => 'sentenced' in event && event.sentenced))
  const calls = events
    .flatMap((event) => ('begins' in event && event.offset === offset ? [event] : []))
    .sort((a, b) => a.begins - b.begins)
  let sentences = 0
  for (const { begins: call, failed } of calls) {
    assert.ok(failed >= sentences, 'no failed attempt is lost')
    assert.ok(failed <= sentences + deaths, 'what another record failed is not counted')
    assert.ok(!(ended.has(call) && sentenced.has(call)), 'a call ends or is sentenced')
    if (sentenced.has(call)) sentences++
  }
  if (sentences > 0) sometimes('sentenced')
}

/** Handles what is not committed. A sentence ends its thread, and one like it begins anew. */
function work(world: LogWorld, member: string, start: Start, records: number): void {
  const { log } = world
  const end = STARTS[start].startOffset + records
  const slot = slotOf(world, member)
  for (let turn = 0; committedOffset(log, GATE) !== end; turn++) {
    const owned = acquire(log, GATE, slot)
    if (owned === undefined) memory.pause(turn)
    else if (handleAll(world, owned, end)) release(log, GATE, slot)
    else fence(log, GATE, slot)
  }
}

/** @returns false if a call was sentenced */
function handleAll({ log, threads }: LogWorld, owned: Ownership, end: number): boolean {
  clearCall(log, GATE)
  const failed = failedRecord(log, GATE)
  for (let offset = owned.committed; offset !== end; offset++) {
    const isKnown = failed?.offsetLow === (offset | 0)
    markDelivered(log, GATE, offset + 1)
    const call = beginCall(log, GATE)
    tell({ begins: call, offset, failed: isKnown ? failed.attempts : 0 })
    if (!endCall(log, GATE, call)) return false
    tell({ ends: call })
    assert.ok(commit(log, threads, GATE, owned.epoch, offset, offset + 1), 'it is the owner')
    if (isKnown) forgetFailed(log, GATE)
  }
  return true
}
