import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CountAssignment } from './count-process.js'
import { countCase } from './section.js'

/**
 * What 64 frames cost together with the sleep before them: for each layer its operations. If one of
 * these tests fails, the hot path has got another operation, or has lost one: see that this is meant,
 * and what it costs, before changing the number.
 */
async function operationsOf(assignment: CountAssignment): Promise<Record<string, string>> {
  const { counts, frames } = await countCase(assignment)
  assert.equal(frames, 64)
  const totals = new Map<string, number>()
  for (const { layer, kind, times } of counts) {
    const key = `${layer}: ${kind}`
    totals.set(key, (totals.get(key) ?? 0) + times)
  }
  const layers: Record<string, string> = {}
  for (const [key, times] of [...totals].sort()) {
    const [layer = '', kind] = key.split(': ')
    layers[layer] = `${layer in layers ? `${layers[layer]}, ` : ''}${times} ${kind}`
  }
  return layers
}

/** Whatever the records are, once for each frame, but for what goes with the sleep and the tail. */
const PER_FRAME = {
  claim: '64 compareExchange, 1 compareExchange64, 64 load, 1 load64',
  header: '512 plain',
  copy: '64 copy',
  publish: '64 compareExchange',
  'wake-up': '1 add, 1 and, 1 exchange, 128 load, 1 notify',
  poll: '9 clock, 332 load, 64 plain, 65 store',
  'wake producers': '65 load',
  sleep: '2 load, 2 or, 1 waitAsync',
}

test('64 frames of one record cost exactly these operations', async () => {
  assert.deepEqual(await operationsOf({ name: 'raw-1', burst: 64, bursts: 1 }), {
    ...PER_FRAME,
    stage: '64 clock, 194 load',
    'handler call': '64 store',
    commit: '9 clock, 1 compareExchange64, 1 load',
  })
})

test('64 frames of 255 records cost exactly these operations', async () => {
  assert.deepEqual(await operationsOf({ name: 'raw-255', burst: 64 * 255, bursts: 1 }), {
    ...PER_FRAME,
    stage: '64 clock, 68 load',
    'handler call': '64 store',
    commit: '22 clock, 16 compareExchange64, 16 load',
  })
})

test('16 sends of 1,000 messages cost exactly these operations', async () => {
  assert.deepEqual(await operationsOf({ name: 'json', burst: 16_000, bursts: 1 }), {
    ...PER_FRAME,
    stage: '64 clock, 32 load',
    'handler call': '16000 store',
    commit: '2014 clock, 16 compareExchange64, 16 load',
  })
})
