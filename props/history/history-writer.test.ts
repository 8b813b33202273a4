import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HistoryWriter } from './history-writer.js'

test('operations are numbered in the order in which they are written', () => {
  const { history } = new HistoryWriter()
    .sent('p', 'x', [[4, 'a']], 'ok', { key: 'k' })
    .sought('s', 'x', null, { group: 'g' })
  assert.deepEqual(history, [
    {
      index: 0,
      process: 'p',
      type: 'invoke',
      f: 'send',
      value: [['send', 'x', 'a', { key: 'k' }]],
    },
    {
      index: 1,
      process: 'p',
      type: 'ok',
      f: 'send',
      value: [['send', 'x', [4, 'a'], { key: 'k' }]],
    },
    { index: 2, process: 's', f: 'seek', value: { x: null }, group: 'g', type: 'invoke' },
    { index: 3, process: 's', f: 'seek', value: { x: null }, group: 'g', type: 'ok' },
  ])
})

test('an assignment names the partitions, and what is known of each', () => {
  const owned = { x: { epoch: 2, from: 7 }, y: {} }
  const { history } = new HistoryWriter().assigned('m', owned)
  assert.deepEqual(history, [
    { index: 0, process: 'm', type: 'ok', f: 'assign', value: ['x', 'y'], owned },
  ])
})
