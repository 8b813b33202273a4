import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import { byteViews } from '../../../core/byte-views.test.helper.js'
import { committedOffset } from '../../../core/group/cursor.js'
import { Appender, type FrameContent } from '../../../core/log/appender.js'
import { countGaps } from '../../../core/log/gaps.js'
import * as layout from '../../../core/log/layout.js'
import { type LogGeometry, PartitionLog } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import { repairLog } from '../../../core/log/repair.js'
import type { Place } from '../../../core/log/tail.js'
import { enlist, withdraw } from '../../../core/log/wait-set.js'
import {
  GENERATIONS_WORD,
  LINE_WORDS,
  SIGNALS_WORD,
  ThreadTable,
} from '../../../core/thread-table.js'
import type { Cast } from '../../history/from-simulation.js'
import { Status } from '../execution.js'
import { type Ending, record, settle, sometimes } from '../scenario.js'
import { checkHistory } from './log-history.js'

/** One partition log and the threads of its engine. */
export interface LogWorld {
  readonly log: PartitionLog
  readonly threads: ThreadTable
  /** Each actor's slot. */
  readonly slots: Readonly<Record<string, number>>
  /** What the setup appended. */
  readonly before: Seen[]
}

/** Where a log begins: at 0, and so that positions or offsets soon pass 2^31 or 2^32. */
export const STARTS = {
  'from 0': { startPosition: 0, startOffset: 0 },
  'across 2^31': { startPosition: 2 ** 31 - 4, startOffset: 2 ** 31 - 2 },
  'across 2^32': { startPosition: 2 ** 32 - 4, startOffset: 2 ** 32 - 2 },
} as const
export type Start = keyof typeof STARTS

export function createWorld(geometry: LogGeometry, actors: readonly string[]): LogWorld {
  const threads = ThreadTable.create()
  const slots: Record<string, number> = {}
  for (const actor of actors) slots[actor] = threads.takeSlot()
  return { log: PartitionLog.create(geometry), threads, slots, before: [] }
}

export function slotOf(world: LogWorld, actor: string): number {
  const slot = world.slots[actor]
  if (slot === undefined) throw new Error(`${actor} has no slot`)
  return slot
}

export function appenderOf(world: LogWorld, actor: string): Appender {
  return new Appender(world.log, world.threads, slotOf(world, actor))
}

/** In a setup: appends frames of one record each, numbered from `first` on, in an actor's name. */
export function fill(
  world: LogWorld,
  actor: string,
  count: number,
  { first = 0, granules = 1 }: { readonly first?: number; readonly granules?: number } = {},
): void {
  const appender = appenderOf(world, actor)
  for (let number = first; number < first + count; number++) {
    appender.append(frame(0, number, 1, granules))
    world.before.push({ name: recordName(0, number), offset: appender.claimedOffset })
  }
}

/** What the supervisor does after a death. */
export function repair(world: LogWorld, dead: string): void {
  repairLog(world.log, world.threads, slotOf(world, dead))
  settle(1)
  world.threads.wakeAll()
}

/** Threads compare their signals with what they read before they looked for work. */
export function isSignal(world: LogWorld, region: memory.Region, word: number): boolean {
  return region === world.threads.region && word >= SIGNALS_WORD && word < GENERATIONS_WORD
}

/** What a word of the log or of the threads' table is, for traces. */
export function describeLog(world: LogWorld, region: memory.Region, word: number): string {
  const { log } = world
  if (region !== log.region) {
    return isSignal(world, region, word)
      ? `signal of slot ${Math.floor((word - SIGNALS_WORD) / LINE_WORDS)}`
      : `threads[${word}]`
  }
  const tags = layout.tagsWord(log.segmentCount)
  if (word >= tags + log.capacityGranules) {
    const byte = word * layout.WORD_BYTES - layout.dataByte(log.segmentCount, log.segmentGranules)
    return `data of granule ${Math.floor(byte / layout.GRANULE_BYTES)} + ${byte % layout.GRANULE_BYTES}`
  }
  if (word >= tags) return `tag ${word - tags}`
  for (let segment = 0; segment < log.segmentCount; segment++) {
    if (word === layout.segmentStateWord(segment)) return `state of segment ${segment}`
    if (word === layout.segmentOffsetLowWord(segment)) return `offset of segment ${segment}`
    if (word === layout.segmentOffsetHighWord(segment)) return `offset of segment ${segment}, high`
    if (word === layout.segmentUseWord(segment)) return `use of segment ${segment}`
  }
  return HEADER_NAMES.get(word) ?? nameOfList(word)
}

