/**
 * Judges a history: `checkHistory` finds what must not be, by the names of `anomalies.ts`.
 *
 * @example
 * assertClean(history, { drained: true })
 */
import assert from 'node:assert/strict'
import { analyze, isRecords } from './analysis.js'
import { ANOMALIES, type Anomaly, type AnomalyName } from './anomalies.js'
import { checkCoverage } from './coverage-anomalies.js'
import { checkCursors } from './cursor-anomalies.js'
import type { History } from './history.js'
import { checkLogs, checkUnseen } from './log-anomalies.js'
import { checkPollOrder } from './poll-order.js'
import { checkRecords } from './record-anomalies.js'
import { checkSendOrder } from './send-order.js'
import { Tracks } from './tracks.js'

/** What was found. A name that is not there was looked for, and is absent. */
export type Anomalies = { readonly [name in AnomalyName]?: readonly Anomaly[] }

export interface CheckOptions {
  /** Every group read to the end before the history ended: what nobody polled is `unseen`. */
  readonly drained?: boolean
}

export interface CleanOptions extends CheckOptions {
  /** Names of what the run may show by right; say why where you allow it. */
  readonly allow?: readonly AnomalyName[]
}

export function checkHistory(history: History, { drained = false }: CheckOptions = {}): Anomalies {
  const found: { [name in AnomalyName]?: Anomaly[] } = {}
  const report = (name: AnomalyName, anomaly: Anomaly): void => {
    const list = found[name]
    if (list === undefined) found[name] = [anomaly]
    else list.push(anomaly)
  }
  const analysis = analyze(history)
  const tracks = new Tracks(analysis)
  checkLogs(analysis, report)
  checkSendOrder(analysis, report)
  checkPollOrder(analysis, tracks, report)
  checkCursors(analysis, tracks, report)
  checkCoverage(analysis, tracks, drained, report)
  checkRecords(analysis, tracks, report)
  if (drained) checkUnseen(analysis, report)
  return found
}

/** Whether a history shows that something was sent or polled: of another, nothing can be said. */
export function saysSomething(history: History): boolean {
  return history.some((op) => isRecords(op) && op.type === 'ok')
}

/** Fails with the first case of each name that was found, or if the history says nothing. */
export function assertClean(history: History, { allow = [], ...options }: CleanOptions = {}): void {
  assert.ok(saysSomething(history), 'a history without sends and polls says nothing')
  const found = Object.entries(checkHistory(history, options)) as [AnomalyName, Anomaly[]][]
  const findings = found
    .filter(([name]) => !allow.includes(name))
    .map(([name, cases]) => {
      return `${name} (${cases.length}): ${ANOMALIES[name]}: ${JSON.stringify(cases[0])}`
    })
  assert.equal(findings.join('\n'), '')
}
