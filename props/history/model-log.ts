import type { Pair, Partition, SendDetails } from './history.js'
import type { HistoryWriter } from './history-writer.js'

/** Draws a number from 0 to before a bound. */
export type Draw = (bound: number) => number

export interface ModelRecord extends SendDetails {
  readonly offset: number
  readonly value: number
}

/** One partition of the model: records with gaps between them. */
export class ModelLog {
  readonly partition: Partition
  readonly records: ModelRecord[] = []
  end = 0

  constructor(partition: Partition) {
    this.partition = partition
  }

  append(values: readonly number[], details: SendDetails): ModelRecord[] {
    const appended = values.map((value) => ({ offset: this.end++, value, ...details }))
    this.records.push(...appended)
    return appended
  }

  /** An aborted frame. */
  skip(offsets: number): void {
    this.end += offsets
  }

  /** The records from an offset on, at most so many. */
  from(offset: number, count: number): ModelRecord[] {
    const first = this.records.findIndex((record) => record.offset >= offset)
    return first < 0 ? [] : this.records.slice(first, first + count)
  }
}

/** How a record appears in a poll or an acknowledgement. */
export function pairsOf(records: readonly ModelRecord[]): Pair[] {
  return records.map(({ offset, value }) => [offset, value])
}

interface Pending {
  readonly log: ModelLog
  readonly values: readonly number[]
  readonly details: SendDetails
  /** Once it is in the log. */
  records: readonly ModelRecord[] | undefined
}

/** A producer thread: sends one batch after the other; where it dies, another one goes on. */
export class ModelProducer {
  private readonly name: string
  private readonly writer: HistoryWriter
  private readonly nextValue: () => number
  private pending: Pending | undefined
  private deaths = 0

  constructor(name: string, writer: HistoryWriter, nextValue: () => number) {
    this.name = name
    this.writer = writer
    this.nextValue = nextValue
  }

  private get process(): string {
    return `${this.name}.${this.deaths}`
  }

  step(logs: readonly ModelLog[], nowMs: number, draw: Draw): void {
    const { pending } = this
    if (pending === undefined) this.begin(logs[draw(logs.length)] as ModelLog, nowMs, draw)
    else if (draw(12) === 0) this.die(pending.log, draw)
    else if (pending.records === undefined && draw(8) === 0) this.fail(pending)
    else if (pending.records === undefined) {
      pending.records = pending.log.append(pending.values, pending.details)
    } else this.acknowledge(pending, pending.records)
  }

  /** Brings the send to its end. */
  finish(): void {
    const { pending } = this
    if (pending === undefined) return
    pending.records ??= pending.log.append(pending.values, pending.details)
    this.acknowledge(pending, pending.records)
  }

  private begin(log: ModelLog, nowMs: number, draw: Draw): void {
    const values = Array.from({ length: 1 + draw(4) }, this.nextValue)
    const details: SendDetails = {
      key: `key-${draw(3)}`,
      ...(draw(8) === 0 ? { notBeforeMs: nowMs + draw(20) } : {}),
      ...(draw(8) === 0 ? { expiresMs: nowMs + draw(100) } : {}),
    }
    this.pending = { log, values, details, records: undefined }
    this.writer.sends(this.process, log.partition, values, details)
  }

  private acknowledge({ log, details }: Pending, records: readonly ModelRecord[]): void {
    const value = records.map(({ offset, value }) => {
      return ['send', log.partition, [offset, value], details] as const
    })
    this.writer.add({ process: this.process, type: 'ok', f: 'send', value })
    this.pending = undefined
  }

  private fail({ log, values }: Pending): void {
    const value = values.map((sent) => ['send', log.partition, sent] as const)
    this.writer.add({ process: this.process, type: 'fail', f: 'send', value })
    this.pending = undefined
  }

  /** Its frame is in the log, or an aborted one, or none. */
  private die(log: ModelLog, draw: Draw): void {
    if (this.pending?.records === undefined) log.skip(draw(4))
    this.writer.died(this.process)
    this.pending = undefined
    this.deaths++
  }
}
