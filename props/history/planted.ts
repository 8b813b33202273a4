/** For each anomaly a small history that shows it, and one that is almost the same and right. */
import type { AnomalyName } from './anomalies.js'
import type { History, Pair } from './history.js'
import { HistoryWriter } from './history-writer.js'

export interface Planted {
  /** Shows this anomaly and no other. */
  readonly shows: History
  /** Shows nothing at all. */
  readonly nearMiss: History
}

const G = { group: 'g' } as const
const A: Pair = [0, 'a']
const B: Pair = [1, 'b']
const C: Pair = [2, 'c']
const D: Pair = [3, 'd']

/** Someone sent a, b, c and d, and all of it is in the log. */
function sent(): HistoryWriter {
  return new HistoryWriter().sent('producer', 'x', [A, B, C, D])
}

/** The same, each under the key k. */
function sentWithKey(): HistoryWriter {
  return new HistoryWriter().sent('producer', 'x', [A, B, C, D], 'ok', { key: 'k' })
}

/** Member m has handled a and b, and committed them in epoch 1. */
function halfDone(): HistoryWriter {
  return owned(sent())
    .polled('m', 'x', [A, B], G)
    .handled('m', 'x', [0, 1], 'ok', G)
    .committed('m', 'x', { epoch: 1, offset: 2 }, G)
}

function owned(writer: HistoryWriter): HistoryWriter {
  return writer.assigned('m', { x: { epoch: 1, from: 0 } }, G)
}

function transaction(type: 'ok' | 'fail'): HistoryWriter {
  const value = [['send', 'x', [0, 'a']] as const, ['poll', { x: [A] }] as const]
  return new HistoryWriter().add({ process: 't', type, f: 'txn', value })
}

const LOGS = {
  'inconsistent-offsets': {
    shows: sent().sent('other', 'x', [[3, 'e']]),
    // Nobody knows whether the second send took effect: then it did not.
    nearMiss: sent().sent('other', 'x', [[3, 'e']], 'info'),
  },
  duplicate: {
    shows: new HistoryWriter().sent('producer', 'x', [A]).polled('r', 'x', [[4, 'a']]),
    // The same value in another partition is another record.
    nearMiss: sent().sent('producer', 'y', [A]).polled('r', 'y', [A]),
  },
  'lost-write': {
    shows: sent().polled('r', 'x', [C]),
    nearMiss: sent().polled('r', 'x', [A, B]),
  },
  G1a: {
    shows: new HistoryWriter().sent('producer', 'x', [[null, 'a']], 'fail').polled('r', 'x', [A]),
    nearMiss: new HistoryWriter()
      .sent('producer', 'x', [[null, 'a']], 'info')
      .polled('r', 'x', [A]),
  },
  'precommitted-read': {
    shows: transaction('ok'),
    nearMiss: new HistoryWriter().sent('t', 'x', [A]).polled('t', 'x', [A]),
  },
  unseen: {
    shows: sent().polled('m', 'x', [A, B, C], G),
    nearMiss: sent()
      .sent('other', 'x', [[null, 'e']], 'info')
      .polled('m', 'x', [A, B, C, D], G),
  },
  phantom: {
    shows: sent().polled('r', 'x', [A, B, C, D, [4, 'e']]),
    // Its thread died before it could say that it was there.
    nearMiss: sent()
      .sends('other', 'x', ['e'])
      .polled('r', 'x', [A, B, C, D, [4, 'e']]),
  },
} satisfies Partial<Record<AnomalyName, Steps>>

const ORDER = {
  'poll-skip': {
    shows: sent().polled('r', 'x', [A]).polled('r', 'x', [C]).polled('other', 'x', [A, B]),
    // Offset 2 is a gap that an aborted frame left.
    nearMiss: new HistoryWriter()
      .sent('producer', 'x', [A, B, D])
      .polled('r', 'x', [A, B])
      .polled('r', 'x', [D]),
  },
  'nonmonotonic-poll': {
    shows: sent().polled('r', 'x', [A, B]).polled('r', 'x', [B, C]),
    // Its handler threw, so it comes again.
    nearMiss: sent().polled('r', 'x', [A, B]).polled('r', 'x', [B, C], { attempt: 2 }),
  },
  'nonmonotonic-send': {
    shows: new HistoryWriter().sent('producer', 'x', [B]).sent('producer', 'x', [A]),
    nearMiss: new HistoryWriter().sent('producer', 'x', [B]).sent('other', 'x', [A]),
  },
  'int-poll-skip': {
    shows: sent().polled('r', 'x', [A, C]).polled('other', 'x', [A, B]),
    nearMiss: new HistoryWriter().sent('producer', 'x', [A, C]).polled('r', 'x', [A, C]),
  },
  'int-nonmonotonic-poll': {
    shows: sent().polled('r', 'x', [A, B, B]),
    nearMiss: sent().polled('r', 'x', [A, B]),
  },
  'int-send-skip': {
    shows: new HistoryWriter().sent('producer', 'x', [A, C]).sent('other', 'x', [B]),
    nearMiss: new HistoryWriter().sent('producer', 'x', [A, C]).sent('other', 'x', [D]),
  },
  'int-nonmonotonic-send': {
    shows: new HistoryWriter().sent('producer', 'x', [B, A]),
    nearMiss: new HistoryWriter().sent('producer', 'x', [A, D]),
  },
} satisfies Partial<Record<AnomalyName, Steps>>

