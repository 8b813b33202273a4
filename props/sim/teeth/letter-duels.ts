import assert from 'node:assert/strict'
import { acquire, activateGate, committedOffset, fence } from '../../../core/group/cursor.js'
import { commitDeadLetter, settleDeadLetter } from '../../../core/group/dead-letter-commit.js'
import { Appender } from '../../../core/log/appender.js'
import { PartitionLog } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import { repairLog } from '../../../core/log/repair.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import {
  contentOf,
  describeLog,
  frame,
  type LogWorld,
  readFrame,
  slotOf,
} from '../scenarios/log-world.js'
import { fullLog } from './full-log.js'
import type { Subject } from './subjects.js'

/* Small scenarios of dead letters: the letter and the commit are one step. */

const GATE = 0
const OWNER = 'owner'
/** Epoch of the owner: the gate was activated, then acquired. */
const EPOCH = 2
const LETTERS_BEFORE = 4

interface LetterWorld extends LogWorld {
  readonly letters: PartitionLog
}

/** The log of letters is full of longer ones, all of one sender. */
function setUp(actors: readonly string[]): LetterWorld {
  const world = fullLog([OWNER, ...actors], 2)
  const letters = PartitionLog.create({ segmentCount: 4, segmentGranules: 2 })
  const appender = new Appender(letters, world.threads, slotOf(world, 'before'))
  for (let number = 0; number < LETTERS_BEFORE; number++)
    appender.append(frame(0, number + 1, 1, 2))
  activateGate(world.log, GATE, 0)
  acquire(world.log, GATE, slotOf(world, OWNER))
  return { ...world, letters }
}

/** Gives up one record after the other. @returns the last result */
function giveUp(world: LetterWorld, records: number): void {
  const { log, threads, letters } = world
  const appender = new Appender(letters, threads, slotOf(world, OWNER))
  for (let at = 0; at < records; at++) {
    const letter = frame(1, at, 1, records === 1 ? 1 : 2)
    record(commitDeadLetter(appender, letter, log, threads, GATE, EPOCH, at, at + 1))
  }
}

function checkLetters({ log, letters }: LetterWorld): void {
  const { records, claimedFrames } = contentOf(letters)
  assert.equal(claimedFrames, 0)
  const own = records.filter(({ name }) => name >= 1000).map(({ name }) => name - 1000)
  const committed = committedOffset(log, GATE)
  const expected = Array.from({ length: committed }, (_, at) => at).slice(-own.length || committed)
  assert.deepEqual(own, expected, 'the letters of what is committed, and no other')
}

/** An owner is fenced while it lives, others look at the letters and append to them. */
function letterFenced(): Scenario<LetterWorld> {
  return {
    name: 'duel: a letter of a fenced owner',
    setup: () => setUp(['producer1', 'supervisor']),
    actors: {
      owner: (world) => giveUp(world, 1),
      supervisor: (world) => fence(world.log, GATE, slotOf(world, OWNER)),
      reader({ letters }) {
        const reader = new Reader(letters, 8, LETTERS_BEFORE)
        if (reader.next()) readFrame(reader)
      },
      producer1(world) {
        const { letters, threads } = world
        const appender = new Appender(letters, threads, slotOf(world, 'producer1'))
        appender.append(frame(0, LETTERS_BEFORE + 1, 1))
      },
    },
    describe: describeLog,
    check(world, ending) {
      checkLetters(world)
      const isWritten = ending.events(OWNER)[0] === 'written'
      assert.equal(committedOffset(world.log, GATE), isWritten ? 1 : 0)
      if (!isWritten) sometimes('fenced')
    },
  }
}

/** An owner dies over its letters, as many as go around their log. */
function letterOfTheDead(): Scenario<LetterWorld> {
  return {
    name: 'duel: letters of a dead owner',
    setup: () => setUp([]),
    actors: { owner: (world) => giveUp(world, LETTERS_BEFORE + 1) },
    repair(world, dead) {
      const { log, threads, letters } = world
      const slot = slotOf(world, dead)
      settleDeadLetter(log, GATE, letters, slot)
      fence(log, GATE, slot)
      repairLog(letters, threads, slot)
      repairLog(log, threads, slot)
    },
    describe: describeLog,
    check(world) {
      checkLetters(world)
      if (contentOf(world.letters).abortedFrames > 0) sometimes('letter aborted')
    },
  }
}

/** Duels about dead letters. */
export function letterDuels(): Subject[] {
  return [
    { scenario: letterOfTheDead(), bounds: { preemptions: 0, crashes: 1 } },
    { scenario: letterFenced(), bounds: { preemptions: 2, crashes: 0 } },
  ].map(({ scenario, ...rest }) => ({ scenario: scenario as Scenario<LogWorld>, ...rest }))
}
