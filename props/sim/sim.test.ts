import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { FoundViolation } from './explorer.js'
import type { SearchReport } from './guided.js'

/*
 * The shipped log under the explorer, in processes of its own: there `#memory` is the simulated
 * memory, by an import condition.
 */

/** What `scenarios/run.ts` says of one scenario, or last of all of them. */
interface Line {
  readonly scenario?: string
  readonly ok: boolean
  readonly complete: boolean
  readonly missing: readonly string[]
  readonly violation?: FoundViolation
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

async function simulate(script: string, ...options: string[]): Promise<string[]> {
  const path = fileURLToPath(new URL(`./scenarios/${script}.js`, import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=millrace:sim', path, ...options],
    { maxBuffer: OUTPUT_BYTES_MAX, env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  ).catch((error: { readonly code: unknown; readonly stdout: string }) => {
    // What was found to be wrong is in the lines.
    if (error.code === 1 && error.stdout !== '') return error
    throw error
  })
  return stdout.trim().split('\n')
}

function explain({ complete, missing, violation }: Line): string {
  if (violation === undefined) return `complete: ${complete}, marks not reached: ${missing}`
  const { kind, message, schedule, trace } = violation
  return `${kind}: ${message}\n${JSON.stringify(schedule)}\n${trace.join('\n')}`
}

for (const start of ['from 0', 'across 2^31', 'across 2^32']) {
  test(`the log holds ${start}, in every order and with every death`, async (context) => {
    for (const text of await simulate('run', start, 'light')) {
      const line = JSON.parse(text) as Line
      await context.test(line.scenario ?? 'all marks are reached', () => {
        assert.ok(line.ok, explain(line))
      })
    }
  })
}

test('the log holds under schedules drawn at random', async (context) => {
  for (const line of await simulate('search', '1000')) {
    const report = JSON.parse(line) as SearchReport & { scenario: string }
    await context.test(`${report.scenario}, seed ${report.seed}`, () => {
      assert.equal(report.violation, undefined, JSON.stringify(report.violation, null, 1))
    })
  }
})

test('stored examples end as they should', async () => {
  const folder = fileURLToPath(new URL('../../../props/sim/examples/', import.meta.url))
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  const lines = await simulate('replay', ...files.map((file) => `${folder}${file}`))
  assert.equal(lines.length, files.length)
  for (const line of lines) {
    const { about, expected, ends } = JSON.parse(line) as Record<string, unknown>
    assert.equal(ends, expected, `${about}`)
  }
})
