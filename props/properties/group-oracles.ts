/** Oracles over what {@link traceOf} showed: each knows one claim, and nothing of the engine. */
import assert from 'node:assert/strict'
import type { GroupSetting } from './group-script.js'
import { type Delivered, eventsOf, type Handled, type Letter, type Trace } from './group-trace.js'

interface Located {
  readonly partition: number
  readonly offset: number
}

const at = ({ partition, offset }: Located): string => `${partition}/${offset}`

/**
 * Everything that was seen at an offset, with its value. Zombies do not count: nobody holds for
 * them what they read.
 */
function seen(trace: Trace): (Located & { readonly value: string })[] {
  return trace.flatMap((event) => {
    const isSeen =
      event.type === 'sent' ||
      (event.type === 'delivered' && !event.isZombie) ||
      event.type === 'stored' ||
      event.type === 'letter'
    return isSeen ? [event] : []
  })
}

/** Who is alive, or was when it did that, and does not do it for a group that cut it off. */
const counts = (event: { readonly isZombie: boolean }): boolean => !event.isZombie

/** Offsets that a seek has passed over. */
function isPassed(trace: Trace, { partition, offset }: Located): boolean {
  return eventsOf(trace, 'sought').some(
    (seek) => seek.partition === partition && offset >= seek.committed && offset < seek.to,
  )
}

// ------------------------------------------------------------------------------------- the log

export function offsetsAgree(trace: Trace): void {
  const values = new Map<string, string>()
  for (const record of seen(trace)) {
    const known = values.get(at(record)) ?? record.value
    assert.equal(record.value, known, `two values at ${at(record)}`)
    values.set(at(record), record.value)
  }
}

export function nothingIsAppendedTwice(trace: Trace): void {
  const places = new Map<string, string>()
  for (const record of seen(trace)) {
    const known = places.get(record.value) ?? at(record)
    assert.equal(at(record), known, `${record.value} is at two offsets`)
    places.set(record.value, at(record))
  }
}

export function nothingIsInvented(trace: Trace): void {
  const sent = new Map(
    eventsOf(trace, 'sending').map(({ value, partition, key }) => [value, { partition, key }]),
  )
  for (const event of trace) {
    if (event.type !== 'delivered' && event.type !== 'stored' && event.type !== 'letter') continue
    if (event.type === 'delivered' && event.isZombie) continue
    const origin = sent.get(event.value)
    assert.ok(origin, `nobody sent ${event.value}`)
    assert.equal(event.partition, origin.partition)
    if (event.type !== 'stored') assert.equal(event.key, origin.key)
  }
}

export function offsetsRise(trace: Trace): void {
  const highest = new Map<number, number>()
  /** Of each value, when its send began: the highest offset that was known then. */
  const floors = new Map<string, number>()
  const ofProcess = new Map<string, number>()
  for (const event of trace) {
    const { type } = event
    if (type !== 'sending' && type !== 'sent') continue
    const known = highest.get(event.partition) ?? -1
    if (type === 'sending') {
      floors.set(event.value, known)
      continue
    }
    const { offset } = event
    assert.ok(offset > (floors.get(event.value) ?? -1), `${at(event)} is below an earlier send`)
    const own = `${event.process}/${event.partition}`
    assert.ok(offset > (ofProcess.get(own) ?? -1), `${at(event)} is below an earlier one of ${own}`)
    ofProcess.set(own, offset)
    highest.set(event.partition, Math.max(known, offset))
  }
}

export function nothingIsLost(trace: Trace): void {
  const delivered = new Set(eventsOf(trace, 'delivered').filter(counts).map(at))
  const stored = new Map(eventsOf(trace, 'stored').map((record) => [at(record), record.value]))
  const freed = new Map(eventsOf(trace, 'sample').map((one) => [one.partition, one.freed]))
  for (const record of eventsOf(trace, 'sent')) {
    const isGone = record.offset < (freed.get(record.partition) as number)
    if (!isGone) assert.equal(stored.get(at(record)), record.value, `${at(record)} is not there`)
    assert.ok(delivered.has(at(record)) || isPassed(trace, record), `${at(record)} was lost`)
  }
}

