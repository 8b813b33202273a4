/** Anomalies of the logs themselves, whoever reads them. */
import {
  type Analysis,
  eachRead,
  eachSend,
  isRecords,
  type PartitionFacts,
  type Sent,
  tookEffect,
} from './analysis.js'
import type { Report } from './anomalies.js'
import type { History, Operation, Partition, RecordsOperation, Value } from './history.js'

export function checkLogs(analysis: Analysis, report: Report): void {
  for (const [partition, { order }] of analysis.partitions) {
    for (const offset of order.conflicts()) {
      const values = order.valuesAt(offset).sort(compare)
      report('inconsistent-offsets', { partition, offset, values })
    }
    for (const value of order.duplicates()) {
      const offsets = order.offsetsOf(value)
      report('duplicate', { partition, value, count: offsets.length, offsets })
    }
  }
  checkReads(analysis, report)
  checkLostWrites(analysis, report)
}

/** G1a, phantom and precommitted-read: what a poll must not give. */
function checkReads({ history, partitions }: Analysis, report: Report): void {
  history.forEach((op, position) => {
    if (!isRecords(op) || op.type === 'invoke') return
    const own = valuesSent(op)
    eachRead(op, (partition, value) => {
      const sent = partitions.get(partition)?.sent.get(value)
      const reader = op.index
      if (sent === undefined || sent.begun > position) {
        report('phantom', { partition, value, reader })
      } else if (op.type === 'ok' && sent.op.type === 'fail') {
        report('G1a', { partition, value, writer: sent.op.index, reader })
      }
      if (own?.get(partition)?.has(value)) {
        report('precommitted-read', { partition, value, op: op.index })
      }
    })
  })
}

/** Only of a transaction: others send or poll. */
function valuesSent(op: RecordsOperation): Map<Partition, Set<Value>> | undefined {
  if (op.f !== 'txn') return undefined
  const values = new Map<Partition, Set<Value>>()
  eachSend(op, (partition, value) => {
    const set = values.get(partition)
    if (set === undefined) values.set(partition, new Set([value]))
    else set.add(value)
  })
  return values
}

/**
 * A value counts from its last place in the log on, and the highest poll by the first places of
 * what was polled: with a value at two places, only what is wrong in any case is told.
 */
function checkLostWrites(analysis: Analysis, report: Report): void {
  for (const [partition, facts] of analysis.partitions) {
    const { order, read, sent } = facts
    let highest = -1
    for (const value of read) highest = Math.max(highest, order.firstIndexOf(value) ?? -1)
    const isExcused = excuses(analysis.history, partition)
    for (let index = 0; index <= highest; index++) {
      const offset = order.offset(index)
      for (const value of order.valuesAt(offset)) {
        if (read.has(value) || order.indexOf(value) !== index || isExcused(offset)) continue
        const writer = sent.get(value)?.op
        if (writer === undefined || !tookEffect(analysis.partitions, writer)) continue
        report('lost-write', { partition, value, writer: writer.index })
      }
    }
  }
}

/** Offsets that nobody had to poll: before the first start, passed by a seek, or told as a gap. */
function excuses(history: History, partition: Partition): (offset: number) => boolean {
  let start = Number.POSITIVE_INFINITY
  let sought = Number.NEGATIVE_INFINITY
  const gaps: { from: number; to: number }[] = []
  for (const op of history) {
    if (op.f === 'assign' || op.f === 'subscribe') {
      start = Math.min(start, op.owned?.[partition]?.from ?? Number.POSITIVE_INFINITY)
    } else if (op.f === 'seek' && op.value[partition] !== undefined) {
      sought = Math.max(sought, op.value[partition] ?? Number.POSITIVE_INFINITY)
    } else if (op.f === 'gap' && op.value[partition] !== undefined) gaps.push(op.value[partition])
  }
  const from = Math.max(start === Number.POSITIVE_INFINITY ? 0 : start, sought)
  return (offset) => offset < from || gaps.some((gap) => offset >= gap.from && offset < gap.to)
}

/** After each acknowledgement and each poll: how many acknowledged records nobody had polled yet. */
export function unseenOverTime(
  history: History,
): { readonly index: number; readonly unseen: Readonly<Record<Partition, number>> }[] {
  const waiting = new Map<Partition, Set<Value>>()
  const read = new Map<Partition, Set<Value>>()
  return history.filter(isAcknowledged).map((op) => {
    eachSend(op, (partition, value) => {
      if (!setOf(read, partition).has(value)) setOf(waiting, partition).add(value)
    })
    eachRead(op, (partition, value) => {
      setOf(read, partition).add(value)
      waiting.get(partition)?.delete(value)
    })
    const counts = [...waiting].map(([partition, values]) => [partition, values.size] as const)
    return { index: op.index, unseen: Object.fromEntries(counts) }
  })
}

function isAcknowledged(op: Operation): op is RecordsOperation {
  return isRecords(op) && op.type === 'ok'
}

function setOf(sets: Map<Partition, Set<Value>>, partition: Partition): Set<Value> {
  let set = sets.get(partition)
  if (set === undefined) {
    set = new Set()
    sets.set(partition, set)
  }
  return set
}

/** At the end of a drained run: acknowledged, and polled by nobody. */
export function checkUnseen({ history, partitions }: Analysis, report: Report): void {
  for (const [partition, facts] of partitions) {
    const values = unseenValues(facts, excuses(history, partition))
    if (values.length > 0) {
      report('unseen', { partition, count: values.length, values: values.slice(0, 32) })
    }
  }
}

function unseenValues(
  { sent, read, order }: PartitionFacts,
  isExcused: (offset: number) => boolean,
): Value[] {
  const isMissing = (value: Value, { op }: Sent): boolean => {
    if (op.type !== 'ok' || read.has(value)) return false
    const [offset] = order.offsetsOf(value)
    return offset === undefined || !isExcused(offset)
  }
  return [...sent].flatMap(([value, writer]) => (isMissing(value, writer) ? [value] : []))
}

function compare(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0
}
