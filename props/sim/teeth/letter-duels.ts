import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import {
  acquire,
  activateGate,
  committedOffset,
  currentEpoch,
  fence,
  holderOf,
  type Ownership,
  release,
  seekCursor,
} from '../../../core/group/cursor.js'
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
const SUCCESSOR = 'successor'
const FIRST: Ownership = { epoch: EPOCH, committed: 0 }
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

/** Gives up one record after the other. */
function giveUp(
  world: LetterWorld,
  name: string,
  { epoch, committed }: Ownership,
  records: number,
): void {
  const { log, threads, letters } = world
  const appender = new Appender(letters, threads, slotOf(world, name))
  for (let at = committed; at < records; at++) {
    const letter = frame(1, at, 1, records === 1 ? 1 : 2)
    record(commitDeadLetter(appender, letter, log, threads, GATE, epoch, at, at + 1))
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
      owner: (world) => giveUp(world, OWNER, FIRST, 1),
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
      assert.equal(currentEpoch(world.log, GATE), EPOCH + 1)
      if (!isWritten) sometimes('fenced')
    },
  }
}

/** Owners die over their letters, as many as go around their log. */
function lettersOfTheDead(deaths: string): Scenario<LetterWorld> {
  const records = LETTERS_BEFORE + 1
  return {
    name: `duel: letters, ${deaths}`,
    setup: () => setUp([SUCCESSOR]),
    actors: {
      owner(world) {
        giveUp(world, OWNER, FIRST, records)
        release(world.log, GATE, slotOf(world, OWNER))
      },
      successor(world) {
        for (let turn = 0; ; turn++) {
          const owned = acquire(world.log, GATE, slotOf(world, SUCCESSOR))
          if (owned !== undefined) return giveUp(world, SUCCESSOR, owned, records)
          memory.pause(turn)
        }
      },
    },
    repair: bury,
    describe: describeLog,
    check(world) {
      checkLetters(world)
      if (contentOf(world.letters).abortedFrames > 0) sometimes('letter aborted')
    },
  }
}

function bury(world: LetterWorld, dead: string): void {
  const { log, threads, letters } = world
  const slot = slotOf(world, dead)
  if (holderOf(log, GATE) === slot) settleDeadLetter(log, GATE, letters, slot)
  fence(log, GATE, slot)
  repairLog(letters, threads, slot)
  repairLog(log, threads, slot)
}

/** The group is sought while a dead owner's letter is settled. */
function letterSought(): Scenario<LetterWorld> {
  return {
    name: 'duel: a letter and a seek',
    setup: () => setUp([]),
    actors: {
      owner: (world) => giveUp(world, OWNER, FIRST, 1),
      seeker: ({ log, threads }) => seekCursor(log, threads, GATE, 0),
    },
    mortal: [OWNER],
    repair: bury,
    describe: describeLog,
    check({ letters }) {
      const { abortedFrames, claimedFrames } = contentOf(letters)
      assert.equal(claimedFrames, 0)
      if (abortedFrames > 0) sometimes('letter aborted')
    },
  }
}

/** Duels about dead letters. */
export function letterDuels(): Subject[] {
  return [
    { scenario: lettersOfTheDead('one death'), bounds: { preemptions: 0, crashes: 1 } },
    { scenario: lettersOfTheDead('two deaths'), bounds: { preemptions: 0, crashes: 2 } },
    { scenario: letterSought(), bounds: { preemptions: 1, crashes: 1 } },
    { scenario: letterFenced(), bounds: { preemptions: 2, crashes: 0 } },
  ].map(({ scenario, ...rest }) => ({ scenario: scenario as Scenario<LogWorld>, ...rest }))
}
