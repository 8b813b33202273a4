import { eachRead, eachSend, isRecords } from './analysis.js'
import type {
  History,
  Operation,
  Pair,
  Partition,
  PollMicro,
  RecordsOperation,
  SendMicro,
  Value,
} from './history.js'
import { HistoryWriter, type NewOperation } from './history-writer.js'
import type { Draw } from './model-log.js'

/** One record in one poll. */
export interface Polled {
  /** Position of the poll. */
  readonly at: number
  readonly op: RecordsOperation
  readonly partition: Partition
  readonly offset: number
  readonly value: Value
}

export function pick<T>(candidates: readonly T[], draw: Draw): T | undefined {
  return candidates[draw(Math.max(1, candidates.length))]
}

/** All records of all polls, in order. */
export function allPolled(history: History): Polled[] {
  return history.flatMap((op, at) => {
    const polled: Polled[] = []
    if (!isRecords(op)) return polled
    eachRead(op, (partition, value, offset) => {
      if (offset !== null) polled.push({ at, op, partition, offset, value })
    })
    return polled
  })
}

/** The records of one poll, if they are of one partition as all polls of the model are. */
export function readsOf(op: Operation): Polled[] {
  return isRecords(op) ? allPolled([op]) : []
}

export function isAcknowledged(history: History, partition: Partition, value: Value): boolean {
  return history.some((op) => {
    let names = false
    if (!isRecords(op) || op.type !== 'ok') return false
    eachSend(op, (where, sent) => {
      names ||= where === partition && sent === value
    })
    return names
  })
}

/** A change of each operation: to another one, to several, or to none. */
export function change(
  history: History,
  to: (op: Operation, at: number) => NewOperation | readonly NewOperation[] | undefined,
): History {
  const writer = new HistoryWriter()
  history.forEach((op, at) => {
    const changed = to(op, at)
    if (changed === undefined) return
    for (const next of Array.isArray(changed) ? changed : [changed]) writer.add(unnumbered(next))
  })
  return writer.history
}

export function append(history: History, write: (writer: HistoryWriter) => unknown): History {
  const writer = new HistoryWriter()
  for (const op of history) writer.add(unnumbered(op))
  write(writer)
  return writer.history
}

function unnumbered(op: NewOperation): NewOperation {
  const { index: _, ...rest } = op as Operation
  return rest as NewOperation
}

/** Takes a record out of polls; those that are left with nothing go. */
export function withoutRecord(
  history: History,
  { partition, value }: Pick<Polled, 'partition' | 'value'>,
  from: (op: Operation) => boolean = () => true,
): History {
  return change(history, (op) => {
    if (!isRecords(op) || !from(op)) return op
    if (!readsOf(op).some((read) => read.partition === partition && read.value === value)) return op
    return withPairs(op, (pairs) => pairs.filter(([, other]) => other !== value))
  })
}

/** The same poll with other records; undefined if none are left. */
export function withPairs(
  op: RecordsOperation,
  to: (pairs: readonly Pair[]) => readonly Pair[],
): RecordsOperation | undefined {
  const value: (SendMicro | PollMicro)[] = []
  for (const micro of op.value) {
    if (micro[0] !== 'poll' || micro[1] === undefined) value.push(micro)
    else {
      for (const [partition, pairs] of Object.entries(micro[1])) {
        const changed = to(pairs)
        if (changed.length > 0) value.push(['poll', { [partition]: changed }])
      }
    }
  }
  return value.length === 0 ? undefined : { ...op, value }
}

/** The same operation with other sends. */
export function withSends(
  op: Operation,
  to: (micro: SendMicro) => readonly SendMicro[],
): Operation | undefined {
  if (!isRecords(op)) return op
  const value = op.value.flatMap((micro): (SendMicro | PollMicro)[] => {
    return micro[0] === 'send' ? [...to(micro)] : [micro]
  })
  return value.length === 0 ? undefined : { ...op, value }
}

/** What an acknowledged send says of each record. */
export function sendsOf(op: Operation): { partition: Partition; offset: number; value: Value }[] {
  const sends: { partition: Partition; offset: number; value: Value }[] = []
  if (!isRecords(op) || op.type !== 'ok') return sends
  eachSend(op, (partition, value, offset) => {
    if (offset !== null) sends.push({ partition, offset, value })
  })
  return sends
}

/** The value that a send names. */
export function valueOfSend([, , sent]: SendMicro): Value {
  return typeof sent === 'object' ? sent[1] : sent
}
