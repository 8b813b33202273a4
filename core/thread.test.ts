import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextTurn } from '#clock'
import { Thread } from './thread.js'
import { ThreadTable } from './thread-table.js'

function createThread(): Thread {
  const table = ThreadTable.create()
  return new Thread(table, table.takeSlot())
}

/** Whether a promise has been settled by now, a few turns of the event loop later. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => {
    settled = true
  })
  for (let turn = 0; turn < 5 && !settled; turn++) await nextTurn()
  return settled
}

test('a blocking wait returns at once after a wake, else when its time is over', () => {
  const thread = createThread()
  const { signal } = thread
  thread.waitBlocking(signal, 1)
  thread.table.wake(thread.slot)
  thread.waitBlocking(signal, Number.POSITIVE_INFINITY)
  assert.notEqual(thread.signal, signal)
})

test('a promise waits until the thread is woken', async () => {
  const thread = createThread()
  const woken = thread.whenWoken(thread.signal)
  assert.equal(await isSettled(woken), false)
  thread.table.wake(thread.slot)
  await woken
})

test('a wake before the wait is not missed', async () => {
  const thread = createThread()
  const { signal } = thread
  thread.table.wake(thread.slot)
  await thread.whenWoken(signal)
})

test('all that wait in a thread are woken together, again and again', async () => {
  const thread = createThread()
  for (let round = 0; round < 3; round++) {
    const waits = [0, 1, 2].map(() => thread.whenWoken(thread.signal))
    assert.equal(new Set(waits).size, 1, 'they share one waiter')
    thread.table.wake(thread.slot)
    await Promise.all(waits)
  }
})

test('whoever comes between a wake and its arrival is woken, too', async () => {
  const thread = createThread()
  const first = thread.whenWoken(thread.signal)
  thread.table.wake(thread.slot)
  const second = thread.whenWoken(thread.signal)
  await Promise.all([first, second])
  const third = thread.whenWoken(thread.signal)
  assert.equal(await isSettled(third), false, 'that wake is used up')
  thread.table.close()
  await third
})

test('a wait keeps its thread alive, and no longer', async () => {
  const active = () =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const thread = createThread()
  const before = active()
  const woken = thread.whenWoken(thread.signal)
  assert.equal(active(), before + 1)
  thread.table.wake(thread.slot)
  await woken
  assert.equal(active(), before)
})

test('a thread takes part until it leaves or the engine closes; both wake what waits in it', async () => {
  for (const end of ['leave', 'close'] as const) {
    const thread = createThread()
    assert.equal(thread.isOpen, true)
    const woken = thread.whenWoken(thread.signal)
    if (end === 'leave') thread.leave()
    else thread.table.close()
    await woken
    assert.equal(thread.isOpen, false)
    assert.equal(thread.table.closed, end === 'close')
  }
})

test('a wake in the very moment of going to sleep is not missed', async () => {
  const { table, slot } = createThread()
  const interrupted: ThreadTable = Object.create(table, {
    waitAsync: {
      value(sleeper: number, signal: number) {
        table.wake(sleeper)
        return table.waitAsync(sleeper, signal)
      },
    },
  })
  await new Thread(interrupted, slot).whenWoken(table.signal(slot))
})

test('whoever read its signal before another one began to wait does not miss the wake in between', async () => {
  const thread = createThread()
  const { signal } = thread
  thread.table.wake(thread.slot)
  const other = thread.whenWoken(thread.signal)
  await thread.whenWoken(signal)
  assert.equal(await isSettled(other), false)
  thread.table.wake(thread.slot)
  await other
})
