/** Anomalies of single records of a group: order within a key, attempts, dead letters, times. */
import { type Analysis, eachRead, isRecords, type Sent } from './analysis.js'
import { named, type Report } from './anomalies.js'
import type { OffsetsOperation, Process, RecordsOperation, Value } from './history.js'
import { isPassedBySeek, isSettledOtherwise, type Track, type Tracks } from './tracks.js'

export function checkRecords(analysis: Analysis, tracks: Tracks, report: Report): void {
  const check = new RecordCheck(analysis, tracks, report)
  analysis.history.forEach((op, position) => {
    if (isRecords(op) && op.type === 'ok') check.poll(op, position)
    else if (op.group === undefined) return
    else if (op.f === 'handle') check.handle(op, position)
    else if (op.f === 'dead-letter' && op.type === 'ok') check.bury(op, position)
    else if (op.f === 'peek' && op.type === 'ok') check.peek(op)
  })
}

/** What became of one record in one group. */
interface RecordState {
  poller: Process
  /** Operation of the newest hand-over. */
  polledBy: RecordsOperation
  /** How the newest hand-over to that process ended. */
  result: 'open' | 'done' | 'failed'
  /** Errors of its handler since it succeeded last that were noticed for sure. */
  failures: number
  /** Position of the dead letter. */
  buried: number | undefined
}

/** What one group does with one partition. */
interface GroupRecords {
  readonly byOffset: Map<number, RecordState>
  /** Of each key: the highest offset that was handed over, and those that are not finished with. */
  readonly keys: Map<string, { highest: number; readonly open: Set<number> }>
  readonly letters: Set<number>
}

class RecordCheck {
  private readonly analysis: Analysis
  private readonly tracks: Tracks
  private readonly report: Report
  private readonly groups = new Map<Track, GroupRecords>()

  constructor(analysis: Analysis, tracks: Tracks, report: Report) {
    this.analysis = analysis
    this.tracks = tracks
    this.report = report
  }

  poll(op: RecordsOperation, position: number): void {
    eachRead(op, (partition, value, known) => {
      const track = this.tracks.get(op.group, partition)
      const sent = track.facts.sent.get(value)
      this.checkTimes(track, op, value, sent)
      const offset = known ?? track.facts.order.offsetsOf(value)[0]
      if (op.group === undefined || offset === undefined) return
      const records = this.of(track)
      this.checkAgain(track, records, op, offset, value, position)
      const key = sent?.details?.key
      if (key !== undefined) this.checkKey(track, records, op, offset, key, position)
      const state = records.byOffset.get(offset)
      records.byOffset.set(offset, {
        poller: op.process,
        polledBy: op,
        result: 'open',
        failures: state?.failures ?? 0,
        buried: undefined,
      })
    })
  }

  private checkTimes(
    track: Track,
    op: RecordsOperation,
    value: Value,
    sent: Sent | undefined,
  ): void {
    const { notBeforeMs = -Infinity, expiresMs = Infinity } = sent?.details ?? {}
    const { timeMs } = op
    if (timeMs === undefined) return
    const found = { ...place(track), value, op: op.index }
    if (timeMs < notBeforeMs) {
      this.report('early-delivery', { ...found, why: `at ${timeMs}, not before ${notBeforeMs}` })
    }
    if (timeMs >= expiresMs) {
      this.report('expired-delivered', { ...found, why: `at ${timeMs}, expired at ${expiresMs}` })
    }
  }

  /** A record that was handed over before. */
  private checkAgain(
    track: Track,
    { byOffset }: GroupRecords,
    op: RecordsOperation,
    offset: number,
    value: Value,
    position: number,
  ): void {
    const state = byOffset.get(offset)
    if (state === undefined) return
    const found = { ...place(track), offset, value, op: op.index }
    const isFenced = (this.analysis.deaths.get(op.process) ?? position) < position
    if (state.buried !== undefined && !isFenced && !mayBeRewound(track, offset, position)) {
      this.report('dlq-and-processed', { ...found, why: 'handed over after it was a dead letter' })
    }
    if (op.attempt === undefined || mayBeRewound(track, offset, position)) return
    const isFirst = readsOf(op)[0] === value
    if (isFirst && op.attempt <= state.failures) {
      const why = `attempt ${op.attempt} after ${state.failures} that failed`
      this.report('count-lost-on-crash', { ...found, why })
    }
  }

