import type { Rounds, Subject } from './runner.js'

/** How much one run of a row sends. */
export interface Load {
  /** Messages before the clock starts, so that the code is compiled and the threads are awake. */
  readonly warmUpCount: number
  /** Messages while the clock runs. */
  readonly count: number
}

/** What one run of a row gives back. */
export interface Measurement {
  /** From the sender's first message until the receiver had handled the last one. */
  readonly elapsedNs: number
  /** Bytes that each thread allocated on its heap meanwhile; none for a thread that is not ours. */
  readonly allocatedBytes: { readonly sender?: number; readonly receiver?: number }
  /** Processor time of processes that the row started itself, in milliseconds. */
  readonly otherCpuMs?: number
}

/** Settings that distinguish rows of one module. */
export type Settings = Readonly<Record<string, number>>

/**
 * The module behind a row: runs once, in a process of its own, and throws if what arrived is not
 * what was sent.
 */
export interface RowModule {
  measure(load: Load, settings: Settings): Promise<Measurement>
}

/** One line of a table of throughputs. Its module exports {@link RowModule}. */
export interface Row extends Subject, Load {
  readonly title: string
  readonly settings: Settings
  readonly claims: readonly Claim[]
}

export type RowResult = Rounds<Row, Measurement>

/** What the project promises of a row; the report says whether it holds. */
export type Claim =
  | {
      /** At least so many times the throughput of another row, in the same round. */
      readonly base: string
      readonly atLeast: number
    }
  | {
      /** Neither thread allocates more than so many bytes of heap per message. */
      readonly heapBytesAtMost: number
    }
