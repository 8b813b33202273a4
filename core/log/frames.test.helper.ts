/** What the tests of the log share: frames made by hand, and a log that stops at any step. */
import * as memory from '#memory'
import { byteViews } from '../byte-views.test.helper.js'
import { raiseTo, ThreadTable } from '../thread-table.js'
import { Appender, type FrameContent } from './appender.js'
import { pinOldest, unpin } from './finder.js'
import * as layout from './layout.js'
import { type LogGeometry, PartitionLog, pack } from './partition-log.js'
import { Reader } from './reader.js'

export interface TestRecord {
  readonly value: string | null
  readonly key?: string | null
  /** The record's own, in milliseconds since 1970. */
  readonly timestamp?: number
  readonly headers?: string
}

/** One frame with records, made longer to take `granules` if that is given. */
export function frameOf(
  records: readonly TestRecord[],
  timestamp = 1_000,
  granules = 0,
): FrameContent {
  const content = Buffer.concat(records.map(encodeRecord))
  const sizeBytes = granules * layout.GRANULE_BYTES - layout.FRAME_HEADER_BYTES
  const to = Math.max(sizeBytes, content.length)
  const own = records.map((record) => record.timestamp ?? timestamp)
  const newestTimestamp = Math.max(...own)
  const count = records.length
  return { ...byteViews(content, to), from: 0, to, count, timestamp, newestTimestamp }
}

/** A frame of records that have nothing but a value. */
export function frameOfValues(values: readonly string[], granules = 0): FrameContent {
  return frameOf(
    values.map((value) => ({ value })),
    undefined,
    granules,
  )
}

/** A frame that claims room without content, for tests that never read it. */
export function emptyFrame(granules: number, count: number): FrameContent {
  const to = granules * layout.GRANULE_BYTES - layout.FRAME_HEADER_BYTES
  return { ...byteViews(Buffer.alloc(0)), from: 0, to, count, timestamp: 0, newestTimestamp: 0 }
}

function encodeRecord({ value, key, timestamp, headers }: TestRecord): Buffer {
  const valueBytes = Buffer.from(value ?? '')
  const keyBytes = Buffer.from(key ?? '')
  const flags =
    (typeof key === 'string' ? 0 : layout.RECORD_NO_KEY) |
    (value === null ? layout.RECORD_NO_VALUE : 0) |
    (timestamp === undefined ? 0 : layout.RECORD_HAS_TIMESTAMP) |
    (headers === undefined ? 0 : layout.RECORD_HAS_HEADERS)
  const head = Buffer.alloc(layout.RECORD_HEADER_BYTES)
  head.writeInt32LE(valueBytes.length, layout.RECORD_VALUE_BYTES)
  head.writeInt32LE(layout.recordKeyWord(keyBytes.length, flags), layout.RECORD_KEY_BYTES)
  const parts = [head]
  if (timestamp !== undefined) {
    const own = Buffer.alloc(8)
    own.writeDoubleLE(timestamp)
    parts.push(own)
  }
  parts.push(valueBytes, keyBytes)
  if (headers !== undefined) {
    const sizeWord = Buffer.alloc(4)
    sizeWord.writeInt32LE(headers.length)
    parts.push(sizeWord, Buffer.from(headers))
  }
  const record = Buffer.concat(parts)
  return Buffer.concat([record, Buffer.alloc(layout.aligned(record.length) - record.length)])
}

/** The value of the record that a reader is on. */
export function valueText(reader: Reader): string {
  return reader.log.bytes.toString('utf8', reader.valueFrom, reader.valueTo)
}

/** Offset and value of every record from a reader's place to the end. */
export function readAll(reader: Reader): [number, string][] {
  const records: [number, string][] = []
  while (reader.next()) {
    while (reader.nextRecord()) records.push([reader.recordOffset, valueText(reader)])
  }
  return records
}

export type Step =
  | 'isOpen'
  | 'tagWord'
  | 'segmentOf'
  | 'segmentOffset'
  | 'setSegmentOffset'
  | 'dataByte'

/**
 * A thread's view of a log, which stops at a chosen step: there the test lets other threads act
 * through views of their own, for as long as it likes, or lets this one die by a throw.
 *
 * Steps are the calls that precede the accesses to shared memory.
 */
export class SteppedLog extends PartitionLog {
  private readonly plans: { step: Step | 'any'; calls: number; readonly action: () => void }[] = []
  /** Another view of the same log. */
  static of(log: PartitionLog): SteppedLog {
    return new SteppedLog(log.region)
  }

