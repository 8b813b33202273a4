import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text as readText } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

/** What each example prints. */
const OUTPUTS: Readonly<Record<string, readonly string[]>> = {
  'first-steps': [
    'c-17: lamp for 40, 40 in all; bulb for 5, 45 in all; shade for 15, 60 in all',
    'c-42: desk for 120, 120 in all',
  ],
  crash: [
    '1 worker died, and some numbers came twice',
    '10000 numbers are counted, and their sum is 50005000',
  ],
  'own-threads': [
    'attic: 1000 readings, 22 degrees on average',
    'cellar: 1000 readings, 22 degrees on average',
    'garden: 1000 readings, 22 degrees on average',
  ],
  replay: [
    "the day's highest price is 433",
    'from offset 3 on, which is noon, it is 433',
    'another group reads all of them: 410, 420, 405, 390, 433',
  ],
  streams: ['5000 lines with 43893 characters went through 64 KiB'],
}

/** Nothing here takes so long: what does, hangs. */
const TIMEOUT_MS = 120_000

describe('examples', () => {
  for (const [name, lines] of Object.entries(OUTPUTS)) {
    it(`${name} prints what it should, and ends by itself`, async () => {
      const file = fileURLToPath(new URL(`./${name}/main.js`, import.meta.url))
      const child = spawn(process.execPath, [file], {
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: TIMEOUT_MS,
      })
      const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
      const [output, errors, code] = await Promise.all([
        readText(child.stdout),
        readText(child.stderr),
        ended,
      ])
      assert.equal(code, 0, errors)
      assert.deepEqual(output.trimEnd().split('\n'), lines)
    })
  }
})