const HEADER_NAMES = new Map([
  [layout.TAIL_LONG * 2, 'tail'],
  [layout.LEASE_WORD, 'lease'],
  [layout.DATA_WAITERS_WORD, 'data waiters, summary'],
  [layout.SPACE_WAITERS_WORD, 'space waiters, summary'],
  [layout.GATES_USED_WORD, 'gates used'],
  [layout.PINS_USED_WORD, 'pins used'],
])

const GATE_FIELDS: readonly (readonly [string, (gate: number) => number])[] = [
  ['state', layout.gateStateWord],
  ['holder', layout.gateHolderWord],
  ['assigned', layout.gateAssignedWord],
  ['pause', layout.gatePausedWord],
  ['letter', layout.gateLetterStateWord],
  ['position of the letter', layout.gateLetterPositionWord],
  ['offset of the letter', layout.gateLetterOffsetWord],
  ['delivered', layout.gateDeliveredWord],
  ['held', layout.gateHeldWord],
]

function nameOfList(word: number): string {
  const gate = Math.floor(
    (word - layout.gateStateWord(0)) / (layout.gateStateWord(1) - layout.gateStateWord(0)),
  )
  if (gate >= 0 && gate < layout.GATES_MAX) {
    if (word === layout.gateCursorLong(gate) * 2) return `cursor of gate ${gate}`
    const field = GATE_FIELDS.find(([, wordOf]) => word === wordOf(gate))
    if (field !== undefined) return `${field[0]} of gate ${gate}`
  }
  if (word > layout.PINS_WORD && gate < 0) return `pin of slot ${word - layout.PINS_WORD}`
  if (word > layout.SPACE_WAITERS_WORD && word <= layout.SPACE_WAITERS_WORD + 8)
    return 'space waiters'
  if (word > layout.DATA_WAITERS_WORD && word <= layout.DATA_WAITERS_WORD + 8) return 'data waiters'
  return `log[${word}]`
}

// ---------------------------------------------------------------------------------------------
// Frames whose records say who sent them
// ---------------------------------------------------------------------------------------------

const VALUE_BYTES_MIN = 8

/**
 * A frame of a number of granules with a number of records; the last one fills the frame. One
 * granule has room for one record with a value and one without, two have room for four.
 */
export function frame(
  sender: number,
  firstNumber: number,
  count: number,
  granules = 1,
): FrameContent {
  const size = granules * layout.GRANULE_BYTES - layout.FRAME_HEADER_BYTES
  const { bytes, longs } = byteViews(Buffer.alloc(size))
  let at = 0
  for (let index = 0; index < count; index++) {
    const isLast = index === count - 1
    const valueBytes = isLast ? size - at - layout.RECORD_HEADER_BYTES : VALUE_BYTES_MIN
    assert.ok(valueBytes >= (index === 0 ? VALUE_BYTES_MIN : 0), 'the records fit')
    const flags = layout.RECORD_NO_KEY | (valueBytes === 0 ? layout.RECORD_NO_VALUE : 0)
    bytes.writeInt32LE(valueBytes, at + layout.RECORD_VALUE_BYTES)
    bytes.writeInt32LE(layout.recordKeyWord(0, flags), at + layout.RECORD_KEY_BYTES)
    at += layout.RECORD_HEADER_BYTES
    for (const end = at + valueBytes; at < end; at += 4) {
      bytes.writeInt32LE(recordName(sender, firstNumber + index), at)
    }
  }
  const timestamp = timestampOf(firstNumber)
  return { bytes, longs, from: 0, to: size, count, timestamp, newestTimestamp: timestamp }
}

/** Timestamp of a frame whose first record has this number. */
export function timestampOf(number: number): number {
  return 1_000_000 + number
}

/** One number for a sender and the number of its record. */
function recordName(sender: number, number: number): number {
  return sender * 1000 + number
}

/**
 * The name of the record that a reader is on; fails if it is torn.
 *
 * @param before name of the record before it in the frame: one without a value is its successor
 */
function readName(reader: Reader, before: number | undefined): number {
  const { words } = reader.log
  if (!reader.hasValue) {
    assert.ok(before !== undefined, 'no frame begins with a record without a value')
    return before + 1
  }
  const name = words[reader.valueFrom >>> 2] as number
  for (let at = reader.valueFrom; at < reader.valueTo; at += 4) {
    if (words[at >>> 2] !== name) throw new Error(`torn record at offset ${reader.recordOffset}`)
  }
  return name
}

/** What an actor records about a record that it appended or read. */
export interface Seen {
  readonly name: number
  readonly offset: number
}

