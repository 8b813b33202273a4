/** Anomalies of a group's cursor: what it covers, who moves it, and where the group goes on. */
import { type Analysis, eachRead, isRecords } from './analysis.js'
import { named, type Report } from './anomalies.js'
import { CommittedFloor } from './committed-floor.js'
import type {
  AssignOperation,
  CommitOperation,
  GapOperation,
  Owned,
  Process,
  RecordsOperation,
} from './history.js'
import type { Track, Tracks } from './tracks.js'

export function checkCursors(analysis: Analysis, tracks: Tracks, report: Report): void {
  const check = new CursorCheck(analysis, tracks, report)
  analysis.history.forEach((op, position) => {
    if (op.group === undefined || op.type !== 'ok') return
    if (op.f === 'assign' || op.f === 'subscribe') check.assign(op, position)
    else if (op.f === 'commit') check.commit(op, position)
    else if (op.f === 'gap') checkGap(tracks, op, report)
    else if (isRecords(op)) check.poll(op, position)
  })
}

interface Assigned extends Owned {
  readonly process: Process
  readonly begin: number
  readonly position: number
}

interface CursorState {
  readonly floor: CommittedFloor
  /** In the order of time. */
  readonly assigned: Assigned[]
  owner: Process | undefined
}

class CursorCheck {
  private readonly analysis: Analysis
  private readonly tracks: Tracks
  private readonly report: Report
  private readonly states = new Map<Track, CursorState>()

  constructor(analysis: Analysis, tracks: Tracks, report: Report) {
    this.analysis = analysis
    this.tracks = tracks
    this.report = report
  }

  assign(op: AssignOperation, position: number): void {
    const kept = new Set(op.value)
    for (const track of this.tracks.ofGroup(op.group)) {
      const state = this.state(track)
      if (!kept.has(track.partition)) {
        if (state.owner === op.process) state.owner = undefined
        continue
      }
      state.owner = op.process
      const begin = this.analysis.begins[position] as number
      const owned = { ...op.owned?.[track.partition], process: op.process, begin, position }
      state.assigned.push(owned)
      const committed = state.floor.before(begin, position)
      if (owned.from !== undefined && owned.from < committed) {
        const why = `begins at ${owned.from}, though ${committed} was committed`
        this.report('order-after-rewind', this.found(track, op, { why, offset: owned.from }))
      }
    }
  }

  commit(op: CommitOperation, position: number): void {
    const begin = this.analysis.begins[position] as number
    for (const [partition, { offset, epoch }] of Object.entries(op.value)) {
      const track = this.tracks.get(op.group, partition)
      const state = this.state(track)
      const why =
        this.whyStale(op.process, epoch, offset, begin, track, state) ??
        whyBack(offset, state.floor.before(begin, position))
      if (why !== undefined) {
        this.report('stale-commit-accepted', this.found(track, op, { why, offset }))
      }
      state.floor.add({ begin, position, offset })
    }
  }

  private whyStale(
    process: Process,
    epoch: number | undefined,
    offset: number,
    begin: number,
    track: Track,
    { assigned }: CursorState,
  ): string | undefined {
    if (epoch === undefined) return undefined
    if ((this.analysis.deaths.get(process) ?? begin) < begin) return `${process} was dead`
    for (let at = assigned.length - 1; at >= 0; at--) {
      const later = assigned[at] as Assigned
      if (later.epoch === undefined) continue
      if (!isNewer(later.epoch, epoch)) break
      if (later.position < begin) return `epoch ${epoch}, though epoch ${later.epoch} had begun`
      // All commits of older epochs came before it, and the cursor only grows.
      if (later.from === undefined || later.from >= offset) continue
      if (track.seeks.some((seek) => seek.end > later.begin)) continue
      return `epoch ${epoch} got to ${offset}, though epoch ${later.epoch} began at ${later.from}`
    }
    return undefined
  }

  /** What is committed does not come again, unless somebody seeks. */
  poll(op: RecordsOperation, position: number): void {
    const begin = this.analysis.begins[position] as number
    if ((this.analysis.deaths.get(op.process) ?? position) < position) return
    eachRead(op, (partition, value, known) => {
      const track = this.tracks.get(op.group, partition)
      const state = this.state(track)
      const offset = known ?? track.facts.order.offsetsOf(value)[0]
      if (offset === undefined) return
      if (state.assigned.length > 0 && state.owner !== op.process) return
      const committed = state.floor.before(begin, position)
      if (offset >= committed) return
      const why = `came again, though ${committed} was committed`
      this.report('order-after-rewind', this.found(track, op, { why, offset, value }))
    })
  }

  private found<D extends object>(
    { group, partition }: Track,
    { process, index }: { readonly process: Process; readonly index: number },
    details: D,
  ): D & { partition: string; process: Process; op: number } {
    return { partition, ...named(group), process, op: index, ...details }
  }

  private state(track: Track): CursorState {
    let state = this.states.get(track)
    if (state === undefined) {
      state = { floor: new CommittedFloor(track.seeks), assigned: [], owner: undefined }
      this.states.set(track, state)
    }
    return state
  }
}

function whyBack(offset: number, committed: number): string | undefined {
  return offset < committed ? `goes back to ${offset} from ${committed}` : undefined
}

/** Epochs are counted in 32 bits, and wrap. */
function isNewer(epoch: number, than: number): boolean {
  return ((epoch - than) | 0) > 0
}

/** A gap counts the records that were in it: those that are known, and perhaps unknown ones. */
function checkGap(tracks: Tracks, op: GapOperation, report: Report): void {
  for (const [partition, { from, to, count }] of Object.entries(op.value)) {
    const { group, facts } = tracks.get(op.group, partition)
    const known = facts.order.indexFrom(to) - facts.order.indexFrom(from)
    let unknown = 0
    for (const [value, sent] of facts.sent) {
      const hasNoPlace = sent.op.type !== 'fail' && facts.order.indexOf(value) === undefined
      if (hasNoPlace) unknown++
    }
    if (count >= known && count <= Math.min(known + unknown, to - from)) continue
    const why = `offsets ${from} to ${to} counted as ${count} records, but ${known} are known`
    report('gap-uncounted', { partition, ...named(group), why, count, op: op.index })
  }
}
