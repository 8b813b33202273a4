/**
 * The history of one execution in the explorer, for the check of a scenario.
 *
 * How to: record what {@link SimulationEvent} says, then call in `check(world, ending)`
 *
 *     assertClean(fromSimulation(ending, {
 *       senders: ['producer1', 'producer2'],          // those of record names 1000.., 2000..
 *       members: ['consumer'], from: startOffset,     // those who read for the group
 *       before: [{ name: 0, offset: startOffset }],   // what the setup appended
 *       left: contentOf(world.log),                   // what the log holds in the end
 *       isOrdered: true,                              // if the scenario sets `ordersEvents`
 *     }), { drained: nobodyDied })
 *
 * Without `isOrdered` nothing is known of the order of events of different actors: then all sends
 * come first, and what the checker says of a group holds for one member only.
 */
import assert from 'node:assert/strict'
import { Status } from '../sim/execution.js'
import type { Ending } from '../sim/scenario.js'
import type { History } from './history.js'
import { HistoryWriter } from './history-writer.js'

const PARTITION = 'log'
const GROUP = { group: 'group' } as const
/** Record names are made of the sender's number and the record's. */
const NAMES_PER_SENDER = 1000

interface NamedRecord {
  readonly name: number
  readonly offset: number
}

/** What actors record; other events are left out. Relative offsets count from `startOffset`. */
type SimulationEvent =
  /** A sender: this was appended. Anybody else: this was read. */
  | NamedRecord
  /** A member took the partition, or followed a seek: its epoch and its offset, which is absolute. */
  | { readonly owns: number; readonly from: number }
  /** A member handled the record at this relative offset; recorded before it is committed. */
  | { readonly handled: number; readonly name?: number }
  /** A commit to this relative offset was accepted; recorded behind it. */
  | { readonly committed: number }
  /** A seek to this relative offset begins. */
  | { readonly seeks: number }

export interface Cast {
  /** The actor with number n is that of the records from n x 1000 on; the first has number 1. */
  readonly senders?: readonly string[]
  /** Actors that read for the group. */
  readonly members?: readonly string[]
  /** Actors that read for themselves. */
  readonly readers?: readonly string[]
  /** Actors that seek and do not read. */
  readonly seekers?: readonly string[]
  /** Offset at which members begin that do not record what they own. */
  readonly from?: number
  /** What relative offsets are counted from; default 0. */
  readonly startOffset?: number
  /** What is in the log before the actors begin. */
  readonly before?: readonly NamedRecord[]
  /** What is in the log in the end, from which offset on. */
  readonly left?: { readonly records: readonly NamedRecord[]; readonly beginOffset: number }
  readonly isOrdered?: boolean
}

export function fromSimulation(ending: Ending, cast: Cast): History {
  return new Transcript(ending, cast).write()
}

class Transcript {
  private readonly writer = new HistoryWriter()
  private readonly ending: Ending
  private readonly cast: Cast
  private readonly startOffset: number
  private readonly senders: readonly string[]
  private readonly members: ReadonlySet<string>
  private readonly epochs = new Map<string, number>()

  constructor(ending: Ending, cast: Cast) {
    this.ending = ending
    this.cast = cast
    this.startOffset = cast.startOffset ?? 0
    this.senders = cast.senders ?? []
    this.members = new Set(cast.members)
  }

  write(): History {
    const { writer, cast } = this
    const events = this.events()
    for (const { name, offset } of cast.before ?? []) {
      writer.sent('before', PARTITION, [[offset, name]])
    }
    this.writeUnanswered(events.map(({ event }) => event))
    if (cast.from !== undefined) this.writeBeginnings(cast.from)
    for (const { actor, event } of events) this.writeEvent(actor, event)
    if (cast.left !== undefined) this.writeLeft(cast.left)
    return writer.history
  }

  private events(): { actor: string; event: unknown }[] {
    const { ending, cast } = this
    if (cast.isOrdered === true) return ending.history()
    assert.ok(this.members.size <= 1, 'members are not in any order: set `ordersEvents`')
    const actors = [
      ...this.senders,
      ...this.members,
      ...(cast.readers ?? []),
      ...(cast.seekers ?? []),
    ]
    return actors.flatMap((actor) => ending.events(actor).map((event) => ({ actor, event })))
  }

  /** A sender that died may have appended a record without having been told so. */
  private writeUnanswered(events: readonly unknown[]): void {
    const left = this.cast.left?.records ?? []
    const names = new Set([...events, ...left].flatMap(nameOf))
    this.senders.forEach((sender, index) => {
      if (this.ending.status(sender) === Status.FINISHED) return
      const answered = new Set(this.ending.events(sender).flatMap(nameOf))
      const open = [...names].filter((name) => {
        return Math.floor(name / NAMES_PER_SENDER) === index + 1 && !answered.has(name)
      })
      if (open.length > 0) this.writer.sends(`${sender}, unanswered`, PARTITION, open)
    })
  }

  private writeBeginnings(from: number): void {
    for (const member of this.members) {
      this.writer.assigned(member, { [PARTITION]: { from } }, GROUP)
    }
  }

  private writeEvent(actor: string, event: unknown): void {
    const { writer, startOffset } = this
    if (!isEvent(event)) return
    if ('offset' in event) this.writeRecord(actor, event)
    else if ('owns' in event) {
      const { owns: epoch, from } = event
      this.epochs.set(actor, epoch)
      writer.assigned(actor, { [PARTITION]: { epoch, from } }, GROUP)
    } else if ('handled' in event) {
      const offset = startOffset + event.handled
      writer.polled(actor, PARTITION, [[offset, event.name ?? event.handled]], GROUP)
      writer.handled(actor, PARTITION, [offset], 'ok', GROUP)
    } else if ('committed' in event) {
      const offset = startOffset + event.committed
      const epoch = this.epochs.get(actor)
      const committed = epoch === undefined ? { offset } : { offset, epoch }
      writer.committed(actor, PARTITION, committed, GROUP)
    } else {
      const value = { [PARTITION]: startOffset + event.seeks }
      writer.add({ process: actor, type: 'invoke', f: 'seek', value, ...GROUP })
    }
  }

  private writeRecord(actor: string, { name, offset }: NamedRecord): void {
    if (this.senders.includes(actor)) {
      const value = [['send', PARTITION, [offset, name]] as const]
      this.writer.add({ process: actor, type: 'ok', f: 'send', value })
    } else {
      const context = this.members.has(actor) ? GROUP : {}
      this.writer.polled(actor, PARTITION, [[offset, name]], context)
    }
  }

  /** Somebody reads what is there in the end, and owes nothing before it. */
  private writeLeft({ records, beginOffset }: NonNullable<Cast['left']>): void {
    this.writer.assigned('the end', { [PARTITION]: { from: beginOffset } })
    if (records.length === 0) return
    const pairs = records.map(({ name, offset }) => [offset, name] as const)
    this.writer.polled('the end', PARTITION, pairs)
  }
}

function nameOf(event: unknown): number[] {
  return isEvent(event) && 'name' in event && event.name !== undefined ? [event.name] : []
}

const FIELDS = ['offset', 'owns', 'handled', 'committed', 'seeks']

function isEvent(event: unknown): event is SimulationEvent {
  return typeof event === 'object' && event !== null && FIELDS.some((field) => field in event)
}
