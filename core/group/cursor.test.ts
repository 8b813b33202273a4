import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as memory from '#memory'
import {
  actingBeforeLong,
  appendValues,
  createWorld,
  type LogWorld,
} from '../log/frames.test.helper.js'
import * as layout from '../log/layout.js'
import { wakeProducers } from '../log/recycler.js'
import { enlist } from '../log/wait-set.js'
import * as cursor from './cursor.js'

const GEOMETRY = { segmentCount: 4, segmentGranules: 4 }
const GATE = 3
const MEMBER = 11

test('a gate is as it was activated', () => {
  const { log } = createWorld({ ...GEOMETRY, startOffset: 2 ** 32 + 100 })
  assert.equal(cursor.isActive(log, GATE), false)
  cursor.setPaused(log, GATE, true)
  cursor.activateGate(log, GATE, 2 ** 32 + 102)
  assert.equal(cursor.isActive(log, GATE), true)
  assert.equal(cursor.isActive(log, GATE - 1), false)
  assert.equal(cursor.committedOffset(log, GATE), 2 ** 32 + 102)
  assert.equal(cursor.deliveredOffset(log, GATE), 2 ** 32 + 102)
  assert.equal(cursor.isPaused(log, GATE), false)
  assert.equal(cursor.holderOf(log, GATE), 0)
  assert.equal(cursor.assignedTo(log, GATE), 0)
})

test('a gate holds the log back while it is active', () => {
  const { log, table, thread } = createWorld({ segmentCount: 4, segmentGranules: 1 })
  const { appender, slot } = thread()
  cursor.activateGate(log, GATE, 0)
  appendValues(appender, 'a', 'b', 'c', 'd')
  assert.throws(() => appendValues(appender, 'e'), /full/)
  const signal = table.signal(slot)
  enlist(log.words, layout.SPACE_WAITERS_WORD, slot)
  cursor.deactivateGate(log, table, GATE)
  assert.notEqual(table.signal(slot), signal)
  appendValues(appender, 'e')
})

test('a partition has one holder, who begins an epoch', () => {
  const { log } = createWorld(GEOMETRY)
  cursor.activateGate(log, GATE, 5)
  const first = cursor.acquire(log, GATE, MEMBER)
  assert.deepEqual(first, { epoch: cursor.currentEpoch(log, GATE), committed: 5 })
  assert.equal(cursor.holderOf(log, GATE), MEMBER)
  assert.equal(cursor.acquire(log, GATE, MEMBER + 1), undefined)
  assert.equal(
    cursor.currentEpoch(log, GATE),
    first?.epoch,
    'the one who came too late ends nothing',
  )
  cursor.release(log, GATE, MEMBER + 1)
  assert.equal(cursor.holderOf(log, GATE), MEMBER, 'only the holder gives it back')
  cursor.release(log, GATE, MEMBER)
  const second = cursor.acquire(log, GATE, MEMBER + 1)
  assert.equal(second?.epoch, (first?.epoch as number) + 1)
})

test('a commit moves the cursor from where it is', () => {
  const { log, table } = createWorld(GEOMETRY)
  cursor.activateGate(log, GATE, 0)
  const { epoch } = cursor.acquire(log, GATE, MEMBER) as cursor.Ownership
  assert.equal(cursor.commit(log, table, GATE, epoch, 1, 3), false, 'it does not stand at 1')
  assert.equal(cursor.commit(log, table, GATE, epoch - 1, 0, 3), false)
  assert.equal(cursor.committedOffset(log, GATE), 0)
  assert.equal(cursor.commit(log, table, GATE, epoch, 0, 3), true)
  assert.equal(cursor.committedOffset(log, GATE), 3)
})

