import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memory from '#memory'
import { Appender } from '../log/appender.js'
import {
  appendValues,
  frameOfValues,
  readAll,
  rush,
  SteppedLog,
} from '../log/frames.test.helper.js'
import * as layout from '../log/layout.js'
import { Reader } from '../log/reader.js'
import { GROUPS_MAX } from '../thread-table.js'
import type { GroupSettings } from './coordinator.js'
import * as cursor from './cursor.js'
import { commitDeadLetter, settleDeadLetter } from './dead-letter-commit.js'
import { GroupFixture, SETTINGS } from './group.test.helper.js'

function refused(code: string, message: string, details: object) {
  return { name: 'MillraceError', code, message, details }
}

/** Of a group `billing` that is opened with other settings than it has. */
function conflict(wanted: GroupSettings, ...differing: readonly (keyof GroupSettings)[]) {
  const message = `group 'billing' is live with other settings: ${differing.join(', ')}`
  return refused('GROUP_CONFLICT', message, {
    groupId: 'billing',
    differing,
    live: SETTINGS,
    wanted,
  })
}

const STILL_IN_USE = refused('GROUP_CONFLICT', "group 'billing' still has members", {
  groupId: 'billing',
})

test('a group begins with what the log has, or with what comes next', () => {
  const fixture = new GroupFixture()
  fixture.append(5)
  assert.equal(fixture.open('all'), 0)
  assert.equal(fixture.open('new', { ...SETTINGS, from: 'latest' }), 1)
  assert.equal(cursor.committedOffset(fixture.logOf(), 0), 0)
  assert.equal(cursor.committedOffset(fixture.logOf(), 1), 5)
  // Once it exists, it stays where it is.
  fixture.append(2)
  assert.equal(fixture.open('new', { ...SETTINGS, from: 'latest' }), 1)
  assert.equal(cursor.committedOffset(fixture.logOf(), 1), 5)
})

test('a group that begins with what comes next begins again if that is gone before it is held', () => {
  const fixture = new GroupFixture()
  fixture.append(5)
  const [partition] = fixture.partitions
  assert.ok(partition)
  const others = fixture.appenderOf()
  const log = SteppedLog.of(partition.log)
  const { coordinator } = fixture
  // The end is known by then, and not pinned yet.
  log.before('segmentOffset', 3, () => assert.equal(rush(partition.log, others, 40), 40))
  coordinator.openGroup('new', { ...SETTINGS, from: 'latest' }, () => [{ ...partition, log }])
  assert.ok(log.release())
  assert.equal(cursor.committedOffset(partition.log, 0), 45)
})

test('a group that begins at a segment that is not open yet holds it nevertheless', () => {
  const fixture = new GroupFixture()
  fixture.append(8)
  fixture.open('new', { ...SETTINGS, from: 'latest' })
  assert.equal(cursor.committedOffset(fixture.logOf(), 0), 8)
  assert.equal(fixture.append(64), false)
  const reader = new Reader(fixture.logOf(), 8, 8)
  assert.equal(reader.next(), true)
})

test('the log keeps what a group has not committed, and its dead letters whatever happens', () => {
  const fixture = new GroupFixture()
  fixture.open()
  assert.equal(fixture.append(64), false)
  fixture.coordinator.deleteGroup('billing')
  assert.equal(fixture.append(64), true)
  assert.equal(cursor.isActive(fixture.logOf(), 0), false)
  assert.equal(cursor.isActive(fixture.lettersOf(), 0), false)
  fixture.coordinator.deleteGroup('billing')
})

test('members share the partitions, and only those move that must', () => {
  const fixture = new GroupFixture(4)
  fixture.open()
  const first = fixture.coordinator.join('billing', 10)
  assert.deepEqual(first.rebalance, { groupId: 'billing', moved: 4, members: 1 })
  const second = fixture.coordinator.join('billing', 11)
  assert.deepEqual(second.rebalance, { groupId: 'billing', moved: 2, members: 2 })
  assert.deepEqual(
    fixture.assigned(),
    [first, first, second, second].map(({ member }) => member),
  )
  const before = fixture.table.generation(0)
  assert.deepEqual(fixture.coordinator.leave('billing', first.member), {
    groupId: 'billing',
    moved: 2,
    members: 1,
  })
  assert.equal(fixture.table.generation(0), before + 1)
  fixture.coordinator.leave('billing', second.member)
  assert.deepEqual(fixture.assigned(), [0, 0, 0, 0])
})

