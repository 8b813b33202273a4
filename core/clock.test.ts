import assert from 'node:assert/strict'
import { test } from 'node:test'
import { after, atEndOfTick, keepAlive, monotonicMs, nextTurn, nowMs } from '#clock'

/** Runs something that asks for the time, between two looks at the clock itself. */
function between(clock: () => number, ask: () => number): void {
  const earliest = clock()
  const asked = ask()
  assert.ok(earliest <= asked && asked <= clock())
}

/** How many timers keep the thread alive. */
function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}

test('time is that of the machine, intervals are those of a clock that never goes back', () => {
  between(Date.now, nowMs)
  between(() => performance.now(), monotonicMs)
})

test('what comes after a delay comes once, and keeps the thread alive until then', async () => {
  const before = activeTimers()
  const calls: string[] = []
  await new Promise<void>((resolve) => {
    after(1, () => {
      calls.push('called')
      resolve()
    })
    after(1, () => calls.push('cancelled')).cancel()
    assert.equal(activeTimers(), before + 1)
    assert.deepEqual(calls, [])
  })
  await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(calls, ['called'])
  assert.equal(activeTimers(), before)
})

test('the end of the tick comes after the code that runs, and before anything else', async () => {
  const order: string[] = []
  const immediate = new Promise((resolve) => setImmediate(resolve))
  atEndOfTick(() => order.push('end of tick'))
  order.push('code')
  await immediate
  assert.deepEqual(order, ['code', 'end of tick'])
})

test('the next turn lets others run', async () => {
  const order: string[] = []
  setImmediate(() => order.push('another task'))
  await nextTurn()
  order.push('this one')
  assert.deepEqual(order, ['another task', 'this one'])
})

test('a thread is kept alive until it is released', () => {
  const before = activeTimers()
  const alive = keepAlive()
  assert.equal(activeTimers(), before + 1)
  alive.release()
  assert.equal(activeTimers(), before)
})
