import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { progressLine, showProgress } from './progress.js'

const BEFORE = { atMs: 1000, sent: 1000, lag: { delays: 0, routes: 0 } }

describe('the progress line', () => {
  it('shows what the slowest group handled, the rate since the last line, and the lag', () => {
    const now = { atMs: 1500, sent: 3000, lag: { delays: 500, routes: 1000 } }
    const line = progressLine(now, BEFORE, 4000)
    assert.match(line, /^█{12}░{12} {2}50 % /)
    assert.match(line, / 3,000 sent {2}4,000\/s {2}lag delays 500, routes 1,000$/)
  })

  it('is full when all is handled', () => {
    const now = { atMs: 1000, sent: 4000, lag: { delays: 0, routes: 0 } }
    assert.match(progressLine(now, BEFORE, 4000), /^█{24} 100 % {2}4,000 sent {2}0\/s/)
  })
})

describe('progress', () => {
  const show = (isTTY: boolean) => {
    const written: string[] = []
    const screen = { isTTY, columns: 30, write: (text: string) => written.push(text) }
    const progress = showProgress(screen, 1000, () => BEFORE)
    progress.stop()
    return written
  }

  it('draws over one line on a terminal, no wider than it', () => {
    const [line, end, ...rest] = show(true)
    assert.equal(line, `\r${'█'.repeat(24)} 100 \x1b[K`)
    assert.equal(end, '\n')
    assert.deepEqual(rest, [])
  })

  it('writes whole lines elsewhere', () => {
    const [line, ...rest] = show(false)
    assert.match(line ?? '', /^█+ 100 % .* lag delays 0, routes 0\n$/)
    assert.deepEqual(rest, [])
  })
})
