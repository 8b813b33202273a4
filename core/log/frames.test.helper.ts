/** What the tests of the log share: frames made by hand, and a log that stops at any step. */
import type { FrameContent } from './appender.js'
import * as layout from './layout.js'
import { PartitionLog } from './partition-log.js'
import type { Reader } from './reader.js'

export interface TestRecord {
  readonly value: string | null
  readonly key?: string | null
  /** The record's own, in milliseconds since 1970. */
  readonly timestamp?: number
  readonly headers?: string
}

/** The smallest frame whose records need no second granule holds one record of this many bytes. */
export const GRANULE_VALUE_BYTES =
  layout.GRANULE_BYTES - layout.FRAME_HEADER_BYTES - layout.RECORD_HEADER_BYTES

/** One frame with records, made longer to take `granules` if that is given. */
export function frameOf(
  records: readonly TestRecord[],
  timestamp = 1_000,
  granules = 0,
): FrameContent {
  const content = Buffer.concat(records.map(encodeRecord))
  const sizeBytes = granules * layout.GRANULE_BYTES - layout.FRAME_HEADER_BYTES
  const bytes = Buffer.concat([content, Buffer.alloc(Math.max(0, sizeBytes - content.length))])
  const own = records.map((record) => record.timestamp ?? timestamp)
  const newestTimestamp = Math.max(...own)
  return { bytes, from: 0, to: bytes.length, count: records.length, timestamp, newestTimestamp }
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
  return { bytes: Buffer.alloc(0), from: 0, to, count, timestamp: 0, newestTimestamp: 0 }
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
export function valueOf(reader: Reader): string {
  return reader.log.bytes.toString('utf8', reader.valueFrom, reader.valueTo)
}

/** Offset and value of every record from a reader's place to the end. */
export function readAll(reader: Reader): [number, string][] {
  const records: [number, string][] = []
  while (reader.next()) {
    while (reader.nextRecord()) records.push([reader.recordOffset, valueOf(reader)])
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
  /** Steps so far. */
  steps = 0

  /** Another view of the same log. */
  static of(log: PartitionLog): SteppedLog {
    return new SteppedLog(log.region)
  }

  /** Acts once, before the given call of a step from here on, 1 being the next. */
  before(step: Step | 'any', call: number, action: () => void): this {
    this.plans.push({ step, calls: call, action })
    return this
  }

  private enter(step: Step): void {
    this.steps++
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
