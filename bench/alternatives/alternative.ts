import type { FrameContent } from '../../core/log/appender.js'
import * as layout from '../../core/log/layout.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { wakeSleepers } from '../../core/log/wait-set.js'
import * as memory from '../../core/memory.js'
import type { ThreadTable } from '../../core/thread-table.js'
import { RecordFrame } from '../log/record-frame.js'

/**
 * The alternatives differ from the log in how a producer takes its place at the end of the chain,
 * or in how it copies. Memory, tags, recycling, the wait sets and the reader are the log's own, so
 * that a difference in a row is the difference of that one decision.
 */
export interface Alternative {
  /** Memory for a log of this geometry, zeroed but for what `PartitionLog.create` writes. */
  createLog(geometry: Geometry): SharedArrayBuffer
  /** Whether cursors and segments count positions instead of records. */
  readonly offsetsArePositions: boolean
  /** Called in each thread that produces. */
  join(shared: Shared): Producer
}

export interface Geometry {
  readonly segmentCount: number
  readonly segmentGranules: number
}

/** What all producers of a log have in common. */
export interface Shared {
  readonly log: PartitionLog
  readonly threads: ThreadTable
  /** Zeros, by which the producers may coordinate: 1 KiB and a word for each granule. */
  readonly coordination: SharedArrayBuffer
}

export function createCoordination({ segmentCount, segmentGranules }: Geometry): SharedArrayBuffer {
  return new SharedArrayBuffer(1024 + segmentCount * segmentGranules * 4)
}

export interface Producer {
  /** Appends one frame. @returns false if the log is full and nothing was written */
  append(content: FrameContent): boolean
  /** Room to collect records in, as near to the log as this alternative wants it. */
  createFrame(valueBytes: number, countMax: number): RecordFrame
}

export function createLog(geometry: Geometry): SharedArrayBuffer {
  return PartitionLog.create(geometry).region.buffer
}

export function createFrame(valueBytes: number, countMax: number): RecordFrame {
  return new RecordFrame(valueBytes, countMax)
}

/** Granules that the frame takes. @throws RangeError if it fits no segment */
export function granulesOf(log: PartitionLog, content: FrameContent): number {
  const frameBytes = layout.FRAME_HEADER_BYTES + content.to - content.from
  if (frameBytes > log.frameBytesMax) throw new RangeError(`no segment has ${frameBytes} bytes`)
  return layout.granulesFor(frameBytes)
}

/** Granules left in the segment. */
export function roomAt(log: PartitionLog, position: number): number {
  return log.segmentGranules - (position & log.segmentMask)
}

/** Writes header and records, as `Appender.fill` does. */
export function writeFrame(
  log: PartitionLog,
  position: number,
  offset: number,
  content: FrameContent,
): void {
  const start = log.dataByte(position)
  writeHeader(log, start, offset, content)
  const records = start + layout.FRAME_HEADER_BYTES
  memory.copy(log, records, content, content.from, content.to)
}

export function writeHeader(
  log: PartitionLog,
  start: number,
  offset: number,
  content: FrameContent,
): void {
  const { words, doubles } = log
  const word = start >>> 2
  const long = start >>> 3
  words[word + layout.FRAME_SIZE / 4] = layout.FRAME_HEADER_BYTES + content.to - content.from
  words[word + layout.FRAME_OFFSET_LOW / 4] = offset | 0
  doubles[long + layout.FRAME_TIMESTAMP / 8] = content.timestamp
  doubles[long + layout.FRAME_NEWEST_TIMESTAMP / 8] = content.newestTimestamp
  words[word + layout.FRAME_OFFSET_HIGH / 4] = Math.floor(offset / 2 ** 32)
  words[word + layout.FRAME_FLAGS / 4] = 0
  words[word + layout.FRAME_PRODUCER_ID / 4] = 0
  words[word + layout.FRAME_PRODUCER_SEQUENCE / 4] = 0
}

/** What follows every publish. */
export function wakeAll(log: PartitionLog, threads: ThreadTable): void {
  wakeSleepers(log.words, layout.DATA_WAITERS_WORD, threads)
  wakeSleepers(log.words, layout.SPACE_WAITERS_WORD, threads)
}