const GROUPS = {
  'stale-commit-accepted': {
    shows: halfDone()
      .polled('m', 'x', [C], G)
      .assigned('heir', { x: { epoch: 2, from: 2 } }, G)
      .handled('m', 'x', [2], 'ok', G)
      .committed('m', 'x', { epoch: 1, offset: 3 }, G),
    // It is refused, as it must be.
    nearMiss: halfDone()
      .polled('m', 'x', [C], G)
      .assigned('heir', { x: { epoch: 2, from: 2 } }, G)
      .handled('m', 'x', [2], 'ok', G)
      .add({ process: 'm', type: 'fail', f: 'commit', value: { x: { epoch: 1, offset: 3 } }, ...G })
      .polled('heir', 'x', [C], G),
  },
  'commit-before-handled': {
    shows: halfDone().polled('m', 'x', [C], G).committed('m', 'x', { epoch: 1, offset: 3 }, G),
    // It was given up: that is an end as well.
    nearMiss: halfDone()
      .polled('m', 'x', [C], G)
      .handled('m', 'x', [2], 'fail', G)
      .deadLettered('m', 'x', [2], G)
      .committed('m', 'x', { epoch: 1, offset: 3 }, G),
  },
  'gap-uncounted': {
    shows: halfDone().gap('m', 'x', { from: 2, to: 4, count: 1 }, G),
    nearMiss: halfDone().gap('m', 'x', { from: 2, to: 4, count: 2 }, G),
  },
  'order-after-rewind': {
    shows: halfDone()
      .polled('m', 'x', [C], G)
      .died('m')
      .assigned('heir', { x: { epoch: 2, from: 2 } }, G)
      .polled('heir', 'x', [D], G),
    nearMiss: halfDone()
      .polled('m', 'x', [C], G)
      .died('m')
      .assigned('heir', { x: { epoch: 2, from: 2 } }, G)
      .polled('heir', 'x', [C, D], G),
  },
} satisfies Partial<Record<AnomalyName, Steps>>

const RECORDS = {
  'key-order-violation': {
    shows: owned(sentWithKey())
      .polled('m', 'x', [A], G)
      .polled('m', 'x', [B], G)
      .handled('m', 'x', [0, 1], 'ok', G),
    nearMiss: owned(sentWithKey())
      .polled('m', 'x', [A], G)
      .handled('m', 'x', [0], 'ok', G)
      .polled('m', 'x', [B], G)
      .handled('m', 'x', [1], 'ok', G),
  },
  'count-lost-on-crash': {
    shows: halfDone()
      .polled('m', 'x', [C], { ...G, attempt: 1 })
      .handled('m', 'x', [2], 'fail', G)
      .polled('m', 'x', [C], { ...G, attempt: 2 })
      .died('m')
      .assigned('heir', { x: { epoch: 2, from: 2 } }, G)
      .polled('heir', 'x', [C], { ...G, attempt: 1 }),
    nearMiss: halfDone()
      .polled('m', 'x', [C], { ...G, attempt: 1 })
      .handled('m', 'x', [2], 'fail', G)
      .polled('m', 'x', [C], { ...G, attempt: 2 })
      .died('m')
      .assigned('heir', { x: { epoch: 2, from: 2 } }, G)
      .polled('heir', 'x', [C], { ...G, attempt: 2 }),
  },
  'dlq-and-processed': {
    shows: halfDone()
      .polled('m', 'x', [C], G)
      .handled('m', 'x', [2], 'ok', G)
      .peeked('main', 'x', [2], G),
    // Its owner died before the commit, and the next one could not process it.
    nearMiss: halfDone()
      .polled('m', 'x', [C], G)
      .handled('m', 'x', [2], 'ok', G)
      .died('m')
      .assigned('heir', { x: { epoch: 2, from: 2 } }, G)
      .polled('heir', 'x', [C], G)
      .handled('heir', 'x', [2], 'fail', G)
      .peeked('main', 'x', [2], G),
  },
  'expired-delivered': {
    shows: new HistoryWriter()
      .sent('producer', 'x', [A], 'ok', { expiresMs: 100 })
      .polled('r', 'x', [A], { timeMs: 100 }),
    nearMiss: new HistoryWriter()
      .sent('producer', 'x', [A], 'ok', { expiresMs: 100 })
      .polled('r', 'x', [A], { timeMs: 99 }),
  },
  'early-delivery': {
    shows: new HistoryWriter()
      .sent('producer', 'x', [A], 'ok', { notBeforeMs: 100 })
      .polled('r', 'x', [A], { timeMs: 99 }),
    nearMiss: new HistoryWriter()
      .sent('producer', 'x', [A], 'ok', { notBeforeMs: 100 })
      .polled('r', 'x', [A], { timeMs: 100 }),
  },
} satisfies Partial<Record<AnomalyName, Steps>>

interface Steps {
  readonly shows: HistoryWriter
  readonly nearMiss: HistoryWriter
}

const STEPS: Readonly<Record<AnomalyName, Steps>> = { ...LOGS, ...ORDER, ...GROUPS, ...RECORDS }

export const PLANTED = new Map<AnomalyName, Planted>(
  Object.entries(STEPS).map(([name, { shows, nearMiss }]) => [
    name as AnomalyName,
    { shows: shows.history, nearMiss: nearMiss.history },
  ]),
)
