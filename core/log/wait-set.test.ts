import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as memory from '#memory'
import { SLOTS_MAX, ThreadTable } from '../thread-table.js'
import { enlist, hasSleepers, wakeSleepers, withdraw } from './wait-set.js'

const SET = 3

function createSet(): { words: Int32Array; table: ThreadTable } {
  return { words: memory.allocate(128).words, table: ThreadTable.create() }
}

test('exactly those who are enlisted are woken, once', () => {
  const slot = fc.integer({ min: 1, max: SLOTS_MAX })
  const actions = fc.array(fc.tuple(fc.boolean(), slot), { maxLength: 40 })
  fc.assert(
    fc.property(actions, (list) => {
      const { words, table } = createSet()
      const asleep = new Set<number>()
      for (const [comes, who] of list) {
        if (comes) {
          enlist(words, SET, who)
          asleep.add(who)
        } else {
          withdraw(words, SET, who)
          asleep.delete(who)
        }
      }
      if (asleep.size > 0) assert.equal(hasSleepers(words, SET), true)
      for (let round = 0; round < 2; round++) {
        wakeSleepers(words, SET, table)
        assert.equal(hasSleepers(words, SET), false)
        for (let who = 1; who <= SLOTS_MAX; who++) {
          assert.equal(table.signal(who), asleep.has(who) ? 1 : 0, `slot ${who}, round ${round}`)
        }
      }
    }),
  )
})

test('the set stays within its nine words', () => {
  const { words, table } = createSet()
  for (let slot = 1; slot <= SLOTS_MAX; slot++) enlist(words, SET, slot)
  for (const [index, word] of words.entries()) {
    assert.equal(word !== 0, index >= SET && index < SET + 9, `word ${index}`)
  }
  wakeSleepers(words, SET, table)
  assert.ok(words.every((word) => word === 0))
})

test('who is in no set is not woken and costs no wake', () => {
  const { words, table } = createSet()
  assert.equal(hasSleepers(words, SET), false)
  wakeSleepers(words, SET, table)
  enlist(words, SET, 9)
  withdraw(words, SET, 9)
  wakeSleepers(words, SET, table)
  assert.equal(table.signal(9), 0)
})

/*
 * A publisher whose record was read already wakes a sleeper that has just enlisted again, and takes
 * it out of the set. The sleeper must not go to sleep then: nobody would find it.
 */
test('a signal that is read before enlisting shows a wake that came in between', () => {
  const { words, table } = createSet()
  const slot = table.takeSlot()
  const signal = table.signal(slot)
  enlist(words, SET, slot)
  wakeSleepers(words, SET, table)
  assert.notEqual(table.signal(slot), signal)
  table.wait(slot, signal, Number.POSITIVE_INFINITY)
  assert.equal(hasSleepers(words, SET), false)
})
