import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendValues, createWorld } from '../log/frames.test.helper.js'
import { Thread } from '../thread.js'
import {
  beginCall,
  callInHand,
  clearCall,
  endCall,
  failedRecord,
  forgetFailed,
  noteFailed,
  sentenceCall,
} from './attempt.js'
import { activateGate, markDelivered } from './cursor.js'
import { seekGroup } from './seek.js'

const GEOMETRY = { segmentCount: 4, segmentGranules: 4 }
const GATE = 2
const NEAR_2_31 = 2 ** 31 - 1

test('a call is in hand from its beginning to its end', () => {
  const { log } = createWorld(GEOMETRY)
  assert.equal(callInHand(log, GATE), undefined)
  const first = beginCall(log, GATE)
  assert.equal(callInHand(log, GATE), first)
  assert.equal(endCall(log, GATE, first), true)
  assert.equal(callInHand(log, GATE), undefined)
  const second = beginCall(log, GATE)
  assert.notEqual(second, first)
  assert.equal(endCall(log, GATE, first), false)
  assert.equal(endCall(log, GATE, second), true)
})

test('a call ends or is sentenced, never both', () => {
  const { log } = createWorld({ ...GEOMETRY, startOffset: NEAR_2_31 })
  const ended = beginCall(log, GATE)
  endCall(log, GATE, ended)
  assert.equal(sentenceCall(log, GATE, ended), undefined)
  assert.equal(failedRecord(log, GATE), undefined)
  const hanging = beginCall(log, GATE)
  markDelivered(log, GATE, NEAR_2_31 + 2)
  assert.equal(sentenceCall(log, GATE, hanging), NEAR_2_31 + 1)
  assert.equal(endCall(log, GATE, hanging), false)
  assert.equal(callInHand(log, GATE), undefined)
  assert.equal(sentenceCall(log, GATE, hanging), undefined)
  assert.equal(failedRecord(log, GATE), undefined)
  clearCall(log, GATE)
  assert.deepEqual(failedRecord(log, GATE), { offsetLow: (NEAR_2_31 + 1) | 0, attempts: 1 })
  clearCall(log, GATE)
  assert.deepEqual(failedRecord(log, GATE), { offsetLow: (NEAR_2_31 + 1) | 0, attempts: 1 })
})

test('a sentence counts on top of what failed before, of the same record only', () => {
  const { log } = createWorld(GEOMETRY)
  noteFailed(log, GATE, 5, 2)
  markDelivered(log, GATE, 6)
  sentenceCall(log, GATE, beginCall(log, GATE))
  clearCall(log, GATE)
  assert.deepEqual(failedRecord(log, GATE), { offsetLow: 5, attempts: 3 })
  markDelivered(log, GATE, 7)
  sentenceCall(log, GATE, beginCall(log, GATE))
  clearCall(log, GATE)
  assert.deepEqual(failedRecord(log, GATE), { offsetLow: 6, attempts: 1 })
  forgetFailed(log, GATE)
  assert.equal(failedRecord(log, GATE), undefined)
})

test('who dies while it notes a failure leaves what was noted of the record before', () => {
  const { log } = createWorld(GEOMETRY)
  // The number is asked for last, at the store that makes it count.
  const seenAt = (attempts: number) => {
    const seen: unknown[] = []
    const number = {
      valueOf() {
        seen.push(failedRecord(log, GATE))
        return attempts
      },
    }
    return { seen, number: number as unknown as number }
  }
  noteFailed(log, GATE, 5, 2)
  const same = seenAt(3)
  noteFailed(log, GATE, 5, same.number)
  assert.deepEqual(same.seen, [{ offsetLow: 5, attempts: 2 }])
  assert.deepEqual(failedRecord(log, GATE), { offsetLow: 5, attempts: 3 })
  const other = seenAt(1)
  noteFailed(log, GATE, 6, other.number)
  assert.deepEqual(other.seen, [undefined], 'never the attempts of one with the offset of another')
  assert.deepEqual(failedRecord(log, GATE), { offsetLow: 6, attempts: 1 })
})

test('a new holder begins its calls where none is in hand', () => {
  const { log } = createWorld(GEOMETRY)
  const zombie = beginCall(log, GATE)
  clearCall(log, GATE)
  assert.equal(callInHand(log, GATE), undefined)
  clearCall(log, GATE)
  const call = beginCall(log, GATE)
  assert.equal(endCall(log, GATE, zombie), false)
  assert.equal(callInHand(log, GATE), call)
  sentenceCall(log, GATE, call)
  clearCall(log, GATE)
  const next = beginCall(log, GATE)
  assert.equal(endCall(log, GATE, call), false)
  assert.equal(endCall(log, GATE, next), true)
})

test('a seek, and a new group, begin with no attempts', () => {
  const { log, table, thread } = createWorld(GEOMETRY)
  const { appender, slot } = thread()
  appendValues(appender, 'a', 'b')
  activateGate(log, GATE, 0)
  noteFailed(log, GATE, 0, 4)
  seekGroup(log, new Thread(table, slot), GATE, { offset: 1 })
  assert.equal(failedRecord(log, GATE), undefined)
  noteFailed(log, GATE, 1, 4)
  activateGate(log, GATE, 1)
  assert.equal(failedRecord(log, GATE), undefined)
})

test('a call that is sentenced while the next holder clears it is counted all the same', () => {
  const world = createWorld(GEOMETRY)
  markDelivered(world.log, GATE, 4)
  const call = beginCall(world.log, GATE)
  let uses = 0
  const words = {
    get() {
      if (++uses === 2) assert.equal(sentenceCall(world.log, GATE, call), 3)
      return world.log.words
    },
  }
  clearCall(Object.create(world.log, { words }), GATE)
  assert.deepEqual(failedRecord(world.log, GATE), { offsetLow: 3, attempts: 1 })
  assert.equal(callInHand(world.log, GATE), undefined)
})