test('a group is live while it has members: then its settings are fixed', () => {
  const fixture = new GroupFixture()
  fixture.open()
  const { member } = fixture.join()
  const others = { ...SETTINGS, deadLetter: false, policy: '{"retry":1}' }
  assert.throws(() => fixture.open('billing', others), conflict(others, 'deadLetter', 'policy'))
  assert.throws(() => fixture.coordinator.deleteGroup('billing'), STILL_IN_USE)
  fixture.coordinator.leave('billing', member)
  cursor.release(fixture.logOf(), 0, member)
  const { coordinator, partitions } = fixture
  const bare = partitions.map((one) => ({ ...one, letters: undefined }))
  assert.equal(
    coordinator.openGroup('billing', others, () => bare),
    0,
  )
  assert.equal(cursor.isActive(fixture.lettersOf(), 0), false)
  assert.deepEqual(coordinator.find('billing').settings, others)
  coordinator.deleteGroup('billing')
  assert.equal(cursor.isActive(fixture.logOf(), 0), false)
})

test('a group may be opened again and again, also while it is live', () => {
  const fixture = new GroupFixture()
  const gate = fixture.open()
  fixture.join()
  const again = fixture.coordinator.openGroup('billing', { ...SETTINGS }, () => assert.fail())
  assert.equal(again, gate)
})

test('a group that gets other settings goes on where it was, held or not', () => {
  const fixture = new GroupFixture()
  fixture.append(5)
  fixture.open()
  const { member } = fixture.join()
  const { epoch } = cursor.ownership(fixture.logOf(), 0)
  cursor.commit(fixture.logOf(), fixture.table, 0, epoch, 0, 3)
  cursor.setPaused(fixture.logOf(), 0, true)
  fixture.coordinator.leave('billing', member)
  cursor.release(fixture.logOf(), 0, member)
  fixture.open('billing', { ...SETTINGS, from: 'latest' })
  assert.equal(cursor.committedOffset(fixture.logOf(), 0), 3)
  assert.equal(cursor.isPaused(fixture.logOf(), 0), true)
})

test('a group takes its dead letters along when it is deleted: the next of its name has none', () => {
  const fixture = new GroupFixture()
  fixture.open('billing', SETTINGS)
  appendValues(new Appender(fixture.lettersOf(), fixture.table, fixture.thread.slot), 'a', 'b')
  assert.equal(cursor.committedOffset(fixture.lettersOf(), 0), 0)
  fixture.open('billing', SETTINGS)
  assert.equal(cursor.committedOffset(fixture.lettersOf(), 0), 0)
  fixture.coordinator.deleteGroup('billing')
  fixture.open('billing', SETTINGS)
  assert.equal(cursor.committedOffset(fixture.lettersOf(), 0), 2)
})

test('a group that is gone is unknown, and its gate goes to the next one', () => {
  const fixture = new GroupFixture()
  assert.equal(fixture.open('a'), 0)
  assert.equal(fixture.open('b'), 1)
  cursor.setPaused(fixture.logOf(), 0, true)
  fixture.coordinator.deleteGroup('a')
  const unknown = refused('UNKNOWN_GROUP', "there is no group 'a'", { groupId: 'a' })
  assert.throws(() => fixture.coordinator.find('a'), unknown)
  assert.throws(() => fixture.coordinator.join('a', 10), unknown)
  assert.equal(fixture.open('c'), 0)
  assert.equal(cursor.isPaused(fixture.logOf(), 0), false)
})

test('a group without members may be another one by now', () => {
  const fixture = new GroupFixture()
  const opened = { ...SETTINGS, policy: '{"attempts":9}' }
  const index = fixture.open('billing', opened)
  fixture.coordinator.confirm('billing', index, opened)
  fixture.open('billing')
  const confirm = () => fixture.coordinator.confirm('billing', index, opened)
  assert.throws(confirm, conflict(opened, 'policy'))
  fixture.coordinator.deleteGroup('billing')
  fixture.open('audit')
  fixture.open('billing', opened)
  const unknown = "there is no group 'billing'"
  assert.throws(confirm, refused('UNKNOWN_GROUP', unknown, { groupId: 'billing' }))
})

