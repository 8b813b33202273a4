import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../../workers/index.js'
import { blockThread, nowMs } from './clock.js'
import { type GroupRun, HANDLER_TIMEOUT_MS } from './group-run.js'
import type { Breakage } from './handler-file.js'
import { areOperationsCounted } from './operations.js'
import type { Order, Orders } from './orders.js'
import type { Workload } from './plan.js'
import type { ProducerFleet } from './producer-fleet.js'
import type { Random } from './random.js'
import { KEYS_MAX } from './sample.js'
import { BLOCKING } from './subject.js'
import { PARTITIONS_MAX } from './takeover-log.js'
import { until } from './until.js'
import { raiseZombie } from './zombie.js'

/** What a fault may act upon. */
export interface Scene {
  readonly engine: Engine
  readonly random: Random
  readonly groups: readonly GroupRun[]
  readonly fleet: ProducerFleet
  /** The most workers that a group may have. */
  readonly workersMax: number
  /** Whether a log has gone around already. */
  hasWrapped(): boolean
  /** The trial goes on meanwhile, and does not end before. */
  alongside(work: Promise<void>): void
}

/** One row of the table. */
export interface Fault {
  readonly name: string
  /** How often it happens in a whole trial. */
  readonly times: number
  /** Whether a thread dies of it: then deaths are counted, and not what was asked for. */
  readonly kills: boolean
  /** Whether it needs the seam of `memory.ts`. */
  readonly needsSeam?: boolean
  /** What the workload must be like. */
  readonly workload?: Partial<Workload>
  /** Brings it about. @returns false if there was nobody to whom it could happen now */
  bring(scene: Scene): Promise<boolean> | boolean
}

/** A handler that has nothing to do takes no order. */
const ORDER_MS = 300
const DEATH_MS = 1000
/** A producer becomes slower the longer a trial takes, and has the more to fill the larger the log. */
const FULL_MS = 2000
const BLOCKED_MS = 500
const ZOMBIE = 'zombie: blocks, is held for dead, comes back and commits'
const WHILE_FULL = 'producer terminated while the log is full and wraps'

/** The matrix. What must hold after each of them is in `verdict.ts`: it is the same for all. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'worker terminated',
    times: 12,
    kills: true,
    bring: ({ random, groups }) =>
      random.pick(groups).kill(random, 'worker terminated') !== undefined,
  },
  {
    ...deadly('worker dies at operation k', 12, ({ random }) =>
      random.integer(1, random.pick([10, 100, 3000])),
    ),
    needsSeam: true,
  },
  {
    ...ordered('worker stops at operation k', 4, ({ random }) =>
      random.integer(1, random.pick([10, 100, 3000])),
    ),
    needsSeam: true,
  },
  {
    name: 'producer terminated',
    times: 12,
    kills: true,
    bring: ({ fleet }) => fleet.kill('producer terminated'),
  },
  {
    ...deadly(
      'producer dies at operation k',
      14,
      ({ random }) => random.integer(1, random.pick([8, 40])),
      true,
    ),
    needsSeam: true,
  },
  {
    name: 'producer stops at operation k',
    times: 4,
    kills: false,
    needsSeam: true,
    bring: ({ fleet, random }) =>
      give(fleet.orders, 'producer stops at operation k', random.integer(1, random.pick([8, 40]))),
  },
  {
    name: WHILE_FULL,
    times: 8,
    kills: true,
    bring: killWhileFull,
  },
  ordered('handler throws', 6),
  ordered('handler rejects', 6),
  deadly('unhandled rejection', 4),
  deadly('uncaught exception in a timer', 4),
  deadly('process.exit in a handler', 4),
  deadly('out of memory', 2),
  deadly('handler hangs for ever', 3, ({ random }) => random.pick([BLOCKING, 0])),
  ordered(
    'handler comes back when its time is over',
    3,
    ({ random }) => 2 * HANDLER_TIMEOUT_MS + random.integer(-30, 90),
  ),
  crashLoop('handler file missing', 'missing'),
  crashLoop('handler file with a syntax error', 'syntax error'),
  crashLoop('handler throws while it is loaded', 'throws'),
  {
    name: ZOMBIE,
    times: 2,
    kills: true,
    // So that it is given partitions.
    workload: { partitions: PARTITIONS_MAX, workers: 2, keys: KEYS_MAX },
    bring: (scene) => {
      const { engine, random, groups } = scene
      scene.alongside(raiseZombie(ZOMBIE, engine, random.pick(groups), random))
      return true
    },
  },
  {
    name: 'main thread blocked for 500 ms',
    times: 2,
    kills: false,
    bring: blockMainThread,
  },
  { name: 'workers scaled', times: 3, kills: false, bring: scale },
]

/** Those that can be brought about in this process. */
export function possibleFaults(): readonly Fault[] {
  return FAULTS.filter(({ needsSeam }) => needsSeam !== true || areOperationsCounted())
}

