import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import {
  beginCall,
  callInHand,
  clearCall,
  endCall,
  failedRecord,
  forgetFailed,
  noteFailed,
  sentenceCall,
} from '../../../core/group/attempt.js'
import {
  acquire,
  activateGate,
  deliveredOffset,
  fence,
  markDelivered,
  release,
} from '../../../core/group/cursor.js'
import { gateCallWord } from '../../../core/log/layout.js'
import { Status } from '../execution.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import { describeLog, type LogWorld, slotOf } from '../scenarios/log-world.js'
import { fullLog } from './full-log.js'
import type { Subject } from './subjects.js'

/* Small scenarios of handlers' calls that are sentenced, and of notes about records that failed. */

const GATE = 0

function setUp(actors: readonly string[]): LogWorld {
  const world = fullLog(['owner', ...actors], 1)
  activateGate(world.log, GATE, 0)
  acquire(world.log, GATE, slotOf(world, 'owner'))
  return world
}

const BEFORE = { offsetLow: 7, attempts: 3 }
/** What the next holder notes of a call that was sentenced. */
const SENTENCE = { offsetLow: 0, attempts: 1 }
const NOTED = { offsetLow: 1, attempts: 1 }

/**
 * A call ends while a judge sentences it: one of the two happens. The judge ends the thread that it
 * has sentenced, so that the owner does no more; if the judge dies over it, its successor does.
 */
function sentenced(): Scenario<LogWorld> {
  return {
    name: 'duel: a call is sentenced',
    setup() {
      const world = setUp(['judge', 'successor'])
      noteFailed(world.log, GATE, BEFORE.offsetLow, BEFORE.attempts)
      return world
    },
    actors: {
      owner({ log }) {
        markDelivered(log, GATE, 1)
        record(endCall(log, GATE, beginCall(log, GATE)))
      },
      judge(world) {
        const { log } = world
        const call = callInHand(log, GATE)
        if (call === undefined) return
        const offset = sentenceCall(log, GATE, call)
        record(offset)
        if (offset !== undefined) fence(log, GATE, slotOf(world, 'owner'))
      },
      successor(world) {
        const { log } = world
        if (acquire(log, GATE, slotOf(world, 'successor')) === undefined) return
        clearCall(log, GATE)
        record(failedRecord(log, GATE))
        record(endCall(log, GATE, beginCall(log, GATE)))
      },
      onlooker({ log }) {
        callInHand(log, GATE)
        deliveredOffset(log, GATE)
        failedRecord(log, GATE)
      },
    },
    mortal: ['judge'],
    repair(world) {
      const { log } = world
      const isRunning = isOdd(memory.load(log.words, gateCallWord(GATE)))
      const isSentenced = isRunning && callInHand(log, GATE) === undefined
      if (isSentenced) fence(log, GATE, slotOf(world, 'owner'))
    },
    describe: describeLog,
    check({ log }, ending) {
      const hasEnded = ending.events('owner')[0] === true
      const hasDied = ending.status('judge') === Status.CRASHED
      if (!hasDied) {
        assert.equal(ending.events('judge').includes(0), !hasEnded, 'it ends, or is sentenced')
      }
      const [read, isEndedNext] = ending.events('successor')
      const isCounted = isEndedNext !== undefined
      assert.deepEqual(failedRecord(log, GATE), isCounted ? SENTENCE : BEFORE)
      if (isCounted) {
        assert.ok(!hasEnded, 'a call that ended is no failed attempt')
        assert.deepEqual(read, SENTENCE)
        assert.equal(isEndedNext, true, 'the call of a new owner is its own')
        sometimes('sentenced')
      }
      const isOver = hasEnded || isEndedNext !== undefined
      if (isOver) assert.ok(!isOdd(log.words[gateCallWord(GATE)] as number), 'no call is left')
    },
  }
}

function assertOneOf(found: unknown, possible: readonly unknown[]): void {
  const texts = possible.map((one) => JSON.stringify(one))
  assert.ok(texts.includes(JSON.stringify(found)), `${JSON.stringify(found)} is no whole note`)
}

function isOdd(call: number): boolean {
  return (call & 1) === 1
}

/** An owner that may die notes a failure, where there was a note before: its successor reads it. */
function noted(): Scenario<LogWorld> {
  return {
    name: 'duel: a note',
    setup() {
      const world = setUp(['successor'])
      noteFailed(world.log, GATE, BEFORE.offsetLow, BEFORE.attempts)
      return world
    },
    actors: {
      owner(world) {
        noteFailed(world.log, GATE, NOTED.offsetLow, NOTED.attempts)
        record('noted')
        release(world.log, GATE, slotOf(world, 'owner'))
      },
      successor(world) {
        const { log } = world
        if (acquire(log, GATE, slotOf(world, 'successor')) === undefined) return
        record([failedRecord(log, GATE)])
        forgetFailed(log, GATE)
        release(log, GATE, slotOf(world, 'successor'))
      },
      onlooker: ({ log }) => void failedRecord(log, GATE),
    },
    mortal: ['owner'],
    repair: (world, dead) => fence(world.log, GATE, slotOf(world, dead)),
    describe: describeLog,
    check({ log }, ending) {
      const [read] = ending.events('successor') as (object | undefined)[][]
      const found = read === undefined ? failedRecord(log, GATE) : read[0]
      const isNoted = ending.events('owner').length > 0
      assertOneOf(found, isNoted ? [NOTED] : [BEFORE, undefined, NOTED])
      if (read !== undefined) assert.equal(failedRecord(log, GATE), undefined, 'forgotten')
      if (read !== undefined && found === undefined) sometimes('lost')
    },
  }
}

/** Duels about attempts. */
export function attemptDuels(): Subject[] {
  return [
    { scenario: noted(), bounds: { preemptions: 2, crashes: 1 } },
    { scenario: sentenced(), bounds: { preemptions: 3, crashes: 1 } },
  ]
}