// ------------------------------------------------------------------------------------ the group

/** What one owner gets in one epoch. */
interface Session {
  readonly from: number
  last: Delivered | undefined
}

/** Calls `look` for each delivery, with the session of its owner. */
function inSessions(trace: Trace, look: (delivery: Delivered, session: Session) => void): void {
  const sessions = new Map<string, { readonly epoch: number; readonly session: Session }>()
  for (const event of trace) {
    if (event.type === 'assigned') {
      for (const { partition, epoch, from } of event.owned) {
        const id = `${event.member}/${partition}`
        if (sessions.get(id)?.epoch === epoch) continue
        sessions.set(id, { epoch, session: { from, last: undefined } })
      }
    } else if (event.type === 'delivered') {
      const found = sessions.get(`${event.member}/${event.partition}`)
      assert.ok(found, `${event.member} has ${at(event)}, but does not own it`)
      look(event, found.session)
      found.session.last = event
    }
  }
}

export function pollsAreContiguous(trace: Trace): void {
  const records = new Set(seen(trace).map(at))
  inSessions(trace, (delivery, { from, last }) => {
    const { partition, offset } = delivery
    if (last !== undefined && offset === last.offset) {
      assert.equal(delivery.attempt, last.attempt + 1, `${at(delivery)} came twice`)
      return
    }
    const next = last === undefined ? from : last.offset + 1
    assert.ok(offset >= next, `${at(delivery)} came after ${next - 1}`)
    for (let passed = next; passed < offset; passed++) {
      assert.ok(!records.has(at({ partition, offset: passed })), `${passed} was passed over`)
    }
  })
}

export function keysKeepTheirOrder(trace: Trace): void {
  const keys = new Map(eventsOf(trace, 'sending').map(({ value, key }) => [value, key]))
  const records = new Map<string, { offset: number; partition: number; key: string }[]>()
  for (const record of seen(trace)) {
    const key = keys.get(record.value) as string
    records.set(key, [...(records.get(key) ?? []), { ...record, key }])
  }
  const done = new Set<string>()
  for (const event of trace) {
    if (event.type === 'handled') done.add(at(event))
    if (event.type !== 'delivered' || event.isZombie) continue
    for (const earlier of records.get(event.key) ?? []) {
      const isEarlier = earlier.partition === event.partition && earlier.offset < event.offset
      if (!isEarlier || done.has(at(earlier)) || isPassed(trace, earlier)) continue
      assert.fail(`${at(event)} came before ${at(earlier)} of the same key`)
    }
  }
  sendsKeepTheirOrder(trace)
}

function sendsKeepTheirOrder(trace: Trace): void {
  const offsets = new Map(seen(trace).map(({ value, offset }) => [value, offset]))
  const last = new Map<string, number>()
  for (const { process, key, value } of eventsOf(trace, 'sending')) {
    const offset = offsets.get(value)
    if (offset === undefined) continue
    const id = `${process}/${key}`
    assert.ok(offset > (last.get(id) ?? -1), `${value} lies before an earlier one of ${id}`)
    last.set(id, offset)
  }
}

export function committedIsHandled(trace: Trace): void {
  const records = new Map(seen(trace).map((record) => [at(record), record]))
  const handled = new Set<string>()
  const checked = new Map<number, number>()
  for (const event of trace) {
    if (event.type === 'handled' && counts(event)) handled.add(at(event))
    if (event.type === 'sought') checked.set(event.partition, event.to)
    if (event.type !== 'sample') continue
    const { partition, committed } = event
    for (let offset = checked.get(partition) ?? event.freed; offset < committed; offset++) {
      const record = records.get(at({ partition, offset }))
      if (record === undefined || handled.has(at(record)) || isPassed(trace, record)) continue
      assert.fail(`${at(record)} is committed, and nobody has handled it`)
    }
    checked.set(partition, committed)
  }
  for (const { lag } of eventsOf(trace, 'quiet')) assert.ok(lag.every((left) => left === 0))
}