/** Appends one frame; records what was acknowledged. @returns false when the log is full */
export function append(
  appender: Appender,
  sender: number,
  content: FrameContent,
  first: number,
): boolean {
  if (!appender.append(content)) {
    sometimes('log full')
    return false
  }
  for (let index = 0; index < content.count; index++) {
    const name = recordName(sender, first + index)
    record({ name, offset: appender.claimedOffset + index } satisfies Seen)
  }
  return true
}

/** Appends one frame; sleeps while the log is full. */
export function appendOrSleep(
  world: LogWorld,
  appender: Appender,
  producer: string,
  sender: number,
  content: FrameContent,
  first: number,
): void {
  const sends = (isEnlisted: boolean) => {
    settle(first, appender, Number(isEnlisted))
    return append(appender, sender, content, first)
  }
  sleepUntil(world, producer, layout.SPACE_WAITERS_WORD, sends)
}

/** Reads one frame; records each record. */
export function readFrame(reader: Reader): void {
  let name: number | undefined
  while (reader.nextRecord()) {
    name = readName(reader, name)
    record({ name, offset: reader.recordOffset } satisfies Seen)
  }
}

/**
 * Looks for work, and sleeps until there is some.
 *
 * The signal is read before the thread enlists: a waker may take it out of the wait set in between,
 * for work that it has seen already, and then only the changed signal keeps it from sleeping where
 * nobody would look for it.
 */
export function sleepUntil(
  world: LogWorld,
  actor: string,
  waitSet: number,
  findsWork: (isEnlisted: boolean) => boolean,
  fault?: 'signal read late',
): void {
  const { log, threads } = world
  const slot = slotOf(world, actor)
  while (!findsWork(false)) {
    let signal = threads.signal(slot)
    enlist(log.words, waitSet, slot)
    if (fault === 'signal read late') signal = threads.signal(slot)
    if (findsWork(true)) {
      withdraw(log.words, waitSet, slot)
      return
    }
    threads.wait(slot, signal, Number.POSITIVE_INFINITY)
    sometimes(waitSet === layout.DATA_WAITERS_WORD ? 'slept for data' : 'slept for space')
  }
}

// ---------------------------------------------------------------------------------------------
// What the whole log must look like in the end
// ---------------------------------------------------------------------------------------------

export interface LogContent {
  /** Records in the order of the log. */
  readonly records: readonly Seen[]
  readonly abortedFrames: number
  readonly claimedFrames: number
  readonly pads: number
  /** Position and offset of the first record that is still there, and offset of the end. */
  readonly beginPosition: number
  readonly beginOffset: number
  /** The same of the end of the chain. */
  readonly endPosition: number
  readonly endOffset: number
}

/** Walks the tags of the open segments, oldest first, and reads the frames with the shipped reader. */
export function contentOf(log: PartitionLog): LogContent {
  const starts = openSegments(log)
  const records: Seen[] = []
  const counts = { abortedFrames: 0, claimedFrames: 0, pads: 0 }
  const beginPosition = starts[0] as number
  const beginOffset = log.segmentOffset(log.segmentOf(beginPosition))
  let end: Place = { position: beginPosition, offset: beginOffset }
  for (const start of starts) {
    assert.equal(
      log.segmentOffset(log.segmentOf(start)),
      end.offset,
      'segments join without a seam',
    )
    end = readSegment(log, start, end.offset, records, counts)
  }
  const { position: endPosition, offset: endOffset } = end
  return { records, ...counts, beginPosition, beginOffset, endPosition, endOffset }
}

/** Whether the log is full: it is used up, and a gate needs the segment that comes next. */
export function isFull(log: PartitionLog, gate: number): boolean {
  const { endPosition } = contentOf(log)
  if (!log.isSegmentStart(endPosition)) return false
  const second = log.segmentOf((endPosition - log.capacityGranules + log.segmentGranules) | 0)
  return committedOffset(log, gate) <= log.segmentOffset(second)
}

function readSegment(
  log: PartitionLog,
  start: number,
  firstOffset: number,
  records: Seen[],
  counts: { abortedFrames: number; claimedFrames: number; pads: number },
): Place {
  let offset = firstOffset
  let position = start
  while (position !== ((start + log.segmentGranules) | 0)) {
    const tag = memory.load(log.words, log.tagWord(position))
    if (layout.isFree(tag)) {
      assert.equal(tag, layout.freeTag(log.lapOf(position)), 'the end of the chain is of its lap')
      return { position, offset }
    }
    if (layout.isClaimed(tag)) counts.claimedFrames++
    else if (layout.isPublished(tag)) records.push(...recordsOf(log, position, offset))
    else if (layout.countOf(tag) > 0) counts.abortedFrames++
    else counts.pads++
    position = (position + layout.granulesOf(tag)) | 0
    offset += layout.countOf(tag)
  }
  return { position, offset }
}