  /** Acts once, before the given call of a step from here on, 1 being the next. */
  before(step: Step | 'any', call: number, action: () => void): this {
    this.plans.push({ step, calls: call, action })
    return this
  }

  /** From here on nothing stops this view. @returns whether every action has been taken */
  release(): boolean {
    return this.plans.splice(0).length === 0
  }

  private enter(step: Step): void {
    const matching = this.plans.filter((plan) => plan.step === step || plan.step === 'any')
    for (const plan of matching) {
      if (--plan.calls > 0) continue
      this.plans.splice(this.plans.indexOf(plan), 1)
      plan.action()
    }
  }

  override isOpen(position: number): boolean {
    this.enter('isOpen')
    return super.isOpen(position)
  }

  override tagWord(position: number): number {
    this.enter('tagWord')
    return super.tagWord(position)
  }

  override segmentOf(position: number): number {
    this.enter('segmentOf')
    return super.segmentOf(position)
  }

  override segmentOffset(segment: number): number {
    this.enter('segmentOffset')
    return super.segmentOffset(segment)
  }

  override setSegmentOffset(segment: number, offset: number): void {
    this.enter('setSegmentOffset')
    super.setSegmentOffset(segment, offset)
  }

  override dataByte(position: number): number {
    this.enter('dataByte')
    return super.dataByte(position)
  }
}

/** What a thread throws where a test kills it. No code of the log runs after it. */
export class Death extends Error {
  override readonly name = 'Death'
}

export function die(): never {
  throw new Death('this thread is dead')
}

/** A log, and appenders for threads that each have a slot. */
export interface LogWorld {
  readonly log: PartitionLog
  readonly table: ThreadTable
  /** Another thread's appender, with that thread's slot. */
  thread(view?: PartitionLog): { readonly appender: Appender; readonly slot: number }
}

export function createWorld(geometry: LogGeometry): LogWorld {
  const log = PartitionLog.create(geometry)
  const table = ThreadTable.create()
  return {
    log,
    table,
    thread(view = log) {
      const slot = table.takeSlot()
      return { appender: new Appender(view, table, slot), slot }
    },
  }
}

/** Makes a gate hold the log from an offset on, as `group/cursor.ts` does. */
export function hold(log: PartitionLog, gate: number, offset: number): void {
  memory.storeLong(log.longs, layout.gateCursorLong(gate), pack(1, offset | 0))
  memory.store(log.words, layout.gateStateWord(gate), 1)
  raiseTo(log.words, layout.GATES_USED_WORD, gate + 1)
}

/** Appends frames of one granule with one record each until the log is full. @returns how many */
export function fillUp(appender: Appender): number {
  for (let count = 0; ; count++) if (!appender.append(frameOfValues(['fill']))) return count
}

/** Appends frames of one granule with one record each. */
export function appendValues(appender: Appender, ...values: readonly string[]): void {
  for (const value of values) {
    if (!appender.append(frameOfValues([value]))) throw new Error('the log is full')
  }
}

/** Every record from the oldest segment that is still whole. */
export function contentOf({ log, table }: LogWorld): [number, string][] {
  const slot = table.takeSlot()
  const { position, offset } = pinOldest(log, table, slot)
  const records = readAll(new Reader(log, position, offset))
  unpin(log, table, slot)
  table.freeSlot(slot)
  return records
}

/**
 * Appends one-granule frames until there were `frames` or the log is full. Returns at once while
 * somebody holds the lease: this thread would spin, and the holder sleeps further up the stack.
 */
export function rush(log: PartitionLog, appender: Appender, frames: number): number {
  if (memory.load(log.words, layout.LEASE_WORD) !== 0) return 0
  for (let count = 0; count < frames; count++) {
    if (!appender.append(frameOfValues([`rush ${count}`]))) return count
  }
  return frames
}

/**
 * Runs a scenario with a stop before step 1, then with one before step 2, and so on.
 *
 * @param scenario says whether there was such a step
 * @returns how many steps there were
 */
export function atEveryStep(scenario: (step: number) => boolean): number {
  for (let step = 1; ; step++) if (!scenario(step)) return step - 1
}

/** A view of a log in which another thread acts before the given use of its 64-bit words. */
export function actingBeforeLong(log: PartitionLog, use: number, action: () => void): PartitionLog {
  let uses = 0
  const longs = {
    get() {
      if (++uses === use) action()
      return log.longs
    },
  }
  return Object.create(log, { longs })
}
