import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memory from '#memory'
import {
  GENERATIONS_WORD,
  GROUPS_MAX,
  LINE_WORDS,
  raiseTo,
  SIGNALS_WORD,
  SLOTS_MAX,
  ThreadTable,
} from './thread-table.js'

test('every slot is given to one thread, and then there is none left', () => {
  const table = ThreadTable.create()
  const slots = Array.from({ length: SLOTS_MAX }, () => table.takeSlot())
  assert.deepEqual(
    slots,
    Array.from({ length: SLOTS_MAX }, (_, index) => index + 1),
  )
  assert.throws(() => table.takeSlot(), {
    name: 'MillraceError',
    code: 'TOO_MANY_THREADS',
    message: 'an engine has at most 255 threads',
    details: { limit: 255 },
  })
  assert.equal(table.countTaken(), SLOTS_MAX)
  table.freeSlot(77)
  assert.equal(table.countTaken(), SLOTS_MAX - 1)
  assert.equal(table.takeSlot(), 77)
})

test('threads that attach share the slots', () => {
  const one = ThreadTable.create()
  const other = new ThreadTable(memory.attach(one.region.buffer))
  assert.deepEqual([one.takeSlot(), other.takeSlot(), one.takeSlot()], [1, 2, 3])
  other.freeSlot(1)
  assert.equal(one.takeSlot(), 1)
})

test('a wake reaches one thread, wakeAll everyone who ever took part', () => {
  const table = ThreadTable.create()
  for (let slot = 1; slot <= 5; slot++) table.takeSlot()
  table.freeSlot(5)
  const signals = () => [1, 2, 3, 4, 5, 6].map((slot) => table.signal(slot))
  table.wake(3)
  assert.deepEqual(signals(), [0, 0, 1, 0, 0, 0])
  table.wakeAll()
  assert.deepEqual(signals(), [1, 1, 2, 1, 1, 0])
})

test('a signal that has changed ends a wait before it begins', () => {
  const table = ThreadTable.create()
  const slot = table.takeSlot()
  const signal = table.signal(slot)
  table.wake(slot)
  table.wait(slot, signal, Number.POSITIVE_INFINITY)
  assert.equal(table.waitAsync(slot, signal), undefined)
})

test('a wait is over after its time, or with a wake', async () => {
  const table = ThreadTable.create()
  const slot = table.takeSlot()
  table.wait(slot, table.signal(slot), 1)
  const woken = table.waitAsync(slot, table.signal(slot))
  table.wake(slot)
  // Nothing keeps this thread alive but the test, which ends only with the wake.
  assert.equal(await woken, 'ok')
})

test('a group’s generation is its own, and a new one wakes everyone', () => {
  const table = ThreadTable.create()
  const slot = table.takeSlot()
  table.advanceGeneration(7)
  table.advanceGeneration(7)
  table.advanceGeneration(GROUPS_MAX - 1)
  assert.equal(table.signal(slot), 3)
  for (let group = 0; group < GROUPS_MAX; group++) {
    const expected = group === 7 ? 2 : group === GROUPS_MAX - 1 ? 1 : 0
    assert.equal(table.generation(group), expected)
  }
})

test('closing is seen by all threads and wakes them', () => {
  const table = ThreadTable.create()
  const slots = [table.takeSlot(), table.takeSlot()]
  assert.equal(table.closed, false)
  table.close()
  assert.equal(table.closed, true)
  assert.equal(new ThreadTable(memory.attach(table.region.buffer)).closed, true)
  assert.deepEqual(
    slots.map((slot) => table.signal(slot)),
    [1, 1],
  )
})

test('no word of the table has two meanings', () => {
  const table = ThreadTable.create()
  const slots = Array.from({ length: SLOTS_MAX }, () => table.takeSlot())
  for (const slot of slots) for (let wakes = 0; wakes < slot; wakes++) table.wake(slot)
  const before = Int32Array.from(table.region.words)
  for (let group = 0; group < GROUPS_MAX; group++) assert.equal(table.generation(group), 0)
  assert.equal(table.closed, false)
  for (const slot of slots) assert.equal(table.signal(slot), slot)
  assert.deepEqual(Int32Array.from(table.region.words), before)
})

test('signals and generations begin on a cache line', () => {
  assert.deepEqual([SIGNALS_WORD % LINE_WORDS, GENERATIONS_WORD % LINE_WORDS], [0, 0])
})

test('a word is raised, never lowered, whoever else raises it', () => {
  const { words } = memory.allocate(16)
  raiseTo(words, 1, 5)
  raiseTo(words, 1, 3)
  assert.equal(memory.load(words, 1), 5)

  for (const [ours, theirs, highest] of [
    [6, 9, 9],
    [12, 10, 12],
  ] as const) {
    let uses = 0
    // The other thread acts between this one's load and its compare-exchange, which both use this.
    const value = {
      valueOf() {
        if (++uses === 2) raiseTo(words, 1, theirs)
        return ours
      },
    }
    raiseTo(words, 1, value as unknown as number)
    assert.equal(memory.load(words, 1), highest)
  }
})
