/** Anomalies of order: what one process sends lies in the log in the order of sending. */
import { type Analysis, eachSend, isRecords } from './analysis.js'
import type { Report } from './anomalies.js'
import type { Partition, Process, RecordsOperation, Value } from './history.js'
import { SKIPPED_MAX } from './version-order.js'

interface LastSend {
  readonly op: RecordsOperation
  readonly value: Value
}

export function checkSendOrder(analysis: Analysis, report: Report): void {
  const lastSends = new Map<Process, Map<Partition, LastSend>>()
  for (const op of analysis.history) {
    if (!isRecords(op) || op.type === 'invoke') continue
    for (const [partition, values] of valuesSent(op)) {
      checkInside(analysis, op, partition, values, report)
      if (op.type === 'fail') continue
      const sends = lastSends.get(op.process) ?? new Map<Partition, LastSend>()
      lastSends.set(op.process, sends)
      checkNext(analysis, op, partition, values[0] as Value, sends.get(partition), report)
      sends.set(partition, { op, value: values.at(-1) as Value })
    }
  }
}

function checkNext(
  { partitions }: Analysis,
  op: RecordsOperation,
  partition: Partition,
  first: Value,
  last: LastSend | undefined,
  report: Report,
): void {
  if (last === undefined) return
  const delta = partitions.get(partition)?.order.steps(last.value, first) ?? 1
  if (delta >= 1) return
  const ops = [last.op.index, op.index]
  report('nonmonotonic-send', { partition, values: [last.value, first], delta, ops })
}

/** Neighbours within one send are neighbours in the log. */
function checkInside(
  { partitions }: Analysis,
  op: RecordsOperation,
  partition: Partition,
  values: readonly Value[],
  report: Report,
): void {
  const order = partitions.get(partition)?.order
  for (let at = 1; at < values.length; at++) {
    const [from, to] = [values[at - 1] as Value, values[at] as Value]
    const delta = order?.steps(from, to) ?? 1
    const found = { partition, values: [from, to], delta, op: op.index }
    if (delta < 1) report('int-nonmonotonic-send', found)
    if (delta > 1) {
      report('int-send-skip', { ...found, skipped: order?.between(from, to, SKIPPED_MAX) ?? [] })
    }
  }
}

function valuesSent(op: RecordsOperation): Map<Partition, Value[]> {
  const values = new Map<Partition, Value[]>()
  eachSend(op, (partition, value) => {
    const list = values.get(partition)
    if (list === undefined) values.set(partition, [value])
    else list.push(value)
  })
  return values
}