test('an engine has so many groups, and no more', () => {
  const fixture = new GroupFixture()
  const empty = () => []
  for (let index = 0; index < GROUPS_MAX; index++) {
    assert.equal(fixture.coordinator.openGroup(`group-${index}`, SETTINGS, empty), index)
  }
  assert.throws(
    () => fixture.coordinator.openGroup('one more', SETTINGS, empty),
    refused('TOO_MANY_GROUPS', `an engine has at most ${GROUPS_MAX} groups`, { limit: GROUPS_MAX }),
  )
})

test('a dead member loses its partitions, its commits are refused, and its slot is free', () => {
  const fixture = new GroupFixture(2)
  fixture.open()
  const dead = fixture.join()
  const { epoch } = cursor.ownership(fixture.logOf(), 0)
  fixture.append(3)
  const other = fixture.coordinator.join('billing', fixture.thread.slot)
  const aftermath = fixture.coordinator.buryThread(dead.slot)
  assert.deepEqual(aftermath, {
    slot: dead.slot,
    abortedFrames: 0,
    rebalances: [{ groupId: 'billing', moved: 1, members: 1 }],
  })
  assert.deepEqual(fixture.holders(), [0, 0])
  assert.deepEqual(fixture.assigned(), [other.member, other.member])
  assert.equal(cursor.commit(fixture.logOf(), fixture.table, 0, epoch, 0, 3), false)
  assert.equal(cursor.committedOffset(fixture.logOf(), 0), 0)
  assert.equal(fixture.table.takeSlot(), dead.slot)
})

test('what a dead producer had claimed becomes a gap, in dead letters too', () => {
  const fixture = new GroupFixture()
  fixture.open()
  const slot = fixture.table.takeSlot()
  for (const log of [fixture.logOf(), fixture.lettersOf()]) {
    new Appender(log, fixture.table, slot).claim(frameOfValues(['lost']))
  }
  const { abortedFrames, rebalances } = fixture.coordinator.buryThread(slot)
  assert.equal(abortedFrames, 2)
  assert.deepEqual(rebalances, [])
})

test('a member that has left and dies before it let go loses its partitions all the same', () => {
  const fixture = new GroupFixture(2)
  fixture.open()
  const leaver = fixture.join()
  const other = fixture.join()
  fixture.coordinator.leave('billing', leaver.member)
  assert.deepEqual(fixture.holders(), [leaver.member, leaver.member])
  const { rebalances } = fixture.coordinator.buryThread(leaver.slot)
  assert.deepEqual(rebalances, [{ groupId: 'billing', moved: 0, members: 1 }])
  assert.deepEqual(fixture.holders(), [0, 0])
  fixture.take(other.member)
  assert.deepEqual(fixture.holders(), [other.member, other.member])
})

test('a member that leaves twice and dies before it let go loses its partitions, too', () => {
  const fixture = new GroupFixture()
  fixture.open()
  const { member, slot } = fixture.join()
  fixture.coordinator.leave('billing', member)
  fixture.coordinator.leave('billing', member)
  fixture.coordinator.buryThread(slot)
  assert.deepEqual(fixture.holders(), [0])
})

test('a group is in use until its last leaver has let go, or is dead', () => {
  const fixture = new GroupFixture(2)
  fixture.open()
  const { member, slot } = fixture.join()
  fixture.coordinator.leave('billing', member)
  const others = { ...SETTINGS, policy: '{"retry":1}' }
  assert.throws(() => fixture.open('billing', others), conflict(others, 'policy'))
  assert.throws(() => fixture.coordinator.deleteGroup('billing'), STILL_IN_USE)
  fixture.coordinator.buryThread(slot)
  fixture.coordinator.deleteGroup('billing')
  // The next group at this gate gets its partitions.
  assert.equal(fixture.open('audit'), 0)
  const next = fixture.join('audit')
  assert.deepEqual(fixture.holders(), [next.member, next.member])
})

test('a member that has left and let go is forgotten: its thread may live on', () => {
  const fixture = new GroupFixture(1)
  fixture.open()
  const leaver = fixture.join()
  fixture.coordinator.leave('billing', leaver.member)
  cursor.release(fixture.logOf(), 0, leaver.member)
  const next = fixture.join()
  fixture.coordinator.leave('billing', next.member)
  const { rebalances } = fixture.coordinator.buryThread(leaver.slot)
  assert.deepEqual(rebalances, [])
  assert.deepEqual(fixture.holders(), [next.member])
})

