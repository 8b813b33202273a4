import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fixture } from './engine.test.helper.js'

/** Far longer than any of them takes: one that is still there then never ends. */
const PATIENCE_MS = 60_000

const LIVES = [
  'workers',
  'closed-under-load',
  'closed-after-crash',
  'closed-with-hanging-handler',
  'closed-before-start',
  'failed-start',
  'consume',
  'guest',
  'closed-by-handler',
  'left-open-with-producers',
  'left-open-with-closed-consumer',
]
for (const life of LIVES) {
  test(`a process ends by itself: ${life}`, async () => {
    const script = fileURLToPath(fixture('lifetime'))
    const child = spawn(process.execPath, [script, life], { timeout: PATIENCE_MS })
    const printed: string[] = []
    child.stdout.on('data', (text) => printed.push(String(text)))
    child.stderr.on('data', (text) => printed.push(String(text)))
    const [code, signal] = await once(child, 'close')
    assert.deepEqual(
      { printed: printed.join(''), code, signal },
      { printed: 'done\n', code: 0, signal: null },
    )
  })
}