function recordsOf(log: PartitionLog, position: number, offset: number): Seen[] {
  const word = log.dataByte(position) / 4
  assert.equal(log.words[word + layout.FRAME_OFFSET_LOW / 4], offset | 0, 'offset in the frame')
  assert.equal(log.words[word + layout.FRAME_OFFSET_HIGH / 4], Math.floor(offset / 2 ** 32))
  for (const field of ZERO_FIELDS) assert.equal(log.words[word + field / 4], 0, 'unused fields')
  const reader = new Reader(log, position, offset)
  assert.ok(reader.next())
  const records: Seen[] = []
  while (reader.nextRecord()) {
    const name = readName(reader, records.at(-1)?.name)
    if (records.length === 0) assert.equal(reader.timestamp, timestampOf(name % 1000))
    records.push({ name, offset: reader.recordOffset })
  }
  assert.equal(reader.newestTimestamp, reader.timestamp)
  return records
}

const ZERO_FIELDS = [layout.FRAME_FLAGS, layout.FRAME_PRODUCER_ID, layout.FRAME_PRODUCER_SEQUENCE]

/** The open segments' positions, oldest first: one unbroken range of at most a lap. */
function openSegments(log: PartitionLog): number[] {
  const tail = Number(BigInt.asIntN(32, (log.longs[layout.TAIL_LONG] as bigint) >> 32n))
  const starts: number[] = []
  // The tail may stand at the start of a segment that nobody has opened yet.
  for (let back = -1; back <= log.segmentCount; back++) {
    const start = (log.segmentStart(tail) - back * log.segmentGranules) | 0
    if (log.isOpen(start)) starts.unshift(start)
    else if (starts.length > 0) break
  }
  assert.ok(starts.length > 0, 'a segment is open')
  return starts
}

/**
 * What holds at every end: no record is torn, doubled or from nowhere, what was acknowledged is at
 * its offset or was recycled, no claim of a dead thread stays, and gaps come from deaths only.
 */
export function checkContent(
  world: LogWorld,
  ending: Ending,
  senders: readonly string[],
  readers: Pick<Cast, 'members' | 'readers' | 'from'> = {},
): LogContent {
  const content = contentOf(world.log)
  const offsets = new Map<number, number>()
  for (const { name, offset } of content.records) {
    assert.ok(!offsets.has(name), `record ${name} is there twice`)
    offsets.set(name, offset)
  }
  for (const sender of senders) {
    for (const { name, offset } of seenBy(ending, sender)) {
      if (offset >= content.beginOffset) {
        assert.equal(offsets.get(name), offset, `record ${name} was acknowledged at ${offset}`)
      }
    }
  }
  const dead = senders.filter((sender) => ending.status(sender) === Status.CRASHED)
  assert.ok(content.abortedFrames <= dead.length, 'a dead thread leaves one claim at most')
  assert.equal(content.claimedFrames, 0, 'no claim stays')
  assert.equal(memory.load(world.log.words, layout.LEASE_WORD), 0, 'no lease stays')
  checkGaps(world.log, content)
  checkOrder(content, senders.length)
  const left = content
  checkHistory(ending, { senders, ...readers, before: world.before, left })
  return content
}

/** Whether all who did not end sleep: nobody spins for ever, and what was left is repaired. */
export function onlySleep(ending: Ending, actors: readonly string[]): boolean {
  return (
    ending.status('repair') !== Status.SLEEPING &&
    [...actors, 'repair'].every((actor) => ending.status(actor) !== Status.SPINNING)
  )
}

/** The lag does not count what was aborted. */
function checkGaps(log: PartitionLog, content: LogContent): void {
  const { beginPosition, beginOffset, endOffset, records } = content
  const place = { position: beginPosition, offset: beginOffset }
  const gaps = countGaps(log, place, beginOffset, endOffset)
  assert.equal(gaps, endOffset - beginOffset - records.length, 'offsets without a record')
}

/** The records that an actor recorded, among other events. */
export function seenBy(ending: Ending, actor: string): Seen[] {
  return ending.events(actor).filter((event): event is Seen => typeof event === 'object')
}

/** The records of one sender are in the order in which it sent them. */
function checkOrder(content: LogContent, senders: number): void {
  const last = new Array<number>(senders + 1).fill(-1)
  for (const { name } of content.records) {
    const sender = Math.floor(name / 1000)
    assert.ok(name > (last[sender] as number), `record ${name} is out of order`)
    last[sender] = name
  }
}
