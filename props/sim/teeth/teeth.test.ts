import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

interface Line {
  readonly canary?: string
  readonly expected?: string
  readonly kind?: string
  readonly repeats?: boolean
  readonly mutant?: string
  readonly killedBy?: string
}

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024

/** Exits with 1 where something is wrong: the lines tell what. */
function bite(): Promise<Line[]> {
  const path = fileURLToPath(new URL('./main.js', import.meta.url))
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['--conditions=millrace:sim', path, '--sample'],
      { maxBuffer: OUTPUT_BYTES_MAX, env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
      (error, stdout, stderr) => {
        if (error !== null && error.code !== 1) reject(new Error(stderr))
        else
          resolve(
            stdout
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line) as Line),
          )
      },
    )
  })
}

test('the explorer finds every known-bad variant, and a sample of mutants', async (context) => {
  const lines = await bite()
  assert.ok(lines.some(({ canary }) => canary !== undefined))
  assert.ok(lines.some(({ mutant }) => mutant !== undefined))
  for (const { canary, expected, kind, repeats, mutant, killedBy } of lines) {
    await context.test(`${canary ?? mutant}`, () => {
      if (canary === undefined) {
        assert.ok(killedBy !== undefined, 'survived')
        return
      }
      assert.equal(kind, expected)
      assert.ok(repeats, 'the stored schedule does not fail any more: see the README')
    })
  }
})
