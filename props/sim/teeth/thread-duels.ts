import assert from 'node:assert/strict'
import { isPaused, setPaused } from '../../../core/group/cursor.js'
import { DATA_WAITERS_WORD, SPACE_WAITERS_WORD } from '../../../core/log/layout.js'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import { repairLog } from '../../../core/log/repair.js'
import { wakeSleepers } from '../../../core/log/wait-set.js'
import { SLOTS_USED_WORD } from '../../../core/thread-table.js'
import { record, type Scenario } from '../scenario.js'
import {
  createWorld,
  describeLog,
  type LogWorld,
  sleepUntil,
  slotOf,
} from '../scenarios/log-world.js'
import type { Subject } from './subjects.js'

/* Small scenarios of threads that come, sleep, wake each other and die. */

const TINY: LogGeometry = {
  segmentCount: 4,
  segmentGranules: 1,
  startPosition: 0,
  startOffset: 0,
}
const FLAG = 0
/** Slots of one word of a wait set. */
const WORD_SLOTS = 32

/** Threads come and go: no two have one slot, and whoever takes one is woken by `wakeAll`. */
function manySlots(): Scenario<LogWorld> {
  const come = ({ threads }: LogWorld) => {
    const slot = threads.takeSlot()
    record(slot)
    const signal = threads.signal(slot)
    if (threads.generation(0) === 0) threads.wait(slot, signal, Number.POSITIVE_INFINITY)
    assert.ok(threads.generation(0) > 0, 'nobody is woken for nothing')
  }
  return {
    name: 'duel: slots',
    setup: () => createWorld(TINY, ['announcer']),
    actors: {
      thread1: come,
      thread2: come,
      announcer1: ({ threads }) => threads.advanceGeneration(0),
      announcer2({ threads }) {
        threads.advanceGeneration(0)
        threads.close()
        threads.wakeAll()
      },
    },
    describe: describeLog,
    check({ threads }, ending) {
      assert.equal(threads.generation(0), 2, 'each change counts')
      const slots = ['thread1', 'thread2'].flatMap((thread) => ending.events(thread))
      assert.equal(new Set(slots).size, 2, 'each has a slot of its own')
    },
  }
}

/** Two take slots at a time: each gets one, and `wakeAll` looks at both. */
function newcomers(): Scenario<LogWorld> {
  const come = ({ threads }: LogWorld) => record(threads.takeSlot())
  return {
    name: 'duel: newcomers',
    setup: () => createWorld(TINY, ['before']),
    actors: { newcomer1: come, newcomer2: come },
    describe: describeLog,
    check({ threads }, ending) {
      const slots = ['newcomer1', 'newcomer2'].flatMap((name) => ending.events(name))
      assert.equal(new Set(slots).size, 2, 'each has a slot of its own')
      assert.equal(threads.region.words[SLOTS_USED_WORD], 3)
    },
  }
}

/** A thread comes while a change is announced: it sees the change, or is woken. */
function announced(): Scenario<LogWorld> {
  return {
    name: 'duel: a change is announced',
    setup: () => createWorld(TINY, ['announcer']),
    actors: {
      newcomer({ threads }) {
        const slot = threads.takeSlot()
        const signal = threads.signal(slot)
        if (threads.generation(0) === 0) threads.wait(slot, signal, Number.POSITIVE_INFINITY)
        assert.equal(threads.generation(0), 1)
      },
      announcer: ({ threads }) => threads.advanceGeneration(0),
    },
    describe: describeLog,
    check: () => {},
  }
}

interface SleepOptions {
  readonly name: string
  readonly waitSet: number
  /** The sleepers' bits are in one word of the set, or in two. */
  readonly isApart: boolean
  readonly mortal: readonly string[]
}

/** Two sleep until a flag is raised; some wake them for nothing before, or do not live on. */
function sleeping({ name, waitSet, isApart, mortal }: SleepOptions): Scenario<LogWorld> {
  const between = Array.from({ length: isApart ? WORD_SLOTS : 0 }, (_, index) => `other${index}`)
  const sleep = (sleeper: string) => (world: LogWorld) => {
    sleepUntil(world, sleeper, waitSet, () => isPaused(world.log, FLAG))
  }
  return {
    name: `duel: ${name}`,
    setup: () => createWorld(TINY, ['sleeper1', ...between, 'sleeper2']),
    actors: {
      sleeper1: sleep('sleeper1'),
      sleeper2: sleep('sleeper2'),
      early: ({ log, threads }) => wakeSleepers(log.words, waitSet, threads),
      raiser({ log, threads }) {
        setPaused(log, FLAG, true)
        wakeSleepers(log.words, waitSet, threads)
      },
    },
    mortal,
    repair({ log, threads, ...world }, dead) {
      repairLog(log, threads, slotOf({ log, threads, ...world }, dead))
      threads.wakeAll()
    },
    describe: describeLog,
    check(world) {
      for (const sleeper of ['sleeper1', 'sleeper2']) {
        const slot = slotOf(world, sleeper)
        const bits = world.log.words[waitSet + 1 + (slot >>> 5)] as number
        assert.equal(bits & (1 << (slot & 31)), 0, `${sleeper} is in no wait set any more`)
      }
    },
  }
}

/** Duels about sleeping and waking. */
export function threadDuels(): Subject[] {
  const near = { isApart: false, mortal: [] }
  const death = { isApart: false, mortal: ['sleeper1'] }
  const data = DATA_WAITERS_WORD
  const space = SPACE_WAITERS_WORD
  const twice = { preemptions: 2, crashes: 0 }
  return [
    { scenario: newcomers(), bounds: twice },
    { scenario: announced(), bounds: twice },
    { scenario: manySlots(), bounds: twice },
    { scenario: sleeping({ name: 'sleepers', waitSet: data, ...near }), bounds: twice },
    {
      scenario: sleeping({ name: 'sleepers of two words', waitSet: data, ...near, isApart: true }),
      bounds: twice,
    },
    {
      scenario: sleeping({ name: 'sleepers that die', waitSet: data, ...death }),
      bounds: { preemptions: 1, crashes: 1 },
    },
    {
      scenario: sleeping({ name: 'producers that die', waitSet: space, ...death }),
      bounds: { preemptions: 1, crashes: 1 },
    },
  ]
}
