import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FAULTS } from './faults.js'
import type { Row } from './report.js'

/** Its decks are complete: each fault is brought about. */
const SEED = 500
const ARGUMENTS = ['--json', '--kills', '1', '--seed', String(SEED)]
const TIMEOUT_MS = 300_000

test('every fault happens under load, and nothing is lost, reordered or stuck', (t) => {
  const main = fileURLToPath(new URL('./main.js', import.meta.url))
  const options = ['--conditions=millrace:chaos', main, ...ARGUMENTS]
  const run = spawnSync(process.execPath, options, { encoding: 'utf8', timeout: TIMEOUT_MS })
  assert.equal(run.status, 0, run.stderr)
  const rows = run.stdout
    .trim()
    .split('\n')
    .map((line): Partial<Row> => JSON.parse(line))
  for (const { name } of FAULTS) {
    const row = rows.find((one) => one.row === name)
    assert.ok((row?.faults ?? 0) > 0, `not brought about: ${name}`)
  }
  const all = rows.find(({ row }) => row === 'all')
  assert.ok((all?.records ?? 0) > 0)
  assert.deepEqual([all?.lost, all?.reordered, all?.findings], [0, 0, 0])
  t.diagnostic(JSON.stringify(all))
})
