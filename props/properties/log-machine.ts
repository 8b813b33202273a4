import assert from 'node:assert/strict'
import * as cursor from '../../core/group/cursor.js'
import { Appender } from '../../core/log/appender.js'
import {
  findTimestamp,
  heldPlace,
  pinOldest,
  placeReader,
  tryPinOffset,
  unpin,
} from '../../core/log/finder.js'
import { Death, die, frameOf, SteppedLog, valueText } from '../../core/log/frames.test.helper.js'
import { countGaps } from '../../core/log/gaps.js'
import * as layout from '../../core/log/layout.js'
import { type LogGeometry, PartitionLog } from '../../core/log/partition-log.js'
import { Reader } from '../../core/log/reader.js'
import { repairLog } from '../../core/log/repair.js'
import { type Place, readTail } from '../../core/log/tail.js'
import * as memory from '../../core/memory.js'
import { ThreadTable } from '../../core/thread-table.js'
import type { Action, Setting, Stop } from './log-script.js'

/** A record as the model knows it: the log is an array of these. */
interface ModelRecord {
  readonly value: string
  readonly timestamp: number
}

const GROUPS_MAX = 6

/** An offset that a dead thread had claimed. */
const GAP = Symbol('gap')

interface Producer {
  slot: number
  view: SteppedLog
  appender: Appender
  isBusy: boolean
}

interface Group {
  readonly gate: number
  epoch: number
  committed: number
  /** Of the frame that was read last. */
  held: number
  /** Behind the last record that was read. */
  position: number
  readonly view: SteppedLog
  readonly reader: Reader
  isBusy: boolean
}

/**
 * Runs a script on a log, all threads in one, and holds everything that is seen against an array.
 *
 * A thread that stops in the middle of an append or a read lets the others run and goes on later:
 * all interleavings in which whoever began last is the first to end.
 */
export class LogMachine {
  private readonly log: PartitionLog
  private readonly table = ThreadTable.create()
  private readonly start: number
  private readonly model = new Map<number, ModelRecord | typeof GAP>()
  private readonly producers: Producer[] = []
  private readonly groups: Group[] = []
  /** Slots of the dead whose traces are still in the log, with the offsets that they claimed. */
  private readonly unrepaired = new Map<number, readonly number[]>()
  private readonly monitor: Appender
  private readonly seeker: number
  private readonly pinner: number
  private readonly searcher: number
  private isSeeking = false
  private pinned: number | undefined
  private appended = 0
  /** How many threads have stopped inside of each other's actions. */
  private depth = 0
  private now = 1_000
  /** Offsets of calls that have returned: a call that begins later gets a higher one. */
  private highestReturned = -1
  /** What has happened at least once, so that a test can tell what its scripts reach. */
  readonly marks = new Set<string>()
  /** What the threads saw, with positions and offsets relative to the start. */
  readonly observations: unknown[] = []

  constructor(setting: Setting, from: Pick<LogGeometry, 'startPosition' | 'startOffset'> = {}) {
    this.log = PartitionLog.create({ ...setting, ...from })
    this.start = from.startOffset ?? 0
    const { position, offset } = readTail(this.log)
    for (let number = 0; number < setting.threads; number++)
      this.producers.push(this.createProducer())
    for (let group = 0; group < setting.groups; group++) this.addGroup(position, offset)
    this.monitor = new Appender(this.log, this.table, this.table.takeSlot())
    this.seeker = this.table.takeSlot()
    this.pinner = this.table.takeSlot()
    this.searcher = this.table.takeSlot()
  }

  private createProducer(): Producer {
    const view = SteppedLog.of(this.log)
    const slot = this.table.takeSlot()
    return { slot, view, appender: new Appender(view, this.table, slot), isBusy: false }
  }

  private addGroup(position: number, offset: number): void {
    const gate = this.groups.length
    cursor.activateGate(this.log, gate, offset)
    const { epoch, committed } = cursor.acquire(this.log, gate, gate + 1) as cursor.Ownership
    assert.equal(committed, offset)
    const view = SteppedLog.of(this.log)
    const reader = new Reader(view, position, offset)
    const held = offset
    this.groups.push({
      gate,
      epoch,
      committed,
      held,
      position: offset,
      view,
      reader,
      isBusy: false,
    })
  }

