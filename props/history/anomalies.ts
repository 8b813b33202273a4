import type { Partition, Process, Value } from './history.js'

/**
 * What a history may show that must not be, by name.
 *
 * The first thirteen, and what they mean, are those of Jepsen's workload for queues
 * (jepsen.tests.kafka; Kingsbury: "Redpanda 21.10.1", 2022). The others are of this project.
 *
 * "Known" is a record that an acknowledgement or a poll shows to be in the log. Offsets that
 * nobody knows of may be gaps, which aborted frames leave by right.
 */
export const ANOMALIES = {
  // ------------------------------------------------------------------------------ Jepsen's: logs
  'inconsistent-offsets': 'one offset of a partition has two values',
  duplicate: 'one value is at two offsets',
  'lost-write':
    'an acknowledged record is below the highest one that was polled, and nobody polled it',
  G1a: 'a record whose send failed was polled: an aborted read',
  'precommitted-read': 'a transaction polled a record that it sent itself, before its commit',
  unseen: 'at the end of a run that was drained, an acknowledged record was not polled',

  // ----------------------------------------------------------------------------- Jepsen's: order
  'poll-skip': 'a process that kept its partition went past a known record from poll to poll',
  'nonmonotonic-poll': 'a process that kept its partition went back from poll to poll',
  'nonmonotonic-send': 'a later send of a process lies before an earlier one',
  'int-poll-skip': 'one poll went past a known record',
  'int-nonmonotonic-poll': 'one poll went back, or gave a record twice',
  'int-send-skip': 'another record lies between those of one send',
  'int-nonmonotonic-send': 'the records of one send lie in another order',

  // ------------------------------------------------------------------------------ ours: one group
  phantom: 'a record was polled that nobody had begun to send',
  'stale-commit-accepted':
    'a commit was accepted of an epoch that was over, of a dead process, or to a lower offset',
  'commit-before-handled': 'a commit covers a record that its group had not finished with',
  'gap-uncounted':
    'a group passed a known record without getting it, or a gap it was told of counts wrongly',
  'order-after-rewind':
    'after a takeover or a seek a group went on elsewhere than at the place that was asked for, ' +
    'or took what was committed again',

  // ---------------------------------------------------------------------------- ours: one record
  'key-order-violation':
    'a record was handed over before an earlier one of its key was, or was finished with',
  'count-lost-on-crash': 'a record came again, and not all attempts that had failed were counted',
  'dlq-and-processed':
    'a record is a dead letter and was processed, or was handed over later, or is one twice',
  'expired-delivered': 'a record was handed over at its time of expiry or later',
  'early-delivery': 'a record was handed over before its time',
} as const

export type AnomalyName = keyof typeof ANOMALIES

/** One case. Operations are told by their index in the history. */
export interface Anomaly {
  readonly partition: Partition
  readonly group?: string
  readonly process?: Process
  /** What exactly, where the name leaves it open. */
  readonly why?: string
  readonly value?: Value
  readonly values?: readonly Value[]
  /** Of those that were passed over, the first. */
  readonly skipped?: readonly Value[]
  readonly offset?: number
  readonly offsets?: readonly number[]
  readonly count?: number
  /** Steps in the log without its gaps; 1 is the next record. */
  readonly delta?: number
  readonly op?: number
  readonly ops?: readonly number[]
  readonly writer?: number
  readonly reader?: number
}

/** Tells that a case was found. */
export type Report = (name: AnomalyName, anomaly: Anomaly) => void

/** The group of a case, if it has a name. */
export function named(group: string | undefined): { readonly group?: string } {
  return group === undefined ? {} : { group }
}
