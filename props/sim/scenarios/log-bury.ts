import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import { Coordinator, type GroupSettings } from '../../../core/group/coordinator.js'
import {
  acquire,
  assignedTo,
  commit,
  committedOffset,
  hold,
  holderOf,
  release,
} from '../../../core/group/cursor.js'
import { commitDeadLetter } from '../../../core/group/dead-letter-commit.js'
import { Appender } from '../../../core/log/appender.js'
import { heldPlace, placeReader } from '../../../core/log/finder.js'
import { type LogGeometry, PartitionLog } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import { Thread } from '../../../core/thread.js'
import { Status } from '../execution.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import { view } from './log-marks.js'
import {
  append,
  appenderOf,
  checkContent,
  contentOf,
  createWorld,
  fill,
  frame,
  type LogWorld,
  STARTS,
  type Start,
  slotOf,
} from './log-world.js'

const GATE = 0
const GROUP = 'group'
const SETTINGS: GroupSettings = { topics: ['t'], from: 'earliest', deadLetter: true, policy: '' }
/** Sender of dead letters. */
const UNDERTAKER = 9

/** A log with its dead letters, and a coordinator that cleans up after the dead. */
interface BuryWorld extends LogWorld {
  readonly letters: PartitionLog
  readonly coordinator: Coordinator
  /** Each member's id. */
  readonly members: Readonly<Record<string, number>>
}

function setUp(start: Start, actors: readonly string[], members: readonly string[]): BuryWorld {
  const geometry: LogGeometry = { segmentCount: 4, segmentGranules: 2, ...STARTS[start] }
  const world = createWorld(geometry, ['supervisor', ...actors])
  const { log, threads } = world
  const letters = PartitionLog.create({ ...geometry, segmentGranules: 1 })
  const coordinator = new Coordinator(new Thread(threads, slotOf(world, 'supervisor')))
  for (const known of [log, letters]) coordinator.addLog(known)
  coordinator.openGroup(GROUP, SETTINGS, () => [{ topic: 't', partition: 0, log, letters }])
  const ids = members.map((name) => [name, coordinator.join(GROUP, slotOf(world, name)).member])
  return { ...world, letters, coordinator, members: Object.fromEntries(ids) }
}

/** A coordinator that knows what another one knew: actors must not change what the setup made. */
export function successorOf(coordinator: Coordinator): Coordinator {
  const known = coordinator as unknown as {
    groups: Map<string, Record<'members' | 'leavers', Map<number, number>>>
  }
  const groups = [...known.groups].map(([id, group]) => {
    return [
      id,
      { ...group, members: new Map(group.members), leavers: new Map(group.leavers) },
    ] as const
  })
  return Object.assign(Object.create(Coordinator.prototype), coordinator, {
    groups: new Map(groups),
  })
}

/** The shipped clean-up. */
function bury(world: LogWorld, dead: string): void {
  successorOf((world as BuryWorld).coordinator).buryThread(slotOf(world, dead))
}

/**
 * Two members take over from each other while the supervisor cleans up, and may die of it. One
 * record cannot be handled: its letter and its commit are one step.
 */
export function buryMember(start: Start, mortal: readonly string[]): Scenario<BuryWorld> {
  const records = 2
  const poison = 1
  return {
    name: `bury a member: ${mortal.join(' and ')} may die, ${start}`,
    setup() {
      const world = setUp(start, ['member1', 'member2'], ['member1', 'member2'])
      fill(world, 'supervisor', records)
      return world
    },
    actors: {
      member1: (world) => work(world, 'member1', start, records, poison),
      member2: (world) => work(world, 'member2', start, records, poison),
    },
    mortal,
    repair: bury,
    repairers: 2,
    ...view,
    check(world, ending) {
      const { log, letters } = world
      const committed = committedOffset(log, GATE) - STARTS[start].startOffset
      const alive = ['member1', 'member2'].filter((name) => ending.status(name) !== Status.CRASHED)
      if (alive.length > 0) assert.equal(committed, records, 'all is committed')
      assert.equal(holderOf(log, GATE), 0, 'nobody holds the partition')
      const content = contentOf(letters)
      assert.equal(content.claimedFrames, 0, 'no letter is half written')
      const written = content.records.filter(({ name }) => name === UNDERTAKER * 1000 + poison)
      assert.equal(written.length, committed > poison ? 1 : 0, 'the letter and its commit are one')
      const handled = ['member1', 'member2'].flatMap((name) => ending.events(name))
      if (committed > 0) assert.ok(handled.includes(0), 'what is committed was handled')
      if (handled.length > records - 1) sometimes('redelivered')
      if (content.abortedFrames > 0) sometimes('letter aborted')
      if (alive.length < 2 && written.length > 0) sometimes('letter written')
    },
  }
}

/** Handles the partition's records while it is assigned to the member, until all are committed. */
function work(world: BuryWorld, name: string, start: Start, records: number, poison: number): void {
  const { log } = world
  const { startOffset } = STARTS[start]
  const member = world.members[name] as number
  const letters = new Appender(world.letters, world.threads, slotOf(world, name))
  for (let turn = 0; committedOffset(log, GATE) !== startOffset + records; turn++) {
    const owned = assignedTo(log, GATE) === member ? acquire(log, GATE, member) : undefined
    if (owned === undefined) {
      memory.pause(turn)
      continue
    }
    let { committed } = owned
    const place = heldPlace(log, committed)
    const reader = new Reader(log, place.position, place.offset)
    placeReader(reader, place, committed)
    for (; committed !== startOffset + records; committed = reader.offset) {
      if (reader.remaining === 0) assert.ok(reader.next(), 'the gate holds it')
      hold(log, GATE, reader.offset)
      assert.ok(reader.nextRecord())
      const number = reader.recordOffset - startOffset
      const isDone =
        number === poison
          ? giveUp(world, letters, owned.epoch, committed, reader.offset, number)
          : handle(world, owned.epoch, committed, reader.offset, number)
      assert.ok(isDone, 'nobody is fenced alive')
    }
    release(log, GATE, member)
  }
}

function handle(
  { log, threads }: LogWorld,
  epoch: number,
  from: number,
  to: number,
  number: number,
): boolean {
  record(number)
  return commit(log, threads, GATE, epoch, from, to)
}

function giveUp(
  { log, threads }: LogWorld,
  letters: Appender,
  epoch: number,
  from: number,
  to: number,
  number: number,
): boolean {
  const letter = frame(UNDERTAKER, number, 1)
  return commitDeadLetter(letters, letter, log, threads, GATE, epoch, from, to) === 'written'
}

/** A producer dies, and a newcomer takes what slot is free: its claims are its own. */
export function reuseSlot(start: Start): Scenario<BuryWorld> {
  return {
    name: `bury a producer, reuse its slot, ${start}`,
    setup: () => setUp(start, ['producer1'], []),
    actors: {
      producer1(world) {
        append(appenderOf(world, 'producer1'), 1, frame(1, 1, 1), 1)
      },
      newcomer(world) {
        const slot = world.threads.takeSlot()
        if (slot === slotOf(world, 'producer1')) sometimes('slot reused')
        const appender = new Appender(world.log, world.threads, slot)
        for (const number of [1, 2]) append(appender, 2, frame(2, number, 1), number)
      },
    },
    mortal: ['producer1'],
    repair: bury,
    repairers: 2,
    ...view,
    check(world, ending) {
      const content = checkContent(world, ending, ['producer1', 'newcomer'])
      assert.equal(content.records.filter(({ name }) => name > 2000).length, 2)
    },
  }
}