test('only the commit that lets a segment go wakes who waits for space', () => {
  const { log, table, thread } = createWorld({ segmentCount: 4, segmentGranules: 2 })
  const { appender } = thread()
  appendValues(appender, ...'abcdefgh')
  const epochs = [GATE, GATE + 1].map((gate) => {
    cursor.activateGate(log, gate, 0)
    return (cursor.acquire(log, gate, MEMBER) as cursor.Ownership).epoch
  })
  const producer = table.takeSlot()
  const wakes = (act: () => void) => {
    const signal = table.signal(producer)
    enlist(log.words, layout.SPACE_WAITERS_WORD, producer)
    act()
    return table.signal(producer) !== signal
  }
  const commit = (gate: number, from: number, to: number) => () => {
    cursor.hold(log, gate, to)
    assert.ok(cursor.commit(log, table, gate, epochs[gate - GATE] as number, from, to))
  }
  assert.equal(wakes(commit(GATE, 0, 1)), false)
  assert.equal(wakes(commit(GATE, 1, 2)), false, 'the segment, but no record of the next one')
  assert.equal(wakes(commit(GATE, 2, 3)), false, 'the other group keeps it')
  cursor.hold(log, GATE, 2)
  assert.equal(wakes(commit(GATE + 1, 0, 3)), false, 'an owner still reads there')
  assert.throws(() => appendValues(appender, 'i'), /full/)
  cursor.hold(log, GATE, 3)
  assert.equal(
    wakes(() => wakeProducers(log, table)),
    true,
  )
  assert.equal(wakes(commit(GATE, 3, 4)), true, 'it is still free')
  assert.equal(
    wakes(() => appendValues(appender, 'i')),
    true,
    'there is room for one more',
  )
  assert.equal(
    wakes(() => appendValues(appender, 'j')),
    false,
  )
  assert.equal(wakes(commit(GATE, 4, 5)), false, 'the other group keeps the next one')
})

test('a dead holder is fenced once, and nobody else', () => {
  const { log, table } = createWorld(GEOMETRY)
  cursor.activateGate(log, GATE, 0)
  const { epoch } = cursor.acquire(log, GATE, MEMBER) as cursor.Ownership
  cursor.fence(log, GATE, MEMBER + 1)
  assert.equal(cursor.commit(log, table, GATE, epoch, 0, 1), true)
  cursor.fence(log, GATE, MEMBER)
  cursor.fence(log, GATE, MEMBER)
  assert.equal(cursor.holderOf(log, GATE), 0)
  assert.equal(cursor.currentEpoch(log, GATE), epoch + 1)
  assert.equal(cursor.commit(log, table, GATE, epoch, 1, 2), false, 'a zombie is refused')
  assert.equal(cursor.committedOffset(log, GATE), 1)
})

test('a seek moves the cursor either way and ends what was read before', () => {
  const { log, table } = createWorld(GEOMETRY)
  cursor.activateGate(log, GATE, 5)
  const { epoch } = cursor.acquire(log, GATE, MEMBER) as cursor.Ownership
  cursor.markDelivered(log, GATE, 9)
  const producer = table.takeSlot()
  const signal = table.signal(producer)
  enlist(log.words, layout.SPACE_WAITERS_WORD, producer)
  cursor.seekCursor(log, table, GATE, 2)
  assert.notEqual(table.signal(producer), signal)
  assert.equal(cursor.commit(log, table, GATE, epoch, 5, 6), false)
  assert.equal(cursor.deliveredOffset(log, GATE), 2)
  const owned = cursor.ownership(log, GATE)
  assert.deepEqual(owned, { epoch: epoch + 1, committed: 2 })
  assert.equal(cursor.holderOf(log, GATE), MEMBER, 'the owner stays')
  assert.equal(cursor.commit(log, table, GATE, owned.epoch, 2, 3), true)
})

test('a commit between the two steps of a seek comes before it', () => {
  const { log, table } = createWorld(GEOMETRY)
  cursor.activateGate(log, GATE, 0)
  const { epoch } = cursor.acquire(log, GATE, MEMBER) as cursor.Ownership
  const view = actingBeforeLong(log, 2, () => {
    assert.equal(cursor.commit(log, table, GATE, epoch, 0, 7), true)
  })
  cursor.seekCursor(view, table, GATE, 4)
  assert.deepEqual(cursor.ownership(log, GATE), { epoch: epoch + 1, committed: 4 })
})