  private checkKey(
    track: Track,
    { keys, byOffset }: GroupRecords,
    op: RecordsOperation,
    offset: number,
    key: string,
    position: number,
  ): void {
    let seen = keys.get(key)
    if (seen === undefined) {
      seen = { highest: -1, open: new Set() }
      keys.set(key, seen)
    }
    const found = { ...place(track), offset, process: op.process, op: op.index }
    // A seek may have passed it, or go back to what was given up without a hand-over.
    const isSought = track.seeks.some(({ begin }) => begin < position)
    if (offset < seen.highest && !byOffset.has(offset) && !isSought) {
      const why = `after offset ${seen.highest} of the same key ${key}`
      this.report('key-order-violation', { ...found, why })
    }
    for (const open of seen.open) {
      if (open >= offset || byOffset.get(open)?.polledBy === op) continue
      if (isSettledOtherwise(track, open) || isPassedBySeek(track, open, position)) continue
      const why = `while offset ${open} of the same key ${key} was not finished with`
      this.report('key-order-violation', { ...found, why })
    }
    seen.highest = Math.max(seen.highest, offset)
    if (this.tracks.groupsWithHandles.has(op.group)) seen.open.add(offset)
  }

  handle(op: OffsetsOperation, position: number): void {
    if (op.type === 'invoke' || op.type === 'info') return
    this.each(op, (track, records, offset) => {
      const state = records.byOffset.get(offset)
      if (state === undefined) return
      if (op.type === 'fail' && this.wasNoticed(op.process, position)) state.failures++
      if (state.poller === op.process) state.result = op.type === 'ok' ? 'done' : 'failed'
      if (op.type !== 'ok') return
      // What succeeded, and comes again because that was not committed, begins anew.
      state.failures = 0
      this.closeKey(track, records, offset)
    })
  }

  /** A process that did nothing more may have died with the error on its way. */
  private wasNoticed(process: Process, position: number): boolean {
    return (this.analysis.ends.get(process) ?? 0) > position
  }

  private closeKey(track: Track, { keys }: GroupRecords, offset: number): void {
    for (const value of track.facts.order.valuesAt(offset)) {
      const key = track.facts.sent.get(value)?.details?.key
      if (key !== undefined) keys.get(key)?.open.delete(offset)
    }
  }

  bury(op: OffsetsOperation, position: number): void {
    const begin = this.analysis.begins[position] as number
    this.each(op, (track, { byOffset }, offset) => {
      const state = byOffset.get(offset)
      const found = { ...place(track), offset, op: op.index }
      const isRewound = mayBeRewound(track, offset, begin)
      if (state?.result === 'done' && state.poller === op.process && !isRewound) {
        this.report('dlq-and-processed', { ...found, why: 'processed, then a dead letter' })
      }
      if (state?.buried !== undefined && !isRewound) {
        this.report('dlq-and-processed', { ...found, why: 'two dead letters' })
      }
      if (state !== undefined) state.buried = position
    })
  }

  /** At last: whoever processed a record last did not give it up as well. */
  peek(op: OffsetsOperation): void {
    this.each(op, (track, { byOffset, letters }, offset) => {
      const found = { ...place(track), offset, op: op.index }
      const state = byOffset.get(offset)
      const isRewound = mayBeRewound(track, offset, Infinity)
      if (state?.result === 'done' && !isRewound && !this.mayExpire(track, offset, state.poller)) {
        this.report('dlq-and-processed', { ...found, why: 'processed, and a dead letter' })
      }
      if (letters.has(offset) && !isRewound) {
        this.report('dlq-and-processed', { ...found, why: 'two dead letters' })
      }
      letters.add(offset)
    })
  }

  /** What a dead process had not committed may be found to have expired by the next owner. */
  private mayExpire({ facts }: Track, offset: number, poller: Process): boolean {
    if (!this.analysis.deaths.has(poller)) return false
    return facts.order
      .valuesAt(offset)
      .some((value) => facts.sent.get(value)?.details?.expiresMs !== undefined)
  }

  private each(
    op: OffsetsOperation,
    visit: (track: Track, records: GroupRecords, offset: number) => void,
  ): void {
    for (const [partition, offsets] of Object.entries(op.value)) {
      const track = this.tracks.get(op.group, partition)
      for (const offset of offsets) visit(track, this.of(track), offset)
    }
  }

  private of(track: Track): GroupRecords {
    let records = this.groups.get(track)
    if (records === undefined) {
      records = { byOffset: new Map(), keys: new Map(), letters: new Set() }
      this.groups.set(track, records)
    }
    return records
  }
}

function place({ group, partition }: Track): { partition: string; group?: string } {
  return { partition, ...named(group) }
}

/** Whether a seek that had begun may have gone back to an offset, or before it. */
function mayBeRewound({ seeks }: Track, offset: number, position: number): boolean {
  return seeks.some(({ begin, target }) => begin < position && (target ?? -1) <= offset)
}

function readsOf(op: RecordsOperation): Value[] {
  const values: Value[] = []
  eachRead(op, (_partition, value) => {
    values.push(value)
  })
  return values
}