for (const isCommitted of [true, false]) {
  const fate = isCommitted ? 'published' : 'taken back'
  test(`a dead letter between note and publish is ${fate} with its owner's death`, () => {
    const fixture = new GroupFixture()
    fixture.open()
    fixture.append(1)
    const { member, slot } = fixture.join()
    const { epoch, committed } = cursor.ownership(fixture.logOf(), 0)
    const letters = new DyingAppender(fixture.lettersOf(), fixture.table, slot)
    // A commit of another epoch is refused, so that the owner dies as it takes its letter back.
    const used = isCommitted ? epoch : epoch + 1
    assert.throws(() =>
      commitDeadLetter(
        letters,
        frameOfValues(['letter']),
        fixture.logOf(),
        fixture.table,
        0,
        used,
        committed,
        1,
      ),
    )
    const { abortedFrames } = fixture.coordinator.buryThread(slot)
    assert.equal(abortedFrames, isCommitted ? 0 : 1)
    assert.equal(cursor.committedOffset(fixture.logOf(), 0), isCommitted ? 1 : 0)
    assert.equal(new Reader(fixture.lettersOf(), 0, 0).next(), isCommitted)
    assert.notEqual(cursor.holderOf(fixture.logOf(), 0), member)
    // Done a second time, it changes nothing.
    settleDeadLetter(fixture.logOf(), 0, fixture.lettersOf(), slot)
    assert.equal(new Reader(fixture.lettersOf(), 0, 0).next(), isCommitted)
  })
}

test('a dead letter that no note tells of is taken back with its owner', () => {
  const fixture = new GroupFixture()
  fixture.open()
  const { slot } = fixture.join()
  new Appender(fixture.lettersOf(), fixture.table, slot).claim(frameOfValues(['letter']))
  assert.equal(fixture.coordinator.buryThread(slot).abortedFrames, 1)
  assert.equal(new Reader(fixture.lettersOf(), 0, 0).next(), false)
})

test('a note whose letter is settled touches nobody else who came to its place', () => {
  const fixture = new GroupFixture()
  fixture.open()
  const { words } = fixture.logOf()
  const letters = fixture.lettersOf()
  const dead = 7
  const tags = [layout.claimedTag(dead + 1, 1, 1), layout.freeTag(dead)]
  for (const tag of tags) {
    memory.store(words, layout.gateLetterStateWord(0), 1)
    memory.store(letters.words, letters.tagWord(0), tag)
    settleDeadLetter(fixture.logOf(), 0, letters, dead)
    assert.equal(memory.load(letters.words, letters.tagWord(0)), tag)
    assert.equal(memory.load(words, layout.gateLetterStateWord(0)), 0)
  }
})

test('a dead letter commits with its record, or is not there', () => {
  const fixture = new GroupFixture()
  fixture.open()
  fixture.append(3)
  fixture.join()
  const { epoch } = cursor.ownership(fixture.logOf(), 0)
  const letters = new Appender(fixture.lettersOf(), fixture.table, fixture.thread.slot)
  const bury = (used: number, from: number, granules = 1) =>
    commitDeadLetter(
      letters,
      frameOfValues(['letter'], granules),
      fixture.logOf(),
      fixture.table,
      0,
      used,
      from,
      from + 1,
    )
  const reader = new Reader(fixture.lettersOf(), 0, 0)
  assert.equal(bury(epoch, 0), 'written')
  assert.deepEqual(readAll(reader), [[0, 'letter']])
  assert.equal(bury(epoch + 1, 1), 'fenced')
  assert.deepEqual(readAll(reader), [])
  assert.equal(reader.offset, 2, 'it left a gap, which nobody waits for')
  assert.equal(cursor.committedOffset(fixture.logOf(), 0), 1)
  for (let index = 0; index < 3; index++) {
    const frame = frameOfValues(['fill'], 8)
    assert.ok(letters.claim(frame))
    letters.fill(frame)
    letters.publish()
  }
  assert.equal(bury(epoch, 1, 8), 'full')
  assert.equal(cursor.committedOffset(fixture.logOf(), 0), 1)
})

/** An appender whose thread dies where it would publish a frame, or take it back. */
class DyingAppender extends Appender {
  override publish(): boolean {
    throw new Error('dead')
  }

  override withdraw(): void {
    throw new Error('dead')
  }
}
