import type { HistoryWriter } from './history-writer.js'
import { type Draw, type ModelLog, type ModelRecord, pairsOf } from './model-log.js'

const ATTEMPTS_MAX = 3
const POLL_MAX = 4

interface Member {
  readonly name: string
  readonly owns: Set<Cursor>
}

/** A group's place in one partition. */
interface Cursor {
  readonly log: ModelLog
  epoch: number
  committed: number
  owner: Member | undefined
  /** Where the owner goes on. */
  next: number
  /** What the handler has, without what it has finished with. */
  inHand: readonly ModelRecord[]
  /** A seek moved the place, and the owner has not noticed yet. */
  isSought: boolean
  readonly failures: Map<number, number>
  readonly letters: number[]
}

/** What a model does that makes some checks impossible, or that some need. */
export interface Liberties {
  readonly seeks: boolean
  /** The group is told of records that are gone. */
  readonly gaps: boolean
}

/** Members that share partitions, die, retry, seek and give up, all by the book. */
export class ModelGroup {
  private readonly group: string
  private readonly writer: HistoryWriter
  private readonly liberties: Liberties
  private readonly cursors: readonly Cursor[]
  private readonly members: Member[] = []
  private born = 0

  constructor(
    group: string,
    logs: readonly ModelLog[],
    writer: HistoryWriter,
    liberties: Liberties,
  ) {
    this.group = group
    this.writer = writer
    this.liberties = liberties
    this.cursors = logs.map((log) => ({
      log,
      epoch: 0,
      committed: 0,
      owner: undefined,
      next: 0,
      inHand: [],
      isSought: false,
      failures: new Map(),
      letters: [],
    }))
  }

  step(nowMs: number, draw: Draw): void {
    const cursor = this.cursors[draw(this.cursors.length)] as Cursor
    const { owner } = cursor
    if (this.liberties.seeks && draw(12) === 0) this.seek(cursor, draw)
    else if (owner === undefined) this.take(cursor, draw)
    else if (draw(20) === 0) this.die(owner)
    else if (cursor.isSought) this.follow(cursor, owner)
    else if (cursor.inHand.length > 0) this.handle(cursor, owner, draw)
    else if (draw(10) === 0) this.release(cursor, owner)
    else if (draw(4) === 0) this.commit(cursor, owner)
    else if (this.liberties.gaps && draw(8) === 0) this.passGap(cursor, owner, draw)
    else this.poll(cursor, owner, nowMs, 1 + draw(POLL_MAX))
  }

  /** Everything is handled and committed, whatever its time. */
  drain(nowMs: number): void {
    const well: Draw = () => 1
    for (const cursor of this.cursors) {
      if (cursor.owner === undefined) this.take(cursor, well)
      const owner = cursor.owner as Member | undefined
      if (owner === undefined) continue
      if (cursor.isSought) this.follow(cursor, owner)
      while (cursor.inHand.length > 0) this.handle(cursor, owner, well)
      while (cursor.log.from(cursor.next, 1).length > 0) {
        this.poll(cursor, owner, nowMs, POLL_MAX)
        while (cursor.inHand.length > 0) this.handle(cursor, owner, well)
      }
      this.commit(cursor, owner)
      const { partition } = cursor.log
      if (cursor.letters.length > 0) {
        this.writer.peeked('main', partition, [...new Set(cursor.letters)], this.context)
      }
    }
  }

  /** For the writer. */
  private get context(): { readonly group: string } {
    return { group: this.group }
  }

  private take(cursor: Cursor, draw: Draw): void {
    const owner = this.members[draw(this.members.length + 1)] ?? this.join()
    cursor.epoch++
    cursor.owner = owner
    owner.owns.add(cursor)
    this.follow(cursor, owner)
  }

  private join(): Member {
    const member: Member = { name: `${this.group}-${this.born++}`, owns: new Set() }
    this.members.push(member)
    return member
  }

  /** Goes on at the committed offset, and says so. */
  private follow(cursor: Cursor, owner: Member): void {
    cursor.next = cursor.committed
    cursor.inHand = []
    cursor.isSought = false
    const place = { epoch: cursor.epoch, from: cursor.committed }
    this.assign(owner, { [cursor.log.partition]: place })
  }