  /** A defect, for those who want to see it noticed: nobody asks the groups before recycling. */
  forgetGroups(): void {
    for (const { gate } of this.groups) cursor.deactivateGate(this.log, this.table, gate)
  }

  run(script: readonly Action[]): void {
    for (const action of script) {
      this.act(action)
      this.checkContent()
    }
  }

  private act(action: Action): void {
    if (action.type === 'append')
      this.append(action.thread, action.records, action.granules, action.stop)
    else if (action.type === 'die') this.die(action.thread, action.step)
    else if (action.type === 'repair') this.repair()
    else if (action.type === 'read') this.read(action.group, action.frames, action.stop)
    else if (action.type === 'commit') this.commit(action.group)
    else if (action.type === 'seek') this.seek(action.group, action.place)
    else if (action.type === 'pin') this.pin(action.place)
    else if (action.type === 'unpin') this.unpin()
    else if (action.type === 'join') this.join()
    else if (action.type === 'find offset') this.findOffset(action.place, action.stop)
    else this.findTime(action.place, action.stop)
  }

  private observe(what: string, ...details: readonly unknown[]): void {
    this.observations.push([what, ...details])
  }

  private sometimes(what: string, happened = true): void {
    if (happened) this.marks.add(what)
  }

  private relative(offset: number): number {
    return offset - this.start
  }

  // -------------------------------------------------------------------------------------- append

  /** The holder sleeps further up the stack, or is dead: whoever needs the lease would spin. */
  private get isLeaseTaken(): boolean {
    return memory.load(this.log.words, layout.LEASE_WORD) !== 0
  }

  private append(index: number, records: number, granules: number, stop: Stop | undefined): void {
    const producer = this.producers[index % this.producers.length] as Producer
    if (producer.isBusy || this.isLeaseTaken) return
    const { view, appender } = producer
    const content = this.createFrame(records, granules)
    const floor = this.highestReturned
    const mayBeRefused = this.mayBeFull()
    producer.isBusy = true
    this.stopAt(view, stop)
    const endBefore = this.monitor.endOffset()
    const done = appender.append(content.frame)
    view.release()
    producer.isBusy = false
    const others = this.monitor.endOffset() - endBefore
    this.sometimes('slept for a lap', others > this.log.capacityGranules)
    this.sometimes('full', !done)
    this.observe('append', done, done ? this.relative(appender.claimedOffset) : undefined)
    if (!done) {
      assert.ok(stop !== undefined || mayBeRefused, 'a log with room takes a frame')
      return
    }
    assert.ok(appender.claimedOffset > floor, 'calls that do not overlap get rising offsets')
    this.note(appender.claimedOffset, content.records)
  }

  /** An append has returned. */
  private note(offset: number, records: readonly ModelRecord[]): void {
    this.highestReturned = Math.max(this.highestReturned, offset + records.length - 1)
    records.forEach((record, number) => {
      assert.equal(this.model.has(offset + number), false, 'an offset is given once')
      this.model.set(offset + number, record)
    })
  }

  private createFrame(
    records: number,
    granules: number,
  ): { records: ModelRecord[]; frame: ReturnType<typeof frameOf> } {
    const { segmentGranules } = this.log
    const count = segmentGranules === 1 ? 1 : records
    const fitting = Math.min(granules, segmentGranules)
    this.now++
    const created: ModelRecord[] = []
    for (let number = 0; number < count; number++) {
      created.push({ value: `r${this.appended++}`, timestamp: this.now })
    }
    return {
      records: created,
      frame: frameOf(
        created.map(({ value }) => ({ value })),
        this.now,
        fitting,
      ),
    }
  }

  private stopAt(view: SteppedLog, stop: Stop | undefined): void {
    if (stop === undefined) return
    view.before('any', stop.step, () => {
      this.depth++
      for (const action of stop.meanwhile) this.act(action)
      this.depth--
    })
  }

