import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineFacts } from '../../tools/machine.js'
import { type NewSection, type SectionOutline, updateDocument } from './document.js'

const MACHINE: MachineFacts = {
  processor: 'a processor',
  cores: 2,
  memoryGib: 8,
  platform: 'linux x64',
  node: 'v20.19.0',
  v8: '11.3',
  commit: 'abc1234',
  date: '2026-01-02 03:04 UTC',
  loadBefore: 0.1,
}
const LATER: MachineFacts = { ...MACHINE, commit: 'def5678' }

const OUTLINES: readonly SectionOutline[] = [
  { name: 'first', title: 'First', claims: ['first is fast'] },
  { name: 'second', title: 'Second', claims: ['second is flat', 'second is small'] },
]

function section(title: string, block: string, claims: Readonly<Record<string, number>> = {}) {
  const judged = Object.entries(claims).map(([text, value]) => {
    const measured = { min: value, lowerQuartile: 0, median: value, upperQuartile: 0, max: value }
    return { text, measured, rounds: 3, verdict: 'met' as const }
  })
  const fresh: NewSection = {
    title,
    origin: 'By hand.',
    blocks: [block],
    plots: [],
    claims: judged,
  }
  return fresh
}

const FIRST = section('First', 'one', { 'first is fast': 1 })
const SECOND = section('Second', 'two', { 'second is flat': 2, 'second is small': 3 })

test('sections come in their order, with machine, commit and plots', () => {
  const plot = {
    name: 'curve',
    title: 'A curve',
    x: { title: '', isLogarithmic: false },
    y: { title: '', isLogarithmic: false },
    series: [],
  }
  const document = updateDocument('', OUTLINES, [SECOND, { ...FIRST, plots: [plot] }], MACHINE)
  const headings = [...document.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
  assert.deepEqual(headings, ['What is claimed', 'First', 'Second'])
  assert.match(document, /^By hand\. Commit abc1234, 2026-01-02 .*, a processor, 2 cores/m)
  assert.match(document, /^!\[A curve\]\(bench\/plots\/curve\.svg\)$/m)
})

test('what was not measured again stays, its claims with their commit', () => {
  const before = updateDocument('', OUTLINES, [FIRST, SECOND], MACHINE)
  const again = section('Second', 'better', { 'second is flat': 4 })
  const after = updateDocument(before, OUTLINES, [again], LATER)
  assert.match(after, /^one$/m)
  assert.match(after, /^better$/m)
  assert.doesNotMatch(after, /^two$/m)
  assert.match(after, /^\| first is fast \| 1\.00 .* \| met \| abc1234 \|$/m)
  assert.match(after, /^\| second is flat \| 4\.00 .* \| met \| def5678 \|$/m)
  assert.match(after, /^\| second is small \| 3\.00 .* \| met \| abc1234 \|$/m)
  assert.equal(updateDocument(after, OUTLINES, [], LATER), after)
})

test('a claim that nobody makes any more is gone, and a section that nobody writes is kept', () => {
  const before = updateDocument('', OUTLINES, [FIRST, SECOND], MACHINE)
  const after = updateDocument(before, OUTLINES.slice(0, 1), [], MACHINE)
  assert.doesNotMatch(after, /second is flat/)
  assert.match(after, /^two$/m)
})

test('what is written by hand stays where it was', () => {
  const note = '<!-- by hand -->\n\nMind the gap.\n\n<!-- end by hand -->'
  const before = updateDocument('', OUTLINES, [FIRST, SECOND], MACHINE)
    .replace('\n## Second', '\n## By a person\n\nHello.\n\n## Second')
    .replace('two', `two\n\n${note}`)
  const after = updateDocument(before, OUTLINES, [FIRST, section('Second', 'new')], LATER)
  const headings = [...after.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
  assert.deepEqual(headings, ['What is claimed', 'First', 'By a person', 'Second'])
  assert.match(after, /Hello\./)
  assert.ok(after.indexOf(note) > after.indexOf('new'))
  assert.equal(after.split(note).length, 2)
})
