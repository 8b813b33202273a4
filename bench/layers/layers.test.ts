import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CountAssignment } from './count-process.js'
import { countCase } from './section.js'

type Operations = Record<string, number>

/** Operations of each layer, for 64 frames together with the sleep before them. */
async function countLayers(assignment: CountAssignment): Promise<Map<string, Operations>> {
  const { counts, frames } = await countCase(assignment)
  assert.equal(frames, 64)
  const layers = new Map<string, Operations>()
  for (const { layer, kind, times } of counts) {
    const operations = layers.get(layer) ?? {}
    layers.set(layer, operations)
    operations[kind] = (operations[kind] ?? 0) + times
  }
  return layers
}

/**
 * The way through the log: exactly these, whatever the records are. An operation less is a step of
 * the protocol that is missing.
 */
const LOG: Readonly<Record<string, Operations>> = {
  claim: { load: 64, compareExchange: 64, load64: 1, compareExchange64: 1 },
  header: { plain: 8 * 64 },
  copy: { copy: 64 },
  publish: { compareExchange: 64 },
  'wake-up': { load: 2 * 64, and: 1, exchange: 1, add: 1, notify: 1 },
  sleep: { load: 2, or: 2, waitAsync: 1 },
}

/** Both sides around it: at most these. Fewer are welcome; then take the number down. */
const AROUND: Readonly<Record<string, Operations>> = {
  poll: { load: 333, store: 65, plain: 64, clock: 65 },
  'wake producers': { load: 65 },
}

async function checkLayers(
  assignment: CountAssignment,
  ceilings: Readonly<Record<string, Operations>>,
): Promise<void> {
  const layers = await countLayers(assignment)
  for (const [layer, operations] of Object.entries(LOG)) {
    assert.deepEqual(layers.get(layer), operations, layer)
    layers.delete(layer)
  }
  for (const [layer, operations] of layers) {
    const ceiling = { ...AROUND, ...ceilings }[layer] ?? {}
    for (const [kind, times] of Object.entries(operations)) {
      const max = ceiling[kind] ?? 0
      assert.ok(times <= max, `${layer}: ${times} ${kind}, more than ${max}`)
    }
  }
}

test('64 frames of one record cost no more operations than known', () =>
  checkLayers(
    { name: 'raw-1', burst: 64, bursts: 1 },
    {
      stage: { load: 130, clock: 64 },
      'handler call': { store: 64 },
      commit: { compareExchange64: 1, load: 1, clock: 9 },
    },
  ))

test('64 frames of 255 records cost no more operations than known', () =>
  checkLayers(
    { name: 'raw-255', burst: 64 * 255, bursts: 1 },
    {
      stage: { load: 67, clock: 64 },
      'handler call': { store: 64 },
      commit: { compareExchange64: 16, load: 16, clock: 22 },
    },
  ))

test('16 sends of 1,000 messages cost no more operations than known', () =>
  checkLayers(
    { name: 'json', burst: 16_000, bursts: 1 },
    {
      stage: { load: 32, clock: 64 },
      'handler call': { store: 16_000 },
      commit: { compareExchange64: 16, load: 16, clock: 2014 },
    },
  ))