  /**
   * Whether something may hold the oldest segment: a claim, a pin, or a gate in it or at its end.
   * Only then a frame may be refused.
   */
  private mayBeFull(): boolean {
    if (this.unrepaired.size > 0 || this.pinned !== undefined || this.isSeeking) return true
    if (this.producers.some(({ isBusy }) => isBusy)) return true
    const oldest = pinOldest(this.log, this.table, this.seeker)
    unpin(this.log, this.table, this.seeker)
    const next = (oldest.position + this.log.segmentGranules) | 0
    const end = this.log.isOpen(next) ? this.log.segmentOffset(this.log.segmentOf(next)) : undefined
    return this.groups.some(
      (group) => end === undefined || Math.min(group.committed, group.held) <= end,
    )
  }

  // --------------------------------------------------------------------------------------- death

  /** The thread dies before a step of an append; another one takes its place. */
  private die(index: number, step: number): void {
    const number = index % this.producers.length
    const producer = this.producers[number] as Producer
    if (producer.isBusy || this.isLeaseTaken) return
    const before = this.monitor.endOffset()
    const content = this.createFrame(2, 2)
    producer.view.before('any', step, die)
    try {
      // If it comes to an end before that step, it dies of something else afterwards.
      if (producer.appender.append(content.frame)) this.note(before, content.records)
      producer.view.release()
    } catch (error) {
      if (!(error instanceof Death)) throw error
    }
    const offsets: number[] = []
    for (let offset = before; offset < this.monitor.endOffset(); offset++) {
      if (!this.model.has(offset)) offsets.push(offset)
    }
    for (const offset of offsets) this.model.set(offset, GAP)
    this.unrepaired.set(producer.slot, offsets)
    this.producers[number] = this.createProducer()
    this.observe('die', offsets.length)
    this.sometimes('died with a claim', offsets.length > 0)
    this.sometimes('died with the lease', this.isLeaseTaken)
    // Whoever has stopped may be about to wait for the lease, which it could not do while it is up.
    if (this.depth > 0 && this.isLeaseTaken) while (this.unrepaired.size > 0) this.repair()
  }

  private repair(): void {
    const [dead] = this.unrepaired
    if (dead === undefined) return
    const [slot, offsets] = dead
    const aborted = repairLog(this.log, this.table, slot)
    assert.equal(aborted, offsets.length > 0 ? 1 : 0)
    assert.equal(repairLog(this.log, this.table, slot), 0, 'it may be repeated')
    this.table.freeSlot(slot)
    this.unrepaired.delete(slot)
    this.observe('repair', aborted)
  }

  // -------------------------------------------------------------------------------------- groups

  /** One more group, which begins at the oldest record. */
  private join(): void {
    if (this.groups.length >= GROUPS_MAX) return
    const { position, offset } = pinOldest(this.log, this.table, this.seeker)
    this.addGroup(position, offset)
    unpin(this.log, this.table, this.seeker)
    this.observe('join', this.relative(offset))
    this.sometimes('joined in mid-log', offset > this.start)
  }

  private groupOf(index: number): Group | undefined {
    const group = this.groups[index % Math.max(1, this.groups.length)]
    return group?.isBusy === false ? group : undefined
  }

  private read(index: number, frames: number, stop: Stop | undefined): void {
    const group = this.groupOf(index)
    if (group === undefined) return
    const { reader, view } = group
    group.isBusy = true
    this.stopAt(view, stop)
    let count = 0
    for (; count < frames && (reader.remaining > 0 || reader.next()); count++) {
      this.hold(group, reader.offset)
      while (reader.nextRecord()) this.checkRecord(group)
    }
    // Where it stands now is what it reads next: it may have passed over gaps.
    this.hold(group, reader.offset)
    view.release()
    this.checkOver(group, reader.offset)
    group.isBusy = false
    this.observe('read', count, this.relative(reader.offset), reader.hasNext())
  }

  private hold(group: Group, offset: number): void {
    group.held = offset
    cursor.hold(this.log, group.gate, offset)
  }

  /** The record that follows is the next one of the model, over gaps alone. */
  private checkRecord(group: Group): void {
    const { reader } = group
    const { recordOffset } = reader
    this.checkOver(group, recordOffset)
    const expected = this.model.get(recordOffset)
    assert.ok(expected !== undefined && expected !== GAP, `${recordOffset} was acknowledged`)
    assert.equal(valueText(reader), expected.value)
    assert.equal(reader.timestamp, expected.timestamp)
    group.position = recordOffset + 1
    this.observe('record', group.gate, this.relative(recordOffset), expected.value)
  }

