/**
 * Anomalies of order: what one process polls follows the log, while it keeps its partition.
 *
 * Ownership is what `assign` says. A group with a name that notes no `assign` has one owner for a
 * partition at a time: there, a poll of another process means that the partition changed hands.
 */
import { type Analysis, eachRead, isRecords } from './analysis.js'
import { named, type Report } from './anomalies.js'
import type {
  AssignOperation,
  OffsetsOperation,
  Partition,
  Process,
  RecordsOperation,
  Value,
} from './history.js'
import { owesNone, type Seek, type Track, type Tracks } from './tracks.js'
import { SKIPPED_MAX } from './version-order.js'

export function checkPollOrder(analysis: Analysis, tracks: Tracks, report: Report): void {
  const check = new PollOrder(tracks, report)
  analysis.history.forEach((op, position) => {
    if (op.f === 'assign' || op.f === 'subscribe') check.assign(op, position)
    else if (op.f === 'handle' && op.type === 'fail') check.fail(op)
    else if (isRecords(op) && op.type !== 'invoke') check.poll(op, position)
  })
}

interface LastPoll {
  readonly op: RecordsOperation
  readonly value: Value
}

/** Where a process is in one partition. */
interface Place {
  last: LastPoll | undefined
  /** Offset at which it was to begin, until it has. */
  from: number | undefined
  /** Offsets whose handler threw since: one of them comes again. */
  failed: readonly number[]
  /** Seeks that it has followed. */
  readonly followed: Set<Seek>
}

/** What a process polls of one partition. */
interface Poll {
  readonly op: RecordsOperation
  readonly position: number
  readonly track: Track
  readonly place: Place
}

class PollOrder {
  private readonly tracks: Tracks
  private readonly report: Report
  private readonly places = new Map<Track, Map<Process, Place>>()
  private readonly lastPoller = new Map<Track, Process>()
  private readonly groupsWithAssigns = new Set<string | undefined>()

  constructor(tracks: Tracks, report: Report) {
    this.tracks = tracks
    this.report = report
  }

  assign({ process, group, type, value, owned }: AssignOperation, position: number): void {
    if (type === 'invoke' || type === 'fail') return
    this.groupsWithAssigns.add(group)
    const kept = new Set(value)
    for (const track of this.tracks.ofGroup(group)) {
      const from = owned?.[track.partition]?.from
      if (!kept.has(track.partition)) this.places.get(track)?.delete(process)
      else if (from !== undefined) {
        const place = this.place(track, process)
        place.last = undefined
        place.from = from
        place.failed = []
        for (const seek of seeksBefore(track, position)) place.followed.add(seek)
      }
    }
  }

  fail({ process, group, value }: OffsetsOperation): void {
    for (const [partition, offsets] of Object.entries(value)) {
      this.place(this.tracks.get(group, partition), process).failed = offsets
    }
  }

  poll(op: RecordsOperation, position: number): void {
    for (const [partition, values] of valuesRead(op)) {
      const track = this.tracks.get(op.group, partition)
      this.followTakeover(track, op.process)
      const place = this.place(track, op.process)
      const poll: Poll = { op, position, track, place }
      const first = values[0] as Value
      if (place.last !== undefined) this.checkNext(poll, place.last, first)
      else if (place.from !== undefined) this.checkBeginning(poll, place.from, first)
      for (let at = 1; at < values.length; at++) {
        this.checkInside(poll, values[at - 1] as Value, values[at] as Value)
      }
      if (op.type !== 'ok') continue
      place.last = { op, value: values.at(-1) as Value }
      place.from = undefined
      place.failed = []
    }
  }

  /** Where nobody says who owns what, a poll of another process says it. */
  private followTakeover(track: Track, process: Process): void {
    if (track.group === undefined || this.groupsWithAssigns.has(track.group)) return
    const before = this.lastPoller.get(track)
    if (before !== process && before !== undefined) this.places.get(track)?.clear()
    this.lastPoller.set(track, process)
  }

