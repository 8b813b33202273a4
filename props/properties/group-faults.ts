/** Defects, as a trace would show them: what each oracle must notice. */
import { eventsOf, type Trace, type TraceEvent } from './group-trace.js'

type Fault = (trace: Trace) => Trace

/** Puts another event in the place of the last one that fits. Without one, nothing changes. */
function alterLast<Type extends TraceEvent['type']>(
  type: Type,
  alter: (event: Extract<TraceEvent, { type: Type }>) => readonly TraceEvent[],
  fits: (event: Extract<TraceEvent, { type: Type }>) => boolean = () => true,
): Fault {
  return (trace) => {
    const found = eventsOf(trace, type).findLast(fits)
    return found === undefined
      ? trace
      : trace.flatMap((event) => (event === found ? alter(found) : [event]))
  }
}

/** Leaves out all events of one kind about the last record that there is one of. */
function without(type: 'delivered' | 'handled' | 'stored'): Fault {
  return (trace) => {
    const last = eventsOf(trace, type).at(-1)
    return trace.filter(
      (event) =>
        event.type !== type || event.partition !== last?.partition || event.offset !== last.offset,
    )
  }
}

/** Two records of one key change places on their way to the handler. */
const swapped: Fault = (trace) => {
  const deliveries = eventsOf(trace, 'delivered').filter(({ isZombie }) => !isZombie)
  for (const [index, first] of deliveries.entries()) {
    const second = deliveries
      .slice(index + 1)
      .find(({ key, offset }) => key === first.key && offset > first.offset)
    if (second === undefined) continue
    const at = trace.indexOf(first)
    const rest = trace.filter((event) => event !== second)
    return [...rest.slice(0, at), second, ...rest.slice(at)]
  }
  return trace
}

/** Of the last owner that got three records or more, the second to last one. */
const skipped: Fault = (trace) => {
  const deliveries = eventsOf(trace, 'delivered')
  for (let index = deliveries.length - 1; index > 1; index--) {
    const [before, middle, after] = deliveries.slice(index - 2, index + 1)
    const places = [before, middle, after].map((one) => `${one?.member}/${one?.partition}`)
    const isRow = new Set(places).size === 1 && middle?.attempt === 1 && after?.attempt === 1
    const rises = (before?.offset ?? 0) < (middle?.offset ?? 0)
    if (isRow && rises) return trace.filter((event) => event !== middle)
  }
  return trace
}

const FREE_OFFSET = 2 ** 40

const FAULTS = {
  'two records of a key are swapped': swapped,
  'a record is not delivered': without('delivered'),
  'a record is gone from the log': without('stored'),
  'a value is torn': alterLast('delivered', (event) => [{ ...event, value: `${event.value}?` }]),
  'a send is told another offset': alterLast('sent', (event) => [
    { ...event, offset: event.offset - 1 },
  ]),
  'a record is in the log twice': alterLast('stored', (event) => [
    event,
    { ...event, offset: FREE_OFFSET },
  ]),
  'a send is put before an earlier one': alterLast('sent', (event) => [{ ...event, offset: -1 }]),
  'a poll skips a record': skipped,
  'a commit runs ahead of the handler': without('handled'),
  'a record comes again for nothing': alterLast(
    'delivered',
    (event) => [event, event],
    ({ isZombie, attempt }) => !isZombie && attempt === 1,
  ),
  'a commit goes back': alterLast('sample', (event) => [
    event,
    { ...event, committed: event.committed - 1 },
  ]),
  'records are freed before their commit': alterLast('sample', (event) => [
    { ...event, freed: event.committed + 1 },
  ]),
  'a zombie commits': alterLast('zombie', (event) => [{ ...event, after: [] }]),
  'two members own a partition': alterLast('delivered', (event) => [
    { ...event, holder: 'member 99', isZombie: false },
  ]),
  'a partition is assigned to nobody': alterLast('assignment', (event) => [
    { ...event, assigned: ['member 0', ...event.assigned.slice(1)] },
  ]),
  'a send waits for ever': alterLast('quiet', (event) => [{ ...event, waiting: 1 }]),
  'half a record is published': alterLast('stored', (event) => [
    { ...event, value: event.value.slice(0, -1) },
  ]),
  'a dead letter is altered': alterLast('letter', (event) => [
    { ...event, value: `${event.value}?` },
  ]),
  'a dead letter is missing': alterLast('letter', () => []),
} as const satisfies Readonly<Record<string, Fault>>

export type FaultName = keyof typeof FAULTS

/** The trace as the engine would have shown it with that defect. */
export function withFault(trace: Trace, fault: string | undefined): Trace {
  return fault === undefined ? trace : FAULTS[fault as FaultName](trace)
}