  private checkOver(group: Group, to: number): void {
    this.sometimes('passed over a gap', group.position < to)
    for (; group.position < to; group.position++) {
      assert.equal(this.model.get(group.position), GAP, `record ${group.position} was passed over`)
    }
  }

  private commit(index: number): void {
    const group = this.groupOf(index)
    if (group === undefined) return
    const { gate, epoch, committed, reader } = group
    const to = reader.offset
    // After a seek into a frame, the reader stands at the frame's beginning until it reads on.
    const isAhead = to >= committed
    assert.equal(cursor.commit(this.log, this.table, gate, epoch, committed, to), isAhead)
    if (isAhead) group.committed = to
    else this.sometimes('refused to commit back')
    assert.equal(cursor.committedOffset(this.log, gate), group.committed)
    this.observe('commit', gate, this.relative(to))
  }

  private seek(index: number, place: number): void {
    const group = this.groupOf(index)
    const offset = this.offsetAt(place)
    if (group === undefined || !this.isKnown(offset)) return
    const { gate, reader, epoch, committed } = group
    const found = this.tryPin(this.seeker, offset)
    this.observe('seek', gate, this.relative(offset), found !== undefined)
    if (found === undefined) return
    this.sometimes('sought back', offset < committed)
    cursor.seekCursor(this.log, this.table, gate, offset)
    unpin(this.log, this.table, this.seeker)
    if (epoch !== cursor.currentEpoch(this.log, gate)) {
      assert.equal(cursor.commit(this.log, this.table, gate, epoch, committed, offset), false)
    }
    const owned = cursor.follow(this.log, gate)
    assert.equal(owned.committed, offset)
    group.epoch = owned.epoch
    group.held = offset
    group.committed = offset
    group.position = offset
    placeReader(reader, heldPlace(this.log, offset), offset)
    assert.ok(reader.offset >= offset || reader.remaining === 0)
    if (reader.offset >= offset) this.checkOver(group, reader.offset)
  }

  // ------------------------------------------------------------------------------------- finding

  /** An offset at a part of the way from just before the start to just behind the end. */
  private offsetAt(place: number): number {
    const end = this.monitor.endOffset()
    return this.start - 2 + Math.round(place * (end - this.start + 4))
  }

  /** Whether the offset is of a frame that is finished or dead, or the end. */
  private isKnown(offset: number): boolean {
    return this.model.has(offset) || offset === this.monitor.endOffset()
  }