/** Once, once more for each death with the record in hand and each seek before it, no more. */
export function duplicatesAreBounded(trace: Trace): void {
  const spare = new Map<string, number>()
  const failed = new Set<string>()
  const delivered = new Set<string>()
  const grant = (partition: number, from: number, to: number) => {
    for (const record of delivered) {
      const [place, offset] = record.split('/').map(Number) as [number, number]
      if (place !== partition || offset < from || offset >= to) continue
      spare.set(record, (spare.get(record) ?? 0) + 1)
    }
  }
  for (const event of trace) {
    if (event.type === 'takeover') grant(event.partition, event.committed, event.delivered)
    else if (event.type === 'sought') grant(event.partition, event.to, Number.POSITIVE_INFINITY)
    else if (event.type === 'handled' && !event.ok) failed.add(at(event))
    else if (event.type === 'delivered' && counts(event) && !event.isStale) {
      const record = at(event)
      const left = spare.get(record) ?? 0
      if (!delivered.has(record) || failed.has(record)) delivered.add(record)
      else if (left > 0) spare.set(record, left - 1)
      else assert.fail(`${record} was handed over again without a reason`)
    }
  }
}

/**
 * What an owner has handled before it sleeps is committed, so that its death brings none of that
 * again: `takeover` alone would excuse a group that never commits.
 */
export function sleepersHaveCommitted(trace: Trace): void {
  const inHand = new Map<string, Handled>()
  const settled = new Map<string, Handled>()
  const stale = new Set<string>()
  for (const event of trace) {
    const { type } = event
    if (type === 'delivered') {
      if (event.isStale) stale.add(at(event))
      else stale.delete(at(event))
    } else if (type === 'handled') {
      if (event.isFinal && counts(event) && !stale.has(at(event))) inHand.set(at(event), event)
    } else if (type === 'rested') {
      settle(inHand, settled, event.member)
    } else if (type === 'sought') {
      for (const records of [inHand, settled]) forgetPartition(records, event.partition)
    } else if (type === 'sample' || type === 'takeover') {
      checkSettled(settled, event)
    }
  }
}

function settle(from: Map<string, Handled>, to: Map<string, Handled>, member: string): void {
  for (const [place, handled] of from) {
    if (handled.member !== member) continue
    to.set(place, handled)
    from.delete(place)
  }
}

function checkSettled(
  settled: ReadonlyMap<string, Handled>,
  { partition, committed }: { readonly partition: number; readonly committed: number },
): void {
  for (const record of settled.values()) {
    const isCommitted = record.partition !== partition || record.offset < committed
    assert.ok(isCommitted, `${record.member} sleeps, and ${at(record)} is not committed`)
  }
}

function forgetPartition(records: Map<string, Handled>, partition: number): void {
  for (const [place, record] of records) if (record.partition === partition) records.delete(place)
}

export function commitsNeverGoBack(trace: Trace): void {
  const last = new Map<number, number>()
  for (const event of trace) {
    if (event.type === 'sought') last.set(event.partition, event.to)
    if (event.type !== 'sample') continue
    const { partition, committed } = event
    assert.ok(committed >= (last.get(partition) ?? 0), `partition ${partition} went back`)
    last.set(partition, committed)
  }
}

export function positionsAreChained(trace: Trace): void {
  const records = new Set(seen(trace).map(at))
  for (const event of eventsOf(trace, 'sample')) {
    const { partition, freed, committed, delivered, published } = event
    assert.ok(freed <= committed, `${freed} is freed, ${committed} committed`)
    assert.ok(committed <= published, `${committed} is committed, ${published} published`)
    assert.ok(delivered <= published, `${delivered} is delivered, ${published} published`)
    // A commit may cover a gap that nobody is given, and a seek what nobody wants.
    for (let offset = delivered; offset < committed; offset++) {
      const place = { partition, offset }
      if (!records.has(at(place)) || isPassed(trace, place)) continue
      assert.fail(`${offset} is committed, not delivered`)
    }
  }
}

