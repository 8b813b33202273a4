import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Appender } from '../log/appender.js'
import { atEveryStep, frameOf, frameOfValues, SteppedLog } from '../log/frames.test.helper.js'
import * as cursor from './cursor.js'
import { GroupFixture } from './group.test.helper.js'
import { LagMeter, totalLag } from './lag.js'

const OLD_MS = 60_000

/** Messages and age in seconds, as a group that reads from the beginning sees them. */
function measure(fixture: GroupFixture, gate: number | undefined, from = 'earliest' as const) {
  return new LagMeter(fixture.logOf(), fixture.thread).measure('orders', 0, gate, from)
}

test('a group that has not begun is behind by what it will begin with', () => {
  const fixture = new GroupFixture()
  fixture.append(5)
  const meter = new LagMeter(fixture.logOf(), fixture.thread)
  const { messages, committedOffset, endOffset } = meter.measure('orders', 0, undefined, 'earliest')
  assert.deepEqual([messages, committedOffset, endOffset], [5, 0, 5])
  assert.deepEqual(meter.measure('orders', 0, undefined, 'latest'), {
    topic: 'orders',
    partition: 0,
    committedOffset: 5,
    endOffset: 5,
    messages: 0,
    ageMs: 0,
  })
  // A gate that the group does not hold here is no better.
  fixture.append(50)
  const unheld = meter.measure('orders', 0, 3, 'earliest')
  assert.ok(unheld.committedOffset > 0)
  assert.equal(unheld.messages, 55 - unheld.committedOffset)
})

test('lag is what is not committed, and its age that of the oldest of it', () => {
  const fixture = new GroupFixture()
  const gate = fixture.open()
  const appender = fixture.appenderOf()
  const now = Date.now()
  for (const ageMs of [3 * OLD_MS, 2 * OLD_MS, 0]) {
    const frame = frameOf([{ value: 'a' }, { value: 'b' }], now - ageMs)
    assert.ok(appender.claim(frame))
    appender.fill(frame)
    appender.publish()
  }
  const first = measure(fixture, gate)
  assert.equal(first.messages, 6)
  assert.ok(first.ageMs >= 3 * OLD_MS)
  fixture.join()
  const { epoch } = cursor.ownership(fixture.logOf(), gate)
  cursor.commit(fixture.logOf(), fixture.table, gate, epoch, 0, 3)
  const second = measure(fixture, gate)
  assert.equal(second.messages, 3)
  assert.ok(second.ageMs >= 2 * OLD_MS && second.ageMs < 3 * OLD_MS)
  cursor.commit(fixture.logOf(), fixture.table, gate, epoch, 3, 6)
  assert.deepEqual([measure(fixture, gate).messages, measure(fixture, gate).ageMs], [0, 0])
})

test('a message from the future is not older than now', () => {
  const fixture = new GroupFixture()
  const gate = fixture.open()
  const appender = fixture.appenderOf()
  const frame = frameOf([{ value: 'a', timestamp: Date.now() + 3_600_000 }])
  assert.ok(appender.claim(frame))
  appender.fill(frame)
  appender.publish()
  assert.equal(measure(fixture, gate).ageMs, 0)
})

test('offsets that a dead producer left empty do not count', () => {
  const fixture = new GroupFixture()
  const gate = fixture.open()
  fixture.append(2)
  const dead = fixture.table.takeSlot()
  new Appender(fixture.logOf(), fixture.table, dead).claim(frameOfValues(['x', 'y', 'z']))
  // While it is being written, it counts as records to come.
  assert.equal(measure(fixture, gate).messages, 5)
  fixture.append(1)
  fixture.coordinator.buryThread(dead)
  const { messages, endOffset } = measure(fixture, gate)
  assert.deepEqual([messages, endOffset], [3, 6])
})

test('where there is nothing but gaps and frames to come, nothing has an age', () => {
  const fixture = new GroupFixture()
  const gate = fixture.open()
  const dead = fixture.table.takeSlot()
  new Appender(fixture.logOf(), fixture.table, dead).claim(frameOfValues(['x', 'y']))
  assert.deepEqual([measure(fixture, gate).messages, measure(fixture, gate).ageMs], [2, 0])
  fixture.coordinator.buryThread(dead)
  assert.deepEqual([measure(fixture, gate).messages, measure(fixture, gate).ageMs], [0, 0])
})

test('measuring holds nothing back afterwards', () => {
  const fixture = new GroupFixture()
  fixture.append(10)
  assert.equal(measure(fixture, undefined).messages, 10)
  assert.equal(fixture.append(100), true)
  const { messages, committedOffset, endOffset } = measure(fixture, undefined)
  assert.equal(endOffset, 110)
  assert.ok(committedOffset > 0)
  assert.equal(messages, endOffset - committedOffset)
})

test('what is recycled while it is measured counts as it was', () => {
  const fixture = new GroupFixture()
  fixture.append(20)
  atEveryStep((call) => {
    const before = new LagMeter(fixture.logOf(), fixture.thread).endOffset()
    const log = SteppedLog.of(fixture.logOf())
    const meter = new LagMeter(log, fixture.thread)
    log.before('isOpen', call, () => void fixture.append(40))
    const lag = meter.measure('orders', 0, undefined, 'earliest')
    const acted = log.release()
    assert.equal(lag.messages, lag.endOffset - lag.committedOffset)
    assert.ok(lag.committedOffset > before - 40)
    return acted
  })
})

test('the lag of a group is the sum of messages and the age of the oldest', () => {
  const place = { topic: 'orders', committedOffset: 0, endOffset: 9 }
  const partitions = [
    { ...place, partition: 0, messages: 4, ageMs: 10 },
    { ...place, partition: 1, messages: 5, ageMs: 30 },
    { ...place, partition: 2, messages: 0, ageMs: 0 },
  ]
  assert.deepEqual(totalLag(partitions), { messages: 9, ageMs: 30, partitions })
  assert.deepEqual(totalLag([]), { messages: 0, ageMs: 0, partitions: [] })
})