function ordered(order: Order, times: number, argument: (scene: Scene) => number = () => 0): Fault {
  return {
    name: order,
    times,
    kills: false,
    bring: (scene) => give(scene.random.pick(scene.groups).orders, order, argument(scene)),
  }
}

/** An order of which the thread dies. */
function deadly(
  order: Order,
  times: number,
  argument: (scene: Scene) => number = () => 0,
  isForProducers = false,
): Fault {
  return {
    name: order,
    times,
    kills: true,
    bring: async (scene) => {
      const target = isForProducers ? scene.fleet : scene.random.pick(scene.groups)
      const deathsBefore = target.countDeaths(order)
      if (!(await give(target.orders, order, argument(scene)))) return false
      // It may be killed in another way before it comes to that.
      return within(DEATH_MS, () => target.countDeaths(order) > deathsBefore)
    },
  }
}

/** @returns whether somebody took it */
async function give(orders: Orders, order: Order, argument: number): Promise<boolean> {
  orders.give(order, argument)
  await within(ORDER_MS, () => !orders.isOpen)
  return !orders.withdraw()
}

async function within(limitMs: number, isReached: () => boolean): Promise<boolean> {
  const endMs = nowMs() + limitMs
  while (!isReached() && nowMs() < endMs) await sleep(1)
  return isReached()
}

/**
 * Lets the log become full, lets the group go on, and kills a producer that waited: while it still
 * sleeps, or while it takes the next segment into use again.
 */
async function killWhileFull(scene: Scene): Promise<boolean> {
  const { random, groups, fleet } = scene
  const group = random.pick(groups)
  await group.pause()
  await within(FULL_MS, () => fleet.isOneWaiting)
  const victim = scene.hasWrapped() ? fleet.pickWaiting() : undefined
  const dies = () => victim !== undefined && fleet.kill(WHILE_FULL, victim)
  const diesAsleep = random.chance(0.5) && dies()
  await group.resume()
  if (diesAsleep) return true
  blockThread(random.integer(0, 4) / 4)
  return dies()
}

/** Breaks the handler's file and kills a worker, until the group is degraded; then mends it. */
function crashLoop(name: string, breakage: Breakage): Fault {
  return {
    name,
    times: 1,
    kills: true,
    bring: (scene) => {
      const { random, groups } = scene
      const group = random.pick(groups)
      if (group.isHandlerBroken) return false
      group.breakHandler(breakage)
      const workerId = group.kill(random, name)
      if (workerId === undefined) group.mendHandler()
      else scene.alongside(group.interrupted(recover(group, workerId)))
      return workerId !== undefined
    },
  }
}

async function recover(group: GroupRun, workerId: number): Promise<void> {
  const failedBefore = group.loadsFailed(workerId)
  await until(
    `worker ${workerId} could not start, and ${group.groupId} is degraded`,
    () => group.loadsFailed(workerId) > failedBefore && group.isDegraded(workerId),
  )
  group.mendHandler()
  await until('all workers run again', () => group.areAllRunning)
}

function blockMainThread({ groups }: Scene): boolean {
  const fromMs = nowMs()
  blockThread(BLOCKED_MS)
  for (const { blocks } of groups) blocks.push({ fromMs, toMs: nowMs() })
  return true
}

async function scale({ random, groups, workersMax }: Scene): Promise<boolean> {
  const group = random.pick(groups)
  if (group.isHandlerBroken) return false
  await group.scale(random.integer(1, workersMax))
  return true
}
