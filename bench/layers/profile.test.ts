import assert from 'node:assert/strict'
import { test } from 'node:test'
import { summarizeProfile } from './profile.js'
import { type CaseResult, formatCase } from './report.js'

const ROOT = new URL('../../', import.meta.url).href

function node(id: number, functionName: string, path: string, children: number[] = []) {
  const url = path === '' ? '' : `${ROOT}${path}`
  return {
    id,
    callFrame: { functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 },
    children,
  }
}

const PROFILE = summarizeProfile({
  startTime: 0,
  endTime: 1000,
  nodes: [
    node(1, '(root)', '', [2, 3, 4, 5, 6]),
    node(2, '(idle)', ''),
    node(3, '(garbage collector)', ''),
    node(4, 'claim', 'core/log/appender.js', [7]),
    node(5, 'stray', 'core/stray.js'),
    node(6, 'nextRecord', 'core/log/reader.js'),
    node(7, 'compareExchange', 'core/memory.js'),
  ],
  // Each sample lasts until the next one: the first time is that before the first sample.
  samples: [2, 4, 7, 3, 5, 6, 1],
  timeDeltas: [900, 500, 10, 30, 10, 20, 30],
})

const RESULT: CaseResult = {
  name: 'one',
  title: 'One case',
  counted: {
    records: 128,
    frames: 64,
    counts: [
      { layer: 'claim', by: 'core/log/appender.ts claim', kind: 'load', times: 128, bytes: 0 },
      { layer: 'claim', by: 'core/log/tail.ts advanceTail', kind: 'load64', times: 1, bytes: 0 },
      { layer: 'copy', by: 'core/log/appender.ts fill', kind: 'copy', times: 64, bytes: 9216 },
      { layer: 'other', by: 'core/stray.ts stray', kind: 'add', times: 3, bytes: 0 },
    ],
  },
  profile: { ...PROFILE, senderHeapBytes: 0.5, receiverHeapBytes: 1 },
}

test('self time counts for the innermost function that has a layer, without idle time', () => {
  const shares = Object.entries(PROFILE.layers).map(([layer, share]) => [layer, share.toFixed(2)])
  assert.deepEqual(Object.fromEntries(shares), {
    claim: '0.40',
    'garbage collection': '0.10',
    other: '0.20',
    poll: '0.30',
  })
})

test('the table of a case shows what is whole as such, and what is seldom as a fraction', () => {
  const text = formatCase(RESULT).join('\n')
  assert.match(text, /sender 40\.0 %, receiver 30\.0 %/)
  assert.match(text, /\| claim \| 2\.02 \| 2 load, 1\/64 load64 \| {2}\| {2}\| {2}\| 40\.0 % \|/)
  assert.match(text, /\| copy \| {2}\| {2}\| {2}\| 72 \| {2}\| {2}\|/)
  assert.match(text, /\| 1 \| `compareExchange \(core\/memory\.ts\)` \| 30\.0 % \| `nextRecord/)
})

test('what has no layer is named', () => {
  const text = formatCase(RESULT).at(-1)
  assert.equal(text, 'Other: `core/stray.ts stray` (3 add), `stray (core/stray.ts)` (20.0 %).')
})