test('a fence keeps a commit that came between its steps', () => {
  const { log, table } = createWorld(GEOMETRY)
  cursor.activateGate(log, GATE, 0)
  const { epoch } = cursor.acquire(log, GATE, MEMBER) as cursor.Ownership
  const view = actingBeforeLong(log, 3, () => {
    assert.equal(cursor.commit(log, table, GATE, epoch, 0, 7), true)
  })
  cursor.fence(view, GATE, MEMBER)
  assert.deepEqual(cursor.ownership(log, GATE), { epoch: epoch + 1, committed: 7 })
})

test('the place where an owner goes on is held before it is sure of its epoch', () => {
  const { log, table } = createWorld(GEOMETRY)
  cursor.activateGate(log, GATE, 0)
  const held = () => memory.load(log.words, layout.gateHeldWord(GATE))
  // Uses: the two of the new epoch, with the tail in between, and then the second look.
  const view = actingBeforeLong(log, 4, () => {
    assert.equal(held(), 0)
    cursor.seekCursor(log, table, GATE, 9)
  })
  const owned = cursor.acquire(view, GATE, MEMBER)
  assert.deepEqual(owned, cursor.ownership(log, GATE))
  assert.equal(owned?.committed, 9)
  assert.equal(held(), 9)
  cursor.seekCursor(log, table, GATE, 2)
  assert.equal(held(), 9, 'until the owner follows')
  assert.deepEqual(cursor.follow(log, GATE), cursor.ownership(log, GATE))
  assert.equal(held(), 2)
})

test('what an owner holds stays, though a seek has moved the cursor on', () => {
  const { log, table, thread } = createWorld({ segmentCount: 4, segmentGranules: 1 })
  const { appender } = thread()
  cursor.activateGate(log, GATE, 0)
  cursor.acquire(log, GATE, MEMBER)
  appendValues(appender, 'a', 'b', 'c', 'd')
  cursor.seekCursor(log, table, GATE, 4)
  assert.throws(() => appendValues(appender, 'e'), /full/)
  cursor.hold(log, GATE, 1)
  assert.throws(() => appendValues(appender, 'e'), /full/, 'the place before the next segment')
  cursor.hold(log, GATE, 2)
  appendValues(appender, 'e')
  cursor.release(log, GATE, MEMBER)
  appendValues(appender, 'f', 'g')
})

test('assignment, pauses and deliveries of one gate are no other’s', () => {
  const { log } = createWorld(GEOMETRY)
  cursor.assign(log, GATE, 4)
  cursor.setPaused(log, GATE, true)
  cursor.markDelivered(log, GATE, 8)
  for (let gate = 0; gate < layout.GATES_MAX; gate++) {
    const isOurs = gate === GATE
    assert.equal(cursor.assignedTo(log, gate), isOurs ? 4 : 0)
    assert.equal(cursor.isPaused(log, gate), isOurs)
    assert.equal(cursor.deliveredOffset(log, gate), isOurs ? 8 : 0)
  }
  cursor.setPaused(log, GATE, false)
  assert.equal(cursor.isPaused(log, GATE), false)
})

// --------------------------------------------------------------------------------- against a model

type Action =
  | { readonly type: 'acquire' | 'release' | 'fence'; readonly member: number }
  | { readonly type: 'commit'; readonly member: number; readonly records: number }
  | { readonly type: 'seek'; readonly distance: number }

const member = fc.integer({ min: 1, max: 3 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('acquire' as const), member }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('release' as const), member }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fence' as const), member }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('commit' as const),
      member,
      records: fc.integer({ min: 1, max: 50 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('seek' as const), distance: fc.nat(500) }),
  },
)

/** A log's gate, beside what it must say. */
class Model {
  readonly world: LogWorld
  readonly startOffset: number
  private holder = 0
  private committed: number
  /** What each member believes, right or wrong: a zombie goes on with its own epoch. */
  private readonly beliefs = new Map<number, cursor.Ownership>()
  /** The belief that is true, if any is. */
  private current: cursor.Ownership | undefined
  private readonly epochs = new Set<number>()

