import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { allocateTally, COUNTED, Tally } from './tally.js'

const KEYS = 8
const PARTITIONS = 2

/** Adds 1 to the first counter of a key and `amount` to the second, unless counted already. */
function count(tally: Tally, partition: number, key: number, offset: number, amount = 1): boolean {
  const at = tally.open(partition, key, offset)
  if (at === COUNTED) return false
  addTo(tally, at, 1)
  addTo(tally, at + 1, amount)
  tally.commit(at, offset)
  return true
}

function addTo(tally: Tally, at: number, amount: number): void {
  tally.counters[at] = (tally.counters[at] as number) + amount
}

function contents(tally: Tally): Record<string, number[]> {
  const entries = [...tally.entries()].map(({ partition, key, counters }) => [
    `${partition}/${key}`,
    [...counters],
  ])
  return Object.fromEntries(entries)
}

describe('a tally', () => {
  it('keeps the counters of each key and partition apart', () => {
    const tally = new Tally(allocateTally(PARTITIONS, KEYS, 2))
    count(tally, 0, 7, 0, 10)
    count(tally, 1, 7, 0, 20)
    count(tally, 0, 9, 1, 30)
    count(tally, 0, 7, 2, 40)
    assert.deepEqual(contents(tally), { '0/7': [2, 50], '1/7': [1, 20], '0/9': [1, 30] })
  })

  it('counts a message once, also in another thread that comes after', () => {
    const memory = allocateTally(PARTITIONS, KEYS, 2)
    const first = new Tally(memory)
    assert.equal(count(first, 0, 7, 5, 10), true)
    assert.equal(count(first, 0, 7, 6, 10), true)
    const second = new Tally(memory)
    assert.equal(count(second, 0, 7, 5, 10), false)
    assert.equal(count(second, 0, 7, 6, 10), false)
    assert.equal(count(second, 0, 7, 7, 10), true)
    assert.deepEqual(contents(second), { '0/7': [3, 30] })
  })

  it('forgets an update whose thread died before the commit', () => {
    const memory = allocateTally(PARTITIONS, KEYS, 2)
    const dying = new Tally(memory)
    count(dying, 0, 7, 0, 10)
    addTo(dying, dying.open(0, 7, 1), 1)
    addTo(dying, dying.open(0, 9, 2), 1)
    const next = new Tally(memory)
    assert.deepEqual(contents(next), { '0/7': [1, 10] })
    assert.equal(count(next, 0, 7, 1, 10), true)
    assert.equal(count(next, 0, 9, 2, 10), true)
    assert.deepEqual(contents(next), { '0/7': [2, 20], '0/9': [1, 10] })
  })

  it('is exact whenever threads die and the uncommitted range comes again', () => {
    const keys = fc.array(fc.integer({ min: 1, max: KEYS }), { minLength: 1, maxLength: 40 })
    // A death: at which message, after how many stores of its update, how far back the next starts.
    const death = fc.record({ at: fc.nat(39), stores: fc.nat(2), back: fc.nat(10) })
    fc.assert(
      fc.property(keys, fc.array(death, { maxLength: 6 }), (messages, deaths) => {
        const memory = allocateTally(1, KEYS, 2)
        let start = 0
        for (const { at, stores, back } of deaths) {
          const end = Math.min(Math.max(at, start), messages.length - 1)
          const dying = new Tally(memory)
          for (let offset = start; offset < end; offset++) {
            count(dying, 0, messages[offset] as number, offset, offset)
          }
          const open = dying.open(0, messages[end] as number, end)
          for (let i = 0; open !== COUNTED && i < stores; i++) addTo(dying, open + i, 99)
          start = Math.max(0, end - back)
        }
        const last = new Tally(memory)
        for (let offset = start; offset < messages.length; offset++) {
          count(last, 0, messages[offset] as number, offset, offset)
        }
        const expected: Record<string, number[]> = {}
        for (const [offset, key] of messages.entries()) {
          const [flights, sum] = expected[`0/${key}`] ?? [0, 0]
          expected[`0/${key}`] = [(flights as number) + 1, (sum as number) + offset]
        }
        assert.deepEqual(contents(last), expected)
      }),
    )
  })

  it('says when a partition has more keys than room', () => {
    const tally = new Tally(allocateTally(PARTITIONS, KEYS, 2))
    for (let key = 1; key <= KEYS; key++) count(tally, 1, key, key)
    assert.throws(() => tally.open(1, KEYS + 1, 0), /partition 1 has more than 8 keys/)
    assert.equal(count(tally, 1, KEYS, KEYS), false)
  })
})
