import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { ThreadTable } from '../core/thread-table.js'
import { Spin } from './spin.js'

/** The supervisor's thread, and as many others as there are cores, or one more. */
function createSpin(more = 0): Spin {
  const table = ThreadTable.create()
  for (let slot = 0; slot <= availableParallelism() + more; slot++) table.takeSlot()
  const spin = new Spin(table)
  spin.refresh()
  return spin
}

/** Spins in vain. @returns how often it looked */
function countLooks(spin: Spin): number {
  let looks = 0
  spin.until(() => {
    looks++
    return false
  })
  return looks
}

test('a spin ends with the look that finds work', () => {
  const spin = createSpin()
  let looks = 0
  const comesAt = (look: number) => () => ++looks === look
  assert.equal(spin.until(comesAt(1)), true)
  assert.equal(looks, 1)
})

test('a spin in vain ends', () => {
  assert.ok(countLooks(createSpin()) > 0)
})

test('with more threads than cores there is none', () => {
  const spin = createSpin(1)
  assert.equal(countLooks(spin), 0)
  assert.equal(
    spin.until(() => true),
    false,
  )
  spin.afterSleep()
})

test('before the threads were counted there is none', () => {
  assert.equal(countLooks(new Spin(ThreadTable.create())), 0)
})

test('after many long sleeps there is none any more, and a short one brings it back', () => {
  const spin = createSpin()
  for (let sleep = 0; sleep < 60; sleep++) {
    countLooks(spin)
    // Not by a timer: those may end early.
    for (const startMs = performance.now(); performance.now() - startMs < 1; );
    spin.afterSleep()
  }
  // Halved so often, no clock sees it.
  assert.equal(countLooks(spin), 0)
  for (let turn = 0; countLooks(spin) === 0; turn++) {
    assert.ok(turn < 1000, 'a sleep that was over at once should restore the spin')
    spin.afterSleep()
  }
})