  constructor(startOffset: number) {
    this.world = createWorld({ ...GEOMETRY, startOffset })
    this.startOffset = startOffset
    this.committed = startOffset
    cursor.activateGate(this.world.log, GATE, startOffset)
    this.check()
  }

  run(step: Action): void {
    if (step.type === 'acquire') this.acquire(step.member)
    else if (step.type === 'commit') this.commit(step.member, step.records)
    else if (step.type === 'seek') this.seek(this.startOffset + step.distance)
    else this.end(step.type, step.member)
    this.check()
  }

  private acquire(newcomer: number): void {
    const owned = cursor.acquire(this.world.log, GATE, newcomer)
    assert.equal(owned !== undefined, this.holder === 0)
    if (owned === undefined) return
    assert.equal(owned.committed, this.committed)
    assert.equal(this.epochs.has(owned.epoch), false, 'an epoch of its own')
    this.beliefs.set(newcomer, owned)
    this.current = owned
    this.holder = newcomer
  }

  private commit(committer: number, records: number): void {
    const belief = this.beliefs.get(committer)
    if (belief === undefined) return
    const { epoch, committed } = belief
    const { log, table } = this.world
    const applied = cursor.commit(log, table, GATE, epoch, committed, committed + records)
    assert.equal(applied, belief === this.current)
    if (!applied) return
    this.committed = committed + records
    this.current = { epoch, committed: this.committed }
    this.beliefs.set(committer, this.current)
  }

  private seek(offset: number): void {
    cursor.seekCursor(this.world.log, this.world.table, GATE, offset)
    this.committed = offset
    this.current = undefined
  }

  private end(how: 'release' | 'fence', leaver: number): void {
    const leave = how === 'fence' ? cursor.fence : cursor.release
    leave(this.world.log, GATE, leaver)
    if (this.holder !== leaver) return
    this.holder = 0
    if (how === 'fence') this.current = undefined
  }

  private check(): void {
    const { log } = this.world
    this.epochs.add(cursor.currentEpoch(log, GATE))
    assert.equal(cursor.holderOf(log, GATE), this.holder)
    assert.equal(cursor.committedOffset(log, GATE), this.committed)
  }
}

test('whoever does what, the cursor has one owner and moves back by seeks only', () => {
  const starts = fc.constantFrom(0, 2 ** 31 - 100, 2 ** 32 - 100, 2 ** 33)
  fc.assert(
    fc.property(starts, fc.array(action, { maxLength: 60 }), (startOffset, actions) => {
      const model = new Model(startOffset)
      for (const step of actions) model.run(step)
    }),
  )
})

test('a gate that is activated again begins an epoch that no owner of before has had', () => {
  const { log, table } = createWorld({ segmentCount: 4, segmentGranules: 4 })
  cursor.activateGate(log, GATE, 0)
  const before = cursor.acquire(log, GATE, MEMBER)
  assert.ok(before !== undefined)
  cursor.release(log, GATE, MEMBER)
  cursor.deactivateGate(log, table, GATE)
  cursor.activateGate(log, GATE, 0)
  const after = cursor.acquire(log, GATE, MEMBER + 1)
  assert.ok(after !== undefined)
  assert.equal(cursor.commit(log, table, GATE, before.epoch, 0, 1), false, 'a zombie is refused')
  assert.equal(cursor.commit(log, table, GATE, after.epoch, 0, 1), true)
})

test('a commit that would go back is refused', () => {
  const { log, table } = createWorld({ ...GEOMETRY, startOffset: 2 ** 32 - 1 })
  cursor.activateGate(log, GATE, 2 ** 32 + 4)
  const owned = cursor.acquire(log, GATE, MEMBER) as cursor.Ownership
  const { epoch, committed } = owned
  assert.equal(cursor.commit(log, table, GATE, epoch, committed, 2 ** 32 - 1), false)
  assert.deepEqual(cursor.ownership(log, GATE), owned)
  assert.equal(cursor.commit(log, table, GATE, epoch, committed, committed + 1), true)
})
