/** What a run of {@link GroupMachine} shows to the oracles, in the order of time. */

interface Sending {
  readonly type: 'sending'
  readonly process: string
  readonly partition: number
  readonly key: string
  /** Value of the record; no two are equal. */
  readonly value: string
}

/** A send was told where its record lies. */
interface Sent {
  readonly type: 'sent'
  readonly process: string
  readonly partition: number
  readonly offset: number
  readonly value: string
}

/** A record is in a handler. */
export interface Delivered {
  readonly type: 'delivered'
  readonly member: string
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly value: string
  readonly attempt: number
  /** Owner by the gate, as a name, at this instant. */
  readonly holder: string
  /** Held for dead although it lives: whatever it does must not count. */
  readonly isZombie: boolean
  /** Read before a seek that its owner has not noticed yet. */
  readonly isStale: boolean
}

export interface Handled {
  readonly type: 'handled'
  readonly member: string
  readonly partition: number
  readonly offset: number
  readonly ok: boolean
  /** It is not tried again: the group is done with it once that is committed. */
  readonly isFinal: boolean
  readonly isZombie: boolean
}

/** The four positions of a partition, as somebody sees them who looks between two actions. */
interface Sample {
  readonly type: 'sample'
  readonly partition: number
  readonly freed: number
  readonly committed: number
  readonly delivered: number
  readonly published: number
  readonly epoch: number
}

/** The partition's owner was proven dead, and what it had begun comes again. */
interface Takeover {
  readonly type: 'takeover'
  readonly partition: number
  readonly committed: number
  readonly delivered: number
}

interface Sought {
  readonly type: 'sought'
  readonly partition: number
  readonly committed: number
  readonly to: number
  /** While an owner had a record in hand. */
  readonly isRace: boolean
}

/** What a member owns from here on, with the places where it goes on. */
export interface Assigned {
  readonly type: 'assigned'
  readonly member: string
  readonly owned: readonly OwnedPartition[]
}

export interface OwnedPartition {
  readonly partition: number
  readonly epoch: number
  readonly from: number
}

interface Died {
  readonly type: 'died'
  readonly process: string
}

/** A zombie woke up and went on until it slept: what the cursors were before and after. */
interface ZombieWork {
  readonly type: 'zombie'
  readonly member: string
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly refused: number
}

/** A member had nothing left to do and lay down: what it has handled is committed. */
interface Rested {
  readonly type: 'rested'
  readonly member: string
}

/** After a change of members or a death: who should own each partition, and who lives. */
interface Assignment {
  readonly type: 'assignment'
  readonly assigned: readonly string[]
  readonly alive: readonly string[]
}

/** All live threads went round and round until none had anything to do. */
interface Quiet {
  readonly type: 'quiet'
  /** Members that own each partition. */
  readonly holders: readonly string[]
  readonly alive: readonly string[]
  /** Sends that a live producer waits for still. */
  readonly waiting: number
  /** Records that the group has not committed. */
  readonly lag: readonly number[]
}

export interface Letter {
  readonly type: 'letter'
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly value: string
  readonly attempts: number
}

/** A record in the log at last. */
interface Stored {
  readonly type: 'stored'
  readonly partition: number
  readonly offset: number
  readonly value: string
}

export type TraceEvent =
  | Sending
  | Sent
  | Delivered
  | Handled
  | Sample
  | Takeover
  | Sought
  | Assigned
  | Died
  | ZombieWork
  | Rested
  | Assignment
  | Quiet
  | Letter
  | Stored

export type Trace = readonly TraceEvent[]

/** The events of one kind. */
export function eventsOf<Type extends TraceEvent['type']>(
  trace: Trace,
  type: Type,
): Extract<TraceEvent, { type: Type }>[] {
  return trace.filter((event): event is Extract<TraceEvent, { type: Type }> => event.type === type)
}