export function zombiesAreFenced(trace: Trace): void {
  for (const { member, before, after } of eventsOf(trace, 'zombie')) {
    assert.deepEqual(after, before, `${member} moved a cursor after its death`)
  }
}

export function ownersAreSingle(trace: Trace): void {
  for (const delivery of eventsOf(trace, 'delivered').filter(counts)) {
    assert.equal(delivery.holder, delivery.member, `${at(delivery)} went to another than its owner`)
  }
}

export function assignmentIsComplete(trace: Trace): void {
  for (const { assigned, alive } of eventsOf(trace, 'assignment')) {
    if (alive.length === 0) continue
    const shares = new Map(alive.map((member) => [member, 0]))
    for (const member of assigned) {
      assert.ok(shares.has(member), `a partition is assigned to ${member}`)
      shares.set(member, (shares.get(member) as number) + 1)
    }
    const sizes = [...shares.values()]
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `shares of ${sizes}`)
  }
  const wanted = eventsOf(trace, 'assignment').at(-1)?.assigned
  for (const { holders, alive } of eventsOf(trace, 'quiet')) {
    for (const member of holders) assert.ok(alive.includes(member), `${member} holds a partition`)
    assert.deepEqual(holders, wanted, 'at rest everybody holds what is assigned to it')
  }
}

export function nobodyIsStuck(trace: Trace): void {
  const [quiet] = eventsOf(trace, 'quiet')
  assert.ok(quiet, 'it never came to rest')
  assert.equal(quiet.waiting, 0, 'sends wait for space that is there')
  assert.deepEqual(
    quiet.lag.filter((left) => left > 0),
    [],
    'records are left',
  )
}

export function deadPublishersLeaveNothingHalf(trace: Trace): void {
  nobodyIsStuck(trace)
  const dead = new Set(eventsOf(trace, 'died').map(({ process }) => process))
  const sent = new Set(eventsOf(trace, 'sent').map(({ value }) => value))
  const values = new Set(seen(trace).map(({ value }) => value))
  const sending = new Set(eventsOf(trace, 'sending').map(({ value }) => value))
  for (const { process, value } of eventsOf(trace, 'sending')) {
    if (!dead.has(process)) assert.ok(sent.has(value), `${process} lives, and ${value} is not sent`)
  }
  for (const value of values) assert.ok(sending.has(value), `${value} is torn`)
}

export function deadLettersAreComplete(trace: Trace, setting: GroupSetting): void {
  const letters = new Map<string, Letter>()
  for (const letter of eventsOf(trace, 'letter')) {
    assert.ok(!letters.has(at(letter)), `${at(letter)} has two dead letters`)
    letters.set(at(letter), letter)
  }
  const keys = new Map(eventsOf(trace, 'sending').map(({ value, key }) => [value, key]))
  const processed = new Set(
    eventsOf(trace, 'handled')
      .filter(({ ok }) => ok)
      .map(at),
  )
  for (const record of eventsOf(trace, 'sent')) {
    const letter = letters.get(at(record))
    assert.equal(letter === undefined, processed.has(at(record)), `what became of ${at(record)}?`)
    if (letter === undefined) continue
    assert.equal(letter.value, record.value)
    assert.equal(letter.key, keys.get(record.value))
    assert.equal(letter.attempts, setting.attempts)
  }
}

export function replayEqualsOriginal(original: Trace, replay: Trace): void {
  const keys = new Map(eventsOf(original, 'sending').map(({ value, key }) => [value, key]))
  const values = new Map(seen(original).map((record) => [at(record), record.value]))
  const again = eventsOf(replay, 'delivered').filter(({ attempt }) => attempt === 1)
  for (const delivery of again) {
    assert.equal(delivery.value, values.get(at(delivery)))
    assert.equal(delivery.key, keys.get(delivery.value))
  }
  const begins = new Map(eventsOf(replay, 'sought').map(({ partition, to }) => [partition, to]))
  const wanted = eventsOf(original, 'stored').filter(
    ({ partition, offset }) => offset >= (begins.get(partition) as number),
  )
  const places = (records: readonly Located[]) => records.map(at).sort()
  assert.deepEqual(places(again), places(wanted))
}
