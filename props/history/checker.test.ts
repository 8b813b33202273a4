import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANOMALIES, type AnomalyName } from './anomalies.js'
import { assertClean, checkHistory } from './checker.js'
import { HistoryWriter } from './history-writer.js'
import { PLANTED } from './planted.js'

/** Only what a history is about is drained. */
function optionsFor(name: AnomalyName): { drained: boolean } {
  return { drained: name === 'unseen' }
}

for (const [name, { shows, nearMiss }] of PLANTED) {
  test(`${name}: planted, it is found; almost planted, nothing is`, () => {
    assert.deepEqual(Object.keys(checkHistory(shows, optionsFor(name))), [name])
    assert.deepEqual(checkHistory(nearMiss, optionsFor(name)), {})
  })
}

test('every name has a planted history', () => {
  assert.deepEqual([...PLANTED.keys()].sort(), Object.keys(ANOMALIES).sort())
})

test('a history that says nothing is not clean', () => {
  const { history } = new HistoryWriter().assigned('m', { x: {} })
  assert.throws(() => assertClean(history), /says nothing/)
})

test('an assertion tells the names, what they mean and the first case', () => {
  const { shows } = PLANTED.get('int-send-skip') ?? assert.fail()
  assert.throws(
    () => assertClean(shows),
    /int-send-skip \(1\): another record lies .*"skipped":\["b"\]/,
  )
  assertClean(shows, { allow: ['int-send-skip'] })
})
