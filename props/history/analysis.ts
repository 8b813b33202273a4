import type {
  History,
  Operation,
  Partition,
  Process,
  RecordsOperation,
  SendDetails,
  Value,
} from './history.js'
import { VersionOrder } from './version-order.js'

/** What all checks build on: who sent what, what the logs hold, when an operation can have begun. */
export interface Analysis {
  readonly history: History
  readonly partitions: Map<Partition, PartitionFacts>
  /** For each operation, the position in the history before which it had not begun. */
  readonly begins: Int32Array
  /** For each operation, whether it is an `invoke` that has no end. */
  readonly isPending: Uint8Array
  /** Position of the last operation of each process, its death left out. */
  readonly ends: ReadonlyMap<Process, number>
  /** Position from which on a process is known to be dead. */
  readonly deaths: ReadonlyMap<Process, number>
}

export interface PartitionFacts {
  readonly sent: Map<Value, Sent>
  /** What `ok` polls gave. */
  readonly read: Set<Value>
  readonly order: VersionOrder
}

/** A value that somebody sent or began to send. */
export interface Sent {
  /** Position of the first operation that names it. */
  readonly begun: number
  /** The newest operation that names it. */
  op: RecordsOperation
  details: SendDetails | undefined
}

export function analyze(history: History): Analysis {
  const partitions = new Map<Partition, PartitionFacts>()
  const deaths = new Map<Process, number>()
  history.forEach((op, position) => {
    if (isRecords(op)) noteRecords(partitions, op, position)
    else if (op.f === 'death') deaths.set(op.value, position)
  })
  for (const op of history) if (isRecords(op)) orderRecords(partitions, op)
  for (const { order } of partitions.values()) order.close()
  return { history, partitions, deaths, ...findBegins(history) }
}

export function isRecords(op: Operation): op is RecordsOperation {
  return op.f === 'send' || op.f === 'poll' || op.f === 'txn'
}

function noteRecords(
  partitions: Map<Partition, PartitionFacts>,
  op: RecordsOperation,
  position: number,
): void {
  eachSend(op, (partition, value, _offset, details) => {
    const { sent } = factsOf(partitions, partition)
    const known = sent.get(value)
    if (known === undefined) sent.set(value, { begun: position, op, details })
    else {
      known.op = op
      known.details = details ?? known.details
    }
  })
  eachRead(op, (partition, value) => {
    const { read } = factsOf(partitions, partition)
    if (op.type === 'ok') read.add(value)
  })
}

/** Polls always tell what is in the log; sends do if they took effect. */
function orderRecords(partitions: Map<Partition, PartitionFacts>, op: RecordsOperation): void {
  eachRead(op, (partition, value, offset) => {
    if (offset !== null) factsOf(partitions, partition).order.add(offset, value)
  })
  if (!tookEffect(partitions, op)) return
  eachSend(op, (partition, value, offset) => {
    if (offset !== null) factsOf(partitions, partition).order.add(offset, value)
  })
}

/** Whether a send did for sure: it was acknowledged, or one of its records was polled. */
export function tookEffect(
  partitions: ReadonlyMap<Partition, PartitionFacts>,
  op: RecordsOperation,
): boolean {
  if (op.type !== 'info') return op.type === 'ok'
  let wasRead = false
  eachSend(op, (partition, value) => {
    wasRead ||= partitions.get(partition)?.read.has(value) === true
  })
  return wasRead
}

/** Also of a partition that no record is known of. */
export function factsOf(
  partitions: Map<Partition, PartitionFacts>,
  partition: Partition,
): PartitionFacts {
  let facts = partitions.get(partition)
  if (facts === undefined) {
    facts = { sent: new Map(), read: new Set(), order: new VersionOrder() }
    partitions.set(partition, facts)
  }
  return facts
}

/** An operation began with its `invoke`, or else after the one before it of its process. */
function findBegins(history: History): Pick<Analysis, 'begins' | 'isPending' | 'ends'> {
  const begins = new Int32Array(history.length)
  const isPending = new Uint8Array(history.length)
  const newest = new Map<Process, number>()
  history.forEach(({ process, type, f }, position) => {
    const before = newest.get(process) ?? -1
    begins[position] = type === 'invoke' ? position : before
    if (type === 'invoke') isPending[position] = 1
    else if (history[before]?.f === f) isPending[before] = 0
    if (f !== 'death') newest.set(process, position)
  })
  return { begins, isPending, ends: newest }
}

export function eachSend(
  op: RecordsOperation,
  visit: (
    partition: Partition,
    value: Value,
    offset: number | null,
    details: SendDetails | undefined,
  ) => void,
): void {
  for (const micro of op.value) {
    if (micro[0] !== 'send') continue
    const [, partition, sent, details] = micro
    if (isPair(sent)) visit(partition, sent[1], sent[0], details)
    else visit(partition, sent, null, details)
  }
}

export function eachRead(
  op: RecordsOperation,
  visit: (partition: Partition, value: Value, offset: number | null) => void,
): void {
  for (const micro of op.value) {
    if (micro[0] !== 'poll' || micro[1] === undefined) continue
    for (const partition in micro[1]) {
      for (const [offset, value] of micro[1][partition] ?? []) visit(partition, value, offset)
    }
  }
}

function isPair(
  sent: Value | readonly [number | null, Value],
): sent is readonly [number | null, Value] {
  return typeof sent === 'object'
}
