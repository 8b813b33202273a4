import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Figures } from './report.js'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))
const LIMIT = 20_000
/** Flights among the first 20,000 with a delay below -60 or above 1,440 minutes. */
const REFUSED = 7

interface Outcome {
  readonly code: number | string | null | undefined
  readonly stdout: string
  readonly stderr: string
}

function start(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    })
  })
}

describe('the main job', () => {
  it('ends well, with a worker killed and every flight counted once', async () => {
    const { code, stdout, stderr } = await start('--limit', String(LIMIT), '--json')
    assert.equal(stderr, '')
    const figures: Figures = JSON.parse(stdout)
    assert.deepEqual(figures.differences, [])
    assert.equal(code, 0)
    assert.equal(figures.flights, LIMIT)
    assert.equal(figures.flightsPerPartition.length, 8)
    assert.equal(figures.groups.delays.counted, LIMIT - REFUSED)
    assert.equal(figures.groups.delays.deadLetters, REFUSED)
    assert.equal(figures.groups.delays.crashes, 1)
    assert.equal(figures.groups.routes.counted, LIMIT)
    assert.equal(figures.groups.routes.crashes, 0)
  })

  it('takes another number of workers and partitions, and reports in text', async () => {
    const args = ['--limit', '5000', '--workers', '3', '--partitions', '5']
    const { code, stdout, stderr } = await start(...args)
    assert.equal(stderr, '')
    assert.match(stdout, /^5,000 flights to 2 groups of 3 workers/m)
    assert.match(stdout, /^4 +[\d,]+\n\n/m)
    assert.match(stdout, /^Check: equal/m)
    assert.equal(code, 0)
  })

  it('finds out when one flight is lost', async () => {
    const { code, stdout } = await start('--limit', '5000', '--json', '--sabotage')
    const figures: Figures = JSON.parse(stdout)
    assert.equal(figures.groups.routes.counted, 4999)
    assert.deepEqual(
      figures.differences.map((difference) => difference.split(' ')[0]),
      ['airport', 'route'],
    )
    assert.equal(code, 1)
  })

  it('explains its arguments', async () => {
    const { code, stdout } = await start('--help')
    assert.match(stdout, /--sabotage/)
    assert.equal(code, 0)
  })

  it('refuses arguments that it does not understand, before it reads anything', async () => {
    const { code, stdout, stderr } = await start('--workers', 'many')
    assert.equal(stdout, '')
    assert.match(stderr, /^--workers must be a whole number from 1 to 16, not 'many'\n/)
    assert.equal(code, 2)
  })
})
