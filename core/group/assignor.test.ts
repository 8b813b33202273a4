import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assignPartitions } from './assignor.js'

function assigned(members: readonly number[], current: readonly number[]): number[] {
  return assignPartitions(
    members,
    current.map((member) => ({ current: member })),
  )
}

function movesBetween(before: readonly number[], after: readonly number[]): number {
  return before.filter((member, index) => member !== after[index]).length
}

test('members take turns at partitions that nobody has', () => {
  assert.deepEqual(assigned([7, 8, 9], [0, 0, 0, 0, 0]), [7, 8, 9, 7, 8])
})

test('a newcomer takes no more than its share, a leaver leaves no more than its own', () => {
  assert.deepEqual(assigned([1, 2], [1, 1, 1]), [1, 1, 2])
  assert.deepEqual(assigned([1, 2, 3], [1, 1, 2, 2]), [1, 1, 2, 3])
  assert.deepEqual(assigned([2, 3], [1, 1, 2, 3]), [2, 3, 2, 3])
  assert.deepEqual(assigned([2, 3], [2, 3, 2, 3]), [2, 3, 2, 3])
})

test('without members nobody has anything, and members without partitions are fine', () => {
  assert.deepEqual(assigned([], [1, 2, 0]), [0, 0, 0])
  assert.deepEqual(assigned([1, 2], []), [])
  assert.deepEqual(assigned([1, 2, 3], [2]), [2])
})

const members = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 })
const holders = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 })

test('every partition goes to a member, in counts that differ by one at most', () => {
  fc.assert(
    fc.property(members, holders, (live, before) => {
      const after = assigned(live, before)
      assert.equal(after.length, before.length)
      const counts = live.map((member) => after.filter((owner) => owner === member).length)
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        before.length,
      )
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
    }),
  )
})

test('no assignment of equal counts moves fewer partitions', () => {
  fc.assert(
    fc.property(members, holders, (live, before) => {
      const moves = movesBetween(before, assigned(live, before))
      // Each member keeps at most its share, and who holds most keeps the odd ones.
      const held = live.map((member) => before.filter((owner) => owner === member).length)
      const share = Math.floor(before.length / live.length)
      const odd = before.length % live.length
      const keepers = held.sort((a, b) => b - a)
      const kept = keepers.reduce(
        (sum, count, index) => sum + Math.min(count, share + (index < odd ? 1 : 0)),
        0,
      )
      assert.equal(moves, before.length - kept)
    }),
  )
})

test('what is in order stays as it is', () => {
  fc.assert(
    fc.property(members, holders, (live, before) => {
      const settled = assigned(live, before)
      assert.deepEqual(assigned(live, settled), settled)
    }),
  )
})
