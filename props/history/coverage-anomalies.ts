/** Anomalies of completeness: what a group must have had before its cursor passes it. */
import { type Analysis, eachRead, isRecords } from './analysis.js'
import { named, type Report } from './anomalies.js'
import type { CommitOperation, OffsetsOperation, RecordsOperation, Value } from './history.js'
import { isPassedBySeek, isSettledOtherwise, type Track, type Tracks } from './tracks.js'
import { SKIPPED_MAX } from './version-order.js'

export function checkCoverage(
  analysis: Analysis,
  tracks: Tracks,
  isDrained: boolean,
  report: Report,
): void {
  const check = new Coverage(tracks, report)
  analysis.history.forEach((op, position) => {
    if (op.group === undefined || op.type !== 'ok') return
    if (op.f === 'assign' || op.f === 'subscribe') {
      for (const [partition, { from }] of Object.entries(op.owned ?? {})) {
        if (from !== undefined) check.begin(tracks.get(op.group, partition), from)
      }
    } else if (op.f === 'commit') check.commit(op, position)
    else if (op.f === 'handle') check.handle(op)
    else if (isRecords(op)) check.poll(op)
  })
  check.finish(isDrained)
}

/** What one group had of one partition. */
interface Had {
  /** Where it began: of what lies before, nothing is asked. */
  start: number
  /** All before it was looked at when it was committed. */
  checked: number
  end: number
  readonly polled: Set<number>
  readonly handled: Set<number>
}

class Coverage {
  private readonly tracks: Tracks
  private readonly report: Report
  private readonly had = new Map<Track, Had>()

  constructor(tracks: Tracks, report: Report) {
    this.tracks = tracks
    this.report = report
  }

  begin(track: Track, offset: number): void {
    const had = this.of(track)
    had.start = Math.min(had.start, offset)
  }

  poll(op: RecordsOperation): void {
    eachRead(op, (partition, value, known) => {
      const track = this.tracks.get(op.group, partition)
      const offset = known ?? track.facts.order.offsetsOf(value)[0]
      if (offset === undefined) return
      const had = this.of(track)
      had.polled.add(offset)
      had.start = Math.min(had.start, offset)
      had.end = Math.max(had.end, offset)
    })
  }

  handle(op: OffsetsOperation): void {
    for (const [partition, offsets] of Object.entries(op.value)) {
      const { handled } = this.of(this.tracks.get(op.group, partition))
      for (const offset of offsets) handled.add(offset)
    }
  }

  /** Whatever a commit covers is finished with by then. */
  commit(op: CommitOperation, position: number): void {
    for (const [partition, { offset }] of Object.entries(op.value)) {
      const track = this.tracks.get(op.group, partition)
      const had = this.of(track)
      const done = this.tracks.groupsWithHandles.has(op.group) ? had.handled : had.polled
      const from = Math.max(had.start, had.checked)
      had.checked = Math.max(had.checked, offset)
      if (had.start === Infinity) continue
      had.end = Math.max(had.end, offset)
      const open = this.without(track, from, offset, done, position)
      if (open.length === 0) continue
      const why = `a commit to ${offset} by ${op.process} covers what was not done`
      this.tell('commit-before-handled', track, open, { why, op: op.index })
    }
  }

  finish(isDrained: boolean): void {
    for (const [track, { start, end, polled }] of this.had) {
      if (start === Infinity) continue
      const passed = this.without(track, start, end, polled, Infinity)
      if (passed.length > 0) this.tell('gap-uncounted', track, passed, { why: 'never handed over' })
      if (!isDrained) continue
      const rest = this.without(track, end + 1, Infinity, polled, Infinity)
      const unseen = rest.filter((offset) => this.isAcknowledged(track, offset))
      if (unseen.length > 0) this.tell('unseen', track, unseen, {})
    }
  }

  private isAcknowledged({ facts }: Track, offset: number): boolean {
    return facts.order.valuesAt(offset).some((value) => facts.sent.get(value)?.op.type === 'ok')
  }

  /** Known offsets of a range that are not among those and that nothing excuses. */
  private without(
    track: Track,
    from: number,
    to: number,
    done: ReadonlySet<number>,
    position: number,
  ): number[] {
    const { order } = track.facts
    const missing: number[] = []
    for (let index = order.indexFrom(from); index < order.length; index++) {
      const offset = order.offset(index)
      if (offset >= to) break
      if (done.has(offset) || isSettledOtherwise(track, offset)) continue
      if (!isPassedBySeek(track, offset, position)) missing.push(offset)
    }
    return missing
  }

  private tell(
    name: 'commit-before-handled' | 'gap-uncounted' | 'unseen',
    { group, partition, facts }: Track,
    offsets: readonly number[],
    details: { readonly why?: string; readonly op?: number },
  ): void {
    const told = offsets.slice(0, SKIPPED_MAX)
    const values = told.flatMap((offset): Value[] => facts.order.valuesAt(offset))
    const count = offsets.length
    this.report(name, { partition, ...named(group), count, offsets: told, values, ...details })
  }

  private of(track: Track): Had {
    let had = this.had.get(track)
    if (had === undefined) {
      had = { start: Infinity, checked: 0, end: -1, polled: new Set(), handled: new Set() }
      this.had.set(track, had)
    }
    return had
  }
}
