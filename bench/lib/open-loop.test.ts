import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sendOpenLoop } from './open-loop.js'

/** A clock that only goes on when it is looked at, or when somebody is held up. */
function manualClock(stepNs: number) {
  let nowNs = 0
  return {
    now: () => (nowNs += stepNs),
    holdUp(timeNs: number) {
      nowNs += timeNs
    },
  }
}

test('every message has its intended time, at the rate asked for', () => {
  const intended: number[] = []
  sendOpenLoop(
    manualClock(10),
    1e6,
    100,
    (_, intendedNs) => intended.push(intendedNs),
    () => {},
  )
  const gaps = intended.slice(1).map((timeNs, index) => timeNs - (intended[index] as number))
  assert.equal(intended.length, 100)
  assert.ok(gaps.every((gapNs) => Math.abs(gapNs - 1000) < 1e-6))
})

test('no message is sent before its time', () => {
  const clock = manualClock(7)
  sendOpenLoop(
    clock,
    1e6,
    50,
    (number, intendedNs) => {
      clock.holdUp(-7)
      assert.ok(clock.now() >= intendedNs, String(number))
    },
    () => {},
  )
})

test('being held up delays messages, but not their intended times, and they are flushed together', () => {
  const clock = manualClock(10)
  const intended: number[] = []
  const flushedAt: number[] = []
  sendOpenLoop(
    clock,
    1e6,
    30,
    (number, intendedNs) => {
      intended.push(intendedNs)
      if (number === 9) clock.holdUp(10_000)
    },
    () => flushedAt.push(intended.length),
  )
  assert.ok(Math.abs((intended[29] as number) - (intended[0] as number) - 29_000) < 1e-6)
  assert.deepEqual(flushedAt.slice(0, 11), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20])
})
