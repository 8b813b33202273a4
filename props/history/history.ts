/**
 * What a run did, as a list of operations in the order of time, whatever ran it: the explorer,
 * threads in lock-step, real threads, or a test that writes one down (`history-writer.ts`).
 *
 * The shape is that of the queue workload of Jepsen (jepsen.tests.kafka), so that its cases can be
 * used: a process is one actor that does one thing at a time; an operation begins with `invoke` and
 * ends with `ok`, `fail` (it has no effect) or `info` (nobody knows). Jepsen's "key" is called
 * partition here, because a record has a key of its own. What Jepsen does not have is optional: a
 * check that needs it looks only at operations that carry it.
 *
 * - An end without an `invoke` is allowed: then the operation may have begun at any time since the
 *   operation before it of the same process. An `invoke` without an end counts as `info`.
 * - Values are unique within a partition. Offsets need not be dense: an aborted frame leaves a gap.
 * - `index` grows strictly; it may skip numbers.
 */
export type History = readonly Operation[]

export type Operation =
  | RecordsOperation
  | AssignOperation
  | CommitOperation
  | SeekOperation
  | OffsetsOperation
  | GapOperation
  | DeathOperation

/** One actor: a thread, or whatever does one thing after another. */
export type Process = number | string
/** Jepsen's "key": one log. Name it `topic/number` where there are several topics. */
export type Partition = string
export type Value = number | string
/** An offset that is not known is null. */
export type Pair = readonly [offset: number | null, value: Value]

interface Common<F extends string, V> {
  readonly index: number
  readonly process: Process
  readonly type: 'invoke' | 'ok' | 'fail' | 'info'
  readonly f: F
  readonly value: V
  /** Whose cursor it is about; a process that polls without a group reads for itself alone. */
  readonly group?: string
  /** On a clock that all processes share: for a poll, when its records were handed over. */
  readonly timeMs?: number
}

/** Sends, polls, or both in one transaction. A poll hands records to a handler. */
export interface RecordsOperation
  extends Common<'send' | 'poll' | 'txn', readonly MicroOperation[]> {
  /** Of a poll: how often its first record has been handed over now, as the engine counts it. */
  readonly attempt?: number
}

type MicroOperation = SendMicro | PollMicro

/** In the invocation, and where the offset is not known, the value stands alone. */
export type SendMicro =
  | readonly ['send', Partition, Value | Pair]
  | readonly ['send', Partition, Value | Pair, SendDetails]

export type PollMicro = readonly ['poll'] | readonly ['poll', Polled]

type Polled = Readonly<Record<Partition, readonly Pair[]>>

export interface SendDetails {
  /** The record's key, within which order is kept. */
  readonly key?: string
  /** The record must not be handed over before this time ... */
  readonly notBeforeMs?: number
  /** ... nor at this time or later. */
  readonly expiresMs?: number
}

/** The process owns these partitions from here on, and no others. */
export interface AssignOperation extends Common<'assign' | 'subscribe', readonly Partition[]> {
  /**
   * With which epoch, and from which offset on. Who tells offsets tells them again, by another
   * `assign`, when a seek has moved the place.
   */
  readonly owned?: Readonly<Record<Partition, Owned>>
}

export interface Owned {
  readonly epoch?: number
  readonly from?: number
}

/** The cursor of the group is moved, or is found to be there: the next offset to read. */
export type CommitOperation = Common<'commit', Readonly<Record<Partition, Committed>>>

export interface Committed {
  readonly offset: number
  /** Of the process that commits. An observer leaves it out. */
  readonly epoch?: number
}

/** Whoever owns the partition goes on from there; null: from an offset that is not known. */
export type SeekOperation = Common<'seek', Readonly<Record<Partition, number | null>>>

/**
 * - `handle`: the handler ended; `fail`: it threw. A group with one such operation notes all.
 * - `dead-letter`: the records were given up; that and the commit past them are one step.
 * - `peek`: what the group's dead letters are found to be at last, told by offsets of the source.
 */
export type OffsetsOperation = Common<
  'handle' | 'dead-letter' | 'peek',
  Readonly<Record<Partition, readonly number[]>>
>

/** The group is told that it does not get the records of a range, because they are gone. */
export type GapOperation = Common<'gap', Readonly<Record<Partition, Gap>>>

export interface Gap {
  readonly from: number
  /** The first offset behind it. */
  readonly to: number
  /** Records that were in it; aborted frames do not count. */
  readonly count: number
}

/** A process is proven dead, and fenced: what it might still do has no effect on its groups. */
type DeathOperation = Common<'death', Process>
