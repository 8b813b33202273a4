import assert from 'node:assert/strict'
import { Coordinator } from '../../../core/group/coordinator.js'
import * as layout from '../../../core/log/layout.js'
import { Thread } from '../../../core/thread.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import { successorOf } from '../scenarios/log-bury.js'
import {
  appenderOf,
  appendOrSleep,
  describeLog,
  frame,
  type LogWorld,
  slotOf,
} from '../scenarios/log-world.js'
import { fullLog } from './full-log.js'
import type { Subject } from './subjects.js'

/* Small scenarios of the coordinator, who changes what others sleep on. */

const GROUP = 'group'
const INDEX = 0
const SUPERVISOR = 'supervisor'

interface GroupWorld extends LogWorld {
  readonly coordinator: Coordinator
  readonly members: readonly number[]
  /** The group's generation when the actors begin. */
  readonly generation: number
}

function setUp(actors: readonly string[], members: readonly string[]): GroupWorld {
  const world = fullLog([SUPERVISOR, ...actors], 1)
  const { log, threads } = world
  const coordinator = new Coordinator(new Thread(threads, slotOf(world, SUPERVISOR)))
  coordinator.addLog(log)
  const settings = { topics: ['t'], from: 'latest', deadLetter: false, policy: '' } as const
  const partition = { topic: 't', partition: 0, log, letters: undefined }
  coordinator.openGroup(GROUP, settings, () => [partition])
  const ids = members.map((name) => coordinator.join(GROUP, slotOf(world, name)).member)
  return { ...world, coordinator, members: ids, generation: threads.generation(INDEX) }
}

/** Sleeps until the generation has changed that often. */
function awaitChanges({ threads, generation }: GroupWorld, slot: number, changes: number): void {
  for (;;) {
    const signal = threads.signal(slot)
    if (threads.generation(INDEX) >= generation + changes) return
    threads.wait(slot, signal, Number.POSITIVE_INFINITY)
  }
}

/** A member leaves while somebody pauses the group: both changes count, and whoever sleeps sees them. */
function leaving(): Scenario<GroupWorld> {
  return {
    name: 'duel: a member leaves',
    setup: () => setUp(['member1'], ['member1']),
    actors: {
      supervisor({ coordinator, members }) {
        successorOf(coordinator).leave(GROUP, members[0] as number)
      },
      pauser: ({ threads }) => threads.advanceGeneration(INDEX),
      newcomer: (world) => awaitChanges(world, world.threads.takeSlot(), 2),
    },
    describe: describeLog,
    check: ({ threads, generation }) =>
      assert.equal(threads.generation(INDEX), generation + 2, 'each change counts'),
  }
}

/**
 * A thread is buried that was in no group: members look again all the same, and its slot is free
 * once that is said.
 */
function buried(): Scenario<GroupWorld> {
  return {
    name: 'duel: a burial',
    setup: () => setUp(['dead'], []),
    ordersEvents: true,
    actors: {
      supervisor(world) {
        successorOf(world.coordinator).buryThread(slotOf(world, 'dead'))
        record('buried')
      },
      pauser: ({ threads }) => threads.advanceGeneration(INDEX),
      newcomer(world) {
        record('comes')
        const slot = world.threads.takeSlot()
        record(slot)
        awaitChanges(world, slot, 2)
      },
    },
    describe: describeLog,
    check(world, ending) {
      const { threads, generation } = world
      assert.equal(threads.generation(INDEX), generation + 2, 'each change counts')
      const history = ending.history().map(({ event }) => event)
      if (history.indexOf('buried') > history.indexOf('comes')) return
      assert.equal(ending.events('newcomer')[1], slotOf(world, 'dead'), 'its slot is free')
      sometimes('slot reused')
    },
  }
}

/** A thread dies with the lease and a pin: the burial gets a producer what it waits for. */
function leaseBuried(): Scenario<GroupWorld> {
  return {
    name: 'duel: a lease is buried',
    setup() {
      const world = setUp(['dead', 'producer1'], [])
      const dead = slotOf(world, 'dead')
      const { words } = world.log
      words[layout.LEASE_WORD] = dead
      words[layout.PINS_WORD + dead] = 1
      words[layout.PINS_USED_WORD] = dead
      return world
    },
    actors: {
      supervisor(world) {
        successorOf(world.coordinator).buryThread(slotOf(world, 'dead'))
      },
      producer1(world) {
        const appender = appenderOf(world, 'producer1')
        appendOrSleep(world, appender, 'producer1', 1, frame(1, 1, 1), 1)
      },
    },
    describe: describeLog,
    check(world) {
      const { words } = world.log
      assert.equal(words[layout.LEASE_WORD], 0)
      assert.equal(words[layout.PINS_WORD + slotOf(world, 'dead')], 0, 'the dead pin nothing')
    },
  }
}

/** Duels about the coordinator. */
export function coordinatorDuels(): Subject[] {
  const twice = { preemptions: 2, crashes: 0 }
  return [leaseBuried(), leaving(), buried()].map((scenario) => ({
    scenario: scenario as unknown as Scenario<LogWorld>,
    bounds: twice,
  }))
}
