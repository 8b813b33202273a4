import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as shipped from '../../core/memory.js'
import type { Report } from './program.js'

/*
 * The controller runs in the simulation, its threads in real memory: both by an import condition,
 * so in a process of its own.
 */

interface Outcome {
  readonly code: number
  readonly lines: readonly unknown[]
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

async function run(script: string, ...options: string[]): Promise<Outcome> {
  const path = fileURLToPath(new URL(`./${script}.js`, import.meta.url))
  const { code, stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=millrace:sim', path, ...options],
    { maxBuffer: OUTPUT_BYTES_MAX, env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  ).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  )
  return {
    code,
    lines: stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  }
}

test('real threads do what the simulated ones do, wherever they are interrupted or die', async (context) => {
  const { code, lines } = await run('main', '--schedules', '1', '--deaths', '1')
  let [operations, crashes] = [0, 0]
  for (const line of lines) {
    const report = line as Report
    operations += report.operations
    crashes += report.crashes
    await context.test(`${report.scenario}, seed ${report.seed}`, () => {
      assert.deepEqual(report.differences, [])
    })
  }
  assert.equal(code, 0)
  assert.ok(operations > 0 && crashes > 0, `${operations} operations, ${crashes} crashes`)
})

test('a real operation that is wrong is reported, whichever it is', async () => {
  const { code, lines } = await run('teeth')
  for (const line of lines) {
    const { fault, isReported } = line as { fault: string; isReported: boolean }
    assert.ok(isReported, fault)
  }
  assert.equal(code, 0)
  const wrong = lines.map((line) => (line as { fault: string }).fault.split(' ')[0])
  const harmless = ['allocate', 'observe', 'pause']
  assert.deepEqual([...new Set([...wrong, ...harmless])].sort(), Object.keys(shipped).sort())
})