  private checkNext(poll: Poll, last: LastPoll, first: Value): void {
    const { op, track, place } = poll
    const delta = track.facts.order.steps(last.value, first) ?? 1
    if (delta === 1 || isRetry(poll, delta, first) || this.isExcused(poll, last.value, first))
      return
    const { group, partition, facts } = track
    const found = { partition, ...named(group), delta, ops: [last.op.index, op.index] }
    const { process } = op
    if (place.followed.size < seeksBefore(track, poll.position).length) {
      const why = 'neither the next record, nor the one that a seek asked for'
      this.report('order-after-rewind', { ...found, process, why, values: [last.value, first] })
    } else if (delta < 1) {
      this.report('nonmonotonic-poll', { ...found, values: [last.value, first] })
    } else {
      const skipped = facts.order.between(last.value, first, SKIPPED_MAX)
      this.report('poll-skip', { ...found, skipped })
    }
  }

  /** After a takeover comes the first record that there is from the place on. */
  private checkBeginning(poll: Poll, from: number, first: Value): void {
    const { order } = poll.track.facts
    const [expected, found] = [order.indexFrom(from), order.indexOf(first)]
    if (found === undefined || found === expected) return
    if (expected < found && owesNone(poll.track, expected, found)) return
    const { group, partition } = poll.track
    const { process, index } = poll.op
    const why = `took over from offset ${from}, began at ${order.offset(found)}`
    this.report('order-after-rewind', { partition, ...named(group), process, why, op: index })
  }

  private checkInside(poll: Poll, from: Value, to: Value): void {
    const { group, partition, facts } = poll.track
    const delta = facts.order.steps(from, to) ?? 1
    if (delta === 1 || this.isExcused(poll, from, to)) return
    const found = { partition, ...named(group), values: [from, to], delta, op: poll.op.index }
    if (delta < 1) this.report('int-nonmonotonic-poll', found)
    else {
      const skipped = facts.order.between(from, to, SKIPPED_MAX)
      this.report('int-poll-skip', { ...found, skipped })
    }
  }

  /** Nothing between is owed, or a seek asked for this. */
  private isExcused(poll: Poll, from: Value, to: Value): boolean {
    const { order } = poll.track.facts
    const [first, second] = [order.indexOf(from), order.indexOf(to)]
    if (first === undefined || second === undefined) return true
    if (first < second && owesNone(poll.track, first + 1, second)) return true
    return this.followsSeek(poll, second)
  }

  /** Takes the first seek that fits; those before it were overtaken. */
  private followsSeek(poll: Poll, index: number): boolean {
    const { track, place } = poll
    const seeks = seeksBefore(track, poll.position)
    const fits = seeks.findIndex((seek) => {
      if (place.followed.has(seek)) return false
      return seek.target === undefined || track.facts.order.indexFrom(seek.target) === index
    })
    for (const seek of seeks.slice(0, fits + 1)) place.followed.add(seek)
    return fits >= 0
  }

  private place(track: Track, process: Process): Place {
    let places = this.places.get(track)
    if (places === undefined) {
      places = new Map()
      this.places.set(track, places)
    }
    let place = places.get(process)
    if (place === undefined) {
      place = { last: undefined, from: undefined, failed: [], followed: new Set() }
      places.set(process, place)
    }
    return place
  }
}

/** A record whose handler threw comes again, unless it was given up: then the next one does. */
function isRetry({ op, track, place }: Poll, delta: number, value: Value): boolean {
  if (delta === 0 && (op.attempt ?? 1) > 1) return true
  const index = track.facts.order.indexOf(value) ?? -1
  return place.failed.some((offset) => {
    const failed = track.facts.order.indexFrom(offset)
    return failed <= index && owesNone(track, failed, index)
  })
}

/** Those that can have had an effect before this position. */
function seeksBefore(track: Track, position: number): readonly Seek[] {
  const { seeks } = track
  if (seeks.length === 0) return seeks
  const end = seeks.findIndex(({ begin }) => begin >= position)
  return end < 0 ? seeks : seeks.slice(0, end)
}

function valuesRead(op: RecordsOperation): Map<Partition, Value[]> {
  const values = new Map<Partition, Value[]>()
  eachRead(op, (partition, value) => {
    const list = values.get(partition)
    if (list === undefined) values.set(partition, [value])
    else list.push(value)
  })
  return values
}