  private assign(member: Member, owned: Record<string, { epoch: number; from: number }>): void {
    const value = [...member.owns].map(({ log }) => log.partition)
    this.writer.add({
      process: member.name,
      type: 'ok',
      f: 'assign',
      value,
      owned,
      ...this.context,
    })
  }

  private release(cursor: Cursor, owner: Member): void {
    this.commit(cursor, owner)
    owner.owns.delete(cursor)
    cursor.owner = undefined
    this.assign(owner, {})
  }

  private die(member: Member): void {
    for (const cursor of member.owns) {
      for (const { offset } of cursor.inHand) count(cursor.failures, offset)
      cursor.inHand = []
      cursor.epoch++
      cursor.owner = undefined
    }
    this.members.splice(this.members.indexOf(member), 1)
    this.writer.died(member.name)
  }

  private poll(cursor: Cursor, owner: Member, nowMs: number, countMax: number): void {
    const { log, failures } = cursor
    const records: ModelRecord[] = []
    for (const record of log.from(cursor.next, countMax)) {
      if (nowMs < (record.notBeforeMs ?? 0)) break
      if (nowMs >= (record.expiresMs ?? Number.POSITIVE_INFINITY)) break
      records.push(record)
    }
    const [first] = records
    if (first === undefined) {
      this.buryExpired(cursor, owner, nowMs)
      return
    }
    const attempt = 1 + (failures.get(first.offset) ?? 0)
    const context = { ...this.context, timeMs: nowMs, attempt }
    this.writer.polled(owner.name, log.partition, pairsOf(records), context)
    cursor.inHand = records
    cursor.next = (records.at(-1) as ModelRecord).offset + 1
  }

  private buryExpired(cursor: Cursor, owner: Member, nowMs: number): void {
    const [record] = cursor.log.from(cursor.next, 1)
    if (record === undefined || nowMs < (record.expiresMs ?? Number.POSITIVE_INFINITY)) return
    this.bury(cursor, owner, record.offset)
  }

  private handle(cursor: Cursor, owner: Member, draw: Draw): void {
    const { log, inHand } = cursor
    const failsAt = draw(4) === 0 ? draw(inHand.length) : inHand.length
    const done = inHand.slice(0, failsAt).map(({ offset }) => offset)
    cursor.inHand = []
    if (done.length > 0) this.writer.handled(owner.name, log.partition, done, 'ok', this.context)
    const failed = inHand[failsAt]?.offset
    if (failed === undefined) return
    this.writer.handled(owner.name, log.partition, [failed], 'fail', this.context)
    cursor.next = failed
    if (count(cursor.failures, failed) >= ATTEMPTS_MAX) this.bury(cursor, owner, failed)
  }

  /** The dead letter and the commit are one step. */
  private bury(cursor: Cursor, owner: Member, offset: number): void {
    this.writer.deadLettered(owner.name, cursor.log.partition, [offset], this.context)
    cursor.letters.push(offset)
    cursor.next = offset + 1
    cursor.failures.delete(offset)
    this.commit(cursor, owner)
  }

  private commit(cursor: Cursor, owner: Member): void {
    const { log, epoch } = cursor
    const isStale = cursor.isSought
    const offset = cursor.next
    if (!isStale) cursor.committed = offset
    const value = { [log.partition]: { offset, epoch: isStale ? epoch - 1 : epoch } }
    const type = isStale ? 'fail' : 'ok'
    this.writer.add({ process: owner.name, type, f: 'commit', value, ...this.context })
  }

  private seek(cursor: Cursor, draw: Draw): void {
    const offset = draw(cursor.log.end + 1)
    cursor.epoch++
    cursor.committed = offset
    cursor.isSought = cursor.owner !== undefined
    cursor.letters.length = 0
    this.writer.sought('seeker', cursor.log.partition, offset, this.context)
  }

  private passGap(cursor: Cursor, owner: Member, draw: Draw): void {
    const { log, next } = cursor
    const to = Math.min(log.end, next + 1 + draw(3))
    if (to <= next) return
    const gone = log.records.filter(({ offset }) => offset >= next && offset < to)
    this.writer.gap(owner.name, log.partition, { from: next, to, count: gone.length }, this.context)
    cursor.next = to
    this.commit(cursor, owner)
  }
}

function count(counts: Map<number, number>, offset: number): number {
  const value = (counts.get(offset) ?? 0) + 1
  counts.set(offset, value)
  return value
}
