import type {
  AssignOperation,
  Committed,
  Gap,
  History,
  Operation,
  Owned,
  Pair,
  Partition,
  Process,
  SendDetails,
  Value,
} from './history.js'

type Shape<O> = O extends Operation ? Omit<O, 'index'> : never
/** An operation that has no place yet. */
export type NewOperation = Shape<Operation>
type End = 'ok' | 'fail' | 'info'
type Context = Pick<Operation, 'group' | 'timeMs'>

/**
 * Writes a history down, one operation behind the other. `add` takes whatever an {@link Operation}
 * can be; the other methods are short for the usual ones, and write no `invoke` unless they say so.
 *
 * @example
 * const history = new HistoryWriter()
 *   .sent('producer', 'x', [[0, 'a'], [1, 'b']])
 *   .assigned('member', { x: { epoch: 1, from: 0 } })
 *   .polled('member', 'x', [[0, 'a']])
 *   .committed('member', 'x', { offset: 1, epoch: 1 })
 *   .history
 */
export class HistoryWriter {
  private readonly operations: Operation[] = []

  get history(): History {
    return this.operations
  }

  add(operation: NewOperation): this {
    this.operations.push({ index: this.operations.length, ...operation })
    return this
  }

  /** A whole send, from `invoke` to its end. Of one that is not `ok`, offsets may be null. */
  sent(
    process: Process,
    partition: Partition,
    pairs: readonly Pair[],
    type: End = 'ok',
    details: SendDetails = {},
  ): this {
    this.sends(process, partition, valuesOf(pairs), details)
    const value = pairs.map((pair) => ['send', partition, pair, details] as const)
    return this.add({ process, type, f: 'send', value })
  }

  /** Only the `invoke` of a send. */
  sends(
    process: Process,
    partition: Partition,
    values: readonly Value[],
    details: SendDetails = {},
  ): this {
    const value = values.map((sent) => ['send', partition, sent, details] as const)
    return this.add({ process, type: 'invoke', f: 'send', value })
  }

  polled(
    process: Process,
    partition: Partition,
    pairs: readonly Pair[],
    context: Context & { readonly attempt?: number } = {},
  ): this {
    const value = [['poll', { [partition]: pairs }] as const]
    return this.add({ process, type: 'ok', f: 'poll', value, ...context })
  }

  /** The process owns these partitions, and no others. */
  assigned(
    process: Process,
    owned: Readonly<Record<Partition, Owned>>,
    context: Context = {},
  ): this {
    const value = Object.keys(owned)
    const operation: Omit<AssignOperation, 'index'> = {
      process,
      type: 'ok',
      f: 'assign',
      value,
      owned,
    }
    return this.add({ ...operation, ...context })
  }

  committed(
    process: Process,
    partition: Partition,
    committed: Committed,
    context: Context = {},
  ): this {
    return this.add({
      process,
      type: 'ok',
      f: 'commit',
      value: { [partition]: committed },
      ...context,
    })
  }

  /** A whole seek, from `invoke` to its end. */
  sought(
    process: Process,
    partition: Partition,
    offset: number | null,
    context: Context = {},
  ): this {
    const operation = { process, f: 'seek', value: { [partition]: offset }, ...context } as const
    return this.add({ ...operation, type: 'invoke' }).add({ ...operation, type: 'ok' })
  }

  /** The handler ended with these offsets: well, or it threw. */
  handled(
    process: Process,
    partition: Partition,
    offsets: readonly number[],
    type: End = 'ok',
    context: Context = {},
  ): this {
    return this.add({ process, type, f: 'handle', value: { [partition]: offsets }, ...context })
  }

  deadLettered(
    process: Process,
    partition: Partition,
    offsets: readonly number[],
    context: Context = {},
  ): this {
    const value = { [partition]: offsets }
    return this.add({ process, type: 'ok', f: 'dead-letter', value, ...context })
  }

  /** The group's dead letters at last. */
  peeked(
    process: Process,
    partition: Partition,
    offsets: readonly number[],
    context: Context = {},
  ): this {
    return this.add({ process, type: 'ok', f: 'peek', value: { [partition]: offsets }, ...context })
  }

  gap(process: Process, partition: Partition, gap: Gap, context: Context = {}): this {
    return this.add({ process, type: 'ok', f: 'gap', value: { [partition]: gap }, ...context })
  }

  died(dead: Process): this {
    return this.add({ process: dead, type: 'info', f: 'death', value: dead })
  }
}

function valuesOf(pairs: readonly Pair[]): Value[] {
  return pairs.map(([, value]) => value)
}
