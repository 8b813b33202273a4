import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeSoak, type Sample } from './verdict.js'

function samples(of: (index: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 30 }, (_, index) => ({
    atSeconds: index * 10,
    rssMib: 200,
    heapMib: 10,
    workerHeapMib: 20,
    externalMib: 1,
    p50: 50,
    p99: 500,
    lag: 0,
    messages: 1000,
    ...of(index),
  }))
}

test('a run that stays as it is holds, also with noise and a first rise', () => {
  assert.equal(judgeSoak(samples(() => ({}))).holds, true)
  const noisy = samples((index) => ({
    rssMib: index < 4 ? 100 : 200 + (index % 3),
    p99: 400 + 50 * (index % 5),
  }))
  assert.equal(judgeSoak(noisy).holds, true)
})

test('memory that grows does not hold', () => {
  const { holds, growth } = judgeSoak(samples((index) => ({ rssMib: 200 + index })))
  assert.equal(holds, false)
  assert.ok(Math.abs(growth - 23 / 217.5) < 0.001)
})

test('latency that drifts does not hold', () => {
  assert.equal(judgeSoak(samples((index) => ({ p50: 50 + 4 * index }))).holds, false)
  assert.equal(judgeSoak(samples((index) => ({ p99: 500 + 120 * index }))).holds, false)
})
