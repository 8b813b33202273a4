import type { History, Owned } from '../history/history.js'
import { HistoryWriter } from '../history/history-writer.js'
import type { Assigned, Trace, TraceEvent } from './group-trace.js'

const GROUP = { group: 'group' } as const

/** A trace in the format of the history checker, without what zombies do: it does not count. */
export function historyOf(trace: Trace): History {
  const history = new HistoryWriter()
  const told = new Set<string>()
  for (const event of trace) {
    if (event.type === 'sending') {
      const { process, partition, value, key } = event
      // A send of one record is a process of its own: several of one thread may be under way.
      history.sends(`${process} ${value}`, String(partition), [value], { key })
    } else if (event.type === 'sent') {
      const { process, partition, offset, value } = event
      const sent = [['send', String(partition), [offset, value]]] as const
      history.add({ process: `${process} ${value}`, type: 'ok', f: 'send', value: sent })
    } else if (event.type === 'assigned') {
      history.assigned(event.member, ownedOf(event, told), GROUP)
    } else if (event.type === 'delivered' && !event.isZombie) {
      const { member, partition, offset, value, attempt } = event
      history.polled(member, String(partition), [[offset, value]], { ...GROUP, attempt })
    } else if (event.type === 'handled' && !event.isZombie) {
      const { member, partition, offset, isFinal } = event
      // With a failure that is final the group is done, too: whether its dead letter is there, the
      // oracle of dlq-complete sees.
      history.handled(member, String(partition), [offset], isFinal ? 'ok' : 'fail', GROUP)
    } else {
      writeControl(history, event)
    }
  }
  return history.history
}

/** A place is told once: of a partition that the member has kept, it is where it began. */
function ownedOf({ member, owned }: Assigned, told: Set<string>): Record<string, Owned> {
  const places = owned.map(({ partition, epoch, from }) => {
    const id = `${member} ${partition} ${epoch}`
    const place: Owned = told.has(id) ? { epoch } : { epoch, from }
    told.add(id)
    return [String(partition), place] as const
  })
  return Object.fromEntries(places)
}

function writeControl(history: HistoryWriter, event: TraceEvent): void {
  if (event.type === 'sought') {
    history.sought('seeker', String(event.partition), event.to, GROUP)
  } else if (event.type === 'sample') {
    const { partition, committed } = event
    history.committed('observer', String(partition), { offset: committed }, GROUP)
  } else if (event.type === 'died') {
    history.died(event.process)
  }
}
