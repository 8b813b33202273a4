import type { History, Owned, Partition, SendDetails, SendMicro } from './history.js'
import type { NewOperation } from './history-writer.js'

/** What an event is. An end without a beginning stands for a whole operation. */
export const EventKind = {
  SENDS: 1,
  SENT: 2,
  SEND_FAILED: 3,
  POLLED: 4,
  HANDLED: 5,
  HANDLER_FAILED: 6,
  TOOK: 7,
  GAVE_BACK: 8,
  COMMITTED: 9,
  SEEKS: 10,
  SOUGHT: 11,
  BURIED: 12,
  PEEKED: 13,
  GAP: 14,
  DIED: 15,
} as const
export type EventKind = (typeof EventKind)[keyof typeof EventKind]

/** One event of a recorder; what its numbers mean depends on its kind. */
export interface RecordedEvent {
  readonly process: number
  readonly kind: EventKind
  readonly group: number
  readonly partition: number
  readonly extra: number
  readonly number: number
  readonly value: number
}

/** The history of events that come in the order of time. */
export function writeEvents(events: Iterable<RecordedEvent>): History {
  const decoder = new Decoder()
  for (const event of events) decoder.write(event)
  return decoder.history()
}

const SEND_TYPES = new Map<EventKind, 'invoke' | 'ok' | 'fail'>([
  [EventKind.SENDS, 'invoke'],
  [EventKind.SENT, 'ok'],
  [EventKind.SEND_FAILED, 'fail'],
])
const OFFSETS_OPERATIONS = new Map<EventKind, 'handle' | 'dead-letter' | 'peek'>([
  [EventKind.HANDLED, 'handle'],
  [EventKind.HANDLER_FAILED, 'handle'],
  [EventKind.BURIED, 'dead-letter'],
  [EventKind.PEEKED, 'peek'],
])

/** The newest operation of a process, if it is one that its next event may be part of. */
interface OpenSend {
  readonly kind: EventKind
  readonly value: SendMicro[]
  place: number
}

class Decoder {
  /** Holes are left by operations that were moved to where their last event is. */
  private readonly operations: (NewOperation | undefined)[] = []
  private readonly openSends = new Map<number, OpenSend>()
  /** What each process owns in each group. */
  private readonly owned = new Map<string, Set<Partition>>()

  history(): History {
    return this.operations
      .filter((operation) => operation !== undefined)
      .map((operation, index) => Object.assign(operation, { index }))
  }

  write(event: RecordedEvent): void {
    const type = SEND_TYPES.get(event.kind)
    if (type !== undefined) {
      this.writeSend(event, type)
      return
    }
    this.openSends.delete(event.process)
    this.operations.push(this.operationOf(event))
  }

  private writeSend(event: RecordedEvent, type: 'invoke' | 'ok' | 'fail'): void {
    const { process, kind } = event
    let open = this.openSends.get(process)
    if (open?.kind !== kind) {
      open = { kind, value: [], place: this.operations.length }
      this.openSends.set(process, open)
    } else if (type === 'invoke') {
      open.value.push(sendOf(event))
      return
    } else {
      this.operations[open.place] = undefined
      open.place = this.operations.length
    }
    open.value.push(sendOf(event))
    this.operations.push({ process, type, f: 'send', value: open.value })
  }

  private operationOf(event: RecordedEvent): NewOperation {
    const { process, kind, extra, number, value } = event
    const group = `group-${event.group}`
    const partition = String(event.partition)
    const common = { process, type: 'ok', group } as const
    const offset = Number.isNaN(number) ? null : number
    const f = OFFSETS_OPERATIONS.get(kind)
    if (f !== undefined) {
      const type = kind === EventKind.HANDLER_FAILED ? 'fail' : 'ok'
      return { ...common, type, f, value: { [partition]: [number] } }
    }
    switch (kind) {
      case EventKind.POLLED: {
        const polled = [['poll', { [partition]: [[offset, value]] }]] as const
        const attempt = extra === 0 ? {} : { attempt: extra }
        return { ...common, f: 'poll', value: polled, ...attempt }
      }
      case EventKind.TOOK:
      case EventKind.GAVE_BACK:
        return { ...common, f: 'assign', ...this.follow(event, partition) }
      case EventKind.COMMITTED: {
        const epoch = Number.isNaN(value) ? {} : { epoch: value }
        return { ...common, f: 'commit', value: { [partition]: { offset: number, ...epoch } } }
      }
      case EventKind.SEEKS:
        return { ...common, type: 'invoke', f: 'seek', value: { [partition]: offset } }
      case EventKind.SOUGHT:
        return { ...common, f: 'seek', value: { [partition]: offset } }
      case EventKind.GAP:
        return {
          ...common,
          f: 'gap',
          value: { [partition]: { from: number, to: value, count: extra } },
        }
      case EventKind.DIED:
        return { process, type: 'info', f: 'death', value: extra }
      default:
        throw new Error(`an event of kind ${kind}`)
    }
  }

  private follow(
    { process, kind, group, extra, number }: RecordedEvent,
    partition: Partition,
  ): { value: Partition[]; owned?: Record<Partition, Owned> } {
    const name = `${process} ${group}`
    const owned = this.owned.get(name) ?? new Set()
    this.owned.set(name, owned)
    if (kind === EventKind.GAVE_BACK) {
      owned.delete(partition)
      return { value: [...owned] }
    }
    owned.add(partition)
    return { value: [...owned], owned: { [partition]: { epoch: extra, from: number } } }
  }
}

function sendOf({ kind, partition, extra, number, value }: RecordedEvent): SendMicro {
  const offset = Number.isNaN(number) ? null : number
  const sent = kind === EventKind.SENDS ? value : ([offset, value] as const)
  if (extra === 0) return ['send', String(partition), sent]
  const details: SendDetails = { key: String(extra - 1) }
  return ['send', String(partition), sent, details]
}