  private oldestHeld(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.groups.map(({ committed }) => committed))
  }

  /** Without waiting for a recycler, which may sleep or be dead: all threads are one here. */
  private tryPin(slot: number, offset: number): Place | undefined {
    const found = tryPinOffset(this.log, this.table, slot, offset)
    return found === 'sealed' ? undefined : found
  }

  private pin(place: number): void {
    if (this.pinned !== undefined) return
    const offset = this.offsetAt(place)
    const found = this.tryPin(this.pinner, offset)
    this.observe('pin', this.relative(offset), found !== undefined)
    if (found === undefined) return
    this.pinned = offset
  }

  /** What was pinned is still there, from the pinned offset on. */
  private unpin(): void {
    if (this.pinned === undefined) return
    const reader = new Reader(this.log, 0, 0)
    placeReader(reader, heldPlace(this.log, this.pinned), this.pinned)
    if (this.depth === 0) this.checkReadable(reader, this.pinned)
    unpin(this.log, this.table, this.pinner)
    this.pinned = undefined
    this.observe('unpin')
    this.sometimes('unpinned')
  }

  private findOffset(place: number, stop: Stop | undefined): void {
    if (this.isSeeking) return
    const offset = this.offsetAt(place)
    const end = this.monitor.endOffset()
    const held = this.oldestHeld()
    const answer = this.search(stop, (view) =>
      tryPinOffset(view, this.table, this.searcher, offset),
    )
    if (answer === 'sealed') return
    const found = answer
    unpin(this.log, this.table, this.searcher)
    this.observe('find offset', this.relative(offset), found && this.relative(found.offset))
    this.sometimes('found out what is gone', found === undefined && this.model.has(offset))
    if (offset < this.start) assert.equal(found, undefined)
    if (stop === undefined && offset > end) assert.equal(found, undefined)
    if (offset >= Math.max(held, this.oldestHeld()) && offset <= end) assert.ok(found, 'it is held')
    if (found !== undefined) assert.ok(found.offset <= offset)
  }

  private search<T>(stop: Stop | undefined, find: (view: PartitionLog) => T): T {
    const view = SteppedLog.of(this.log)
    this.isSeeking = true
    this.stopAt(view, stop)
    const found = find(view)
    view.release()
    this.isSeeking = false
    return found
  }

  private findTime(place: number, stop: Stop | undefined): void {
    if (this.isSeeking) return
    const timestamp = 1_000 + Math.round(place * (this.now - 998))
    const found = this.search(stop, (view) =>
      findTimestamp(view, this.table, this.searcher, timestamp),
    )
    const oldest = pinOldest(this.log, this.table, this.seeker).offset
    unpin(this.log, this.table, this.seeker)
    this.observe('find time', timestamp, this.relative(found))
    for (let offset = oldest; offset < found; offset++) {
      const record = this.model.get(offset)
      assert.ok(
        record === GAP || (record && record.timestamp < timestamp),
        'those before are older',
      )
    }
    const record = this.model.get(found)
    if (stop !== undefined || record === undefined || record === GAP) return
    assert.ok(record.timestamp >= timestamp)
  }

  // --------------------------------------------------------------------------------------- truth

  /** What a group has not committed is there, and what is there is whole. */
  private checkContent(): void {
    const { log, table, seeker } = this
    for (const { committed } of this.groups) {
      const reader = new Reader(log, 0, 0)
      const place = heldPlace(log, committed)
      placeReader(reader, place, committed)
      this.checkReadable(reader, committed)
      const end = this.monitor.endOffset()
      assert.equal(countGaps(log, place, committed, end), this.gapsFrom(committed, end))
    }
    const { position, offset } = pinOldest(log, table, seeker)
    unpin(log, table, seeker)
    this.sometimes('recycled', offset > this.start)
    this.checkReadable(new Reader(log, position, offset), offset)
  }

  /** Of the dead whose claims are repaired. */
  private gapsFrom(from: number, end: number): number {
    const claimed = [...this.unrepaired.values()].flat()
    let gaps = 0
    for (let offset = from; offset < end; offset++) {
      if (this.model.get(offset) === GAP && !claimed.includes(offset)) gaps++
    }
    this.sometimes('counted gaps', gaps > 0)
    return gaps
  }

  private checkReadable(reader: Reader, from: number): void {
    const seen: [number, string][] = []
    do {
      while (reader.nextRecord()) seen.push([reader.recordOffset, valueText(reader)])
    } while (reader.next())
    // A frame of the dead stops a reader until it is repaired.
    const claims = [...this.unrepaired.values()].flat().filter((offset) => offset >= from)
    const blocked = Math.min(Number.POSITIVE_INFINITY, ...claims)
    const expected: [number, string][] = []
    for (let offset = from; offset < blocked; offset++) {
      const record = this.model.get(offset)
      if (record === undefined) break
      if (record !== GAP) expected.push([offset, record.value])
    }
    assert.deepEqual(
      seen.filter(([offset]) => offset >= from),
      expected,
    )
  }

  /** Repairs, reads and commits everything; then the log takes and gives back several laps more. */
  finish(): void {
    while (this.unrepaired.size > 0) this.repair()
    this.unpin()
    for (let lap = 0; lap < 3 * this.log.segmentCount; lap++) {
      this.drain()
      this.append(lap, 1, this.log.segmentGranules, undefined)
      assert.deepEqual((this.observations.at(-1) as unknown[]).slice(0, 2), ['append', true])
    }
    this.drain()
    const end = this.monitor.endOffset()
    for (let offset = this.start; offset < end; offset++) {
      assert.ok(this.model.has(offset), 'every offset is a record or a gap')
    }
    assert.equal(this.model.size, end - this.start, 'nothing was acknowledged but what is there')
    for (const { position } of this.groups) assert.equal(position, end, 'everything was read')
  }

  private drain(): void {
    for (const { gate } of this.groups) {
      this.read(gate, Number.POSITIVE_INFINITY, undefined)
      this.commit(gate)
    }
  }
}
