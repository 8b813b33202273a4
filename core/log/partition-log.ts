import type { Region } from '#memory'
import * as memory from '#memory'
import { MillraceError } from '../errors.js'
import * as layout from './layout.js'

/** 2 GiB of data. */
const GRANULES_MAX = 2 ** 25

export interface LogGeometry {
  /** Segments, a power of two, 4 or more. */
  readonly segmentCount: number
  /** Granules of 64 bytes in each, a power of two. */
  readonly segmentGranules: number
  /** Position of the first frame, a multiple of the segment: lets a test begin before a wrap. */
  readonly startPosition?: number
  /** Offset of the first record. */
  readonly startOffset?: number
}

/**
 * One thread's view of a partition log: its memory and its geometry. It holds no state; appending
 * is in `appender.ts`, reading in `reader.ts`, the reuse of segments in `recycler.ts`, finding an
 * offset or a time in `finder.ts`, and what happens after a death in `repair.ts`.
 *
 * Positions are 32-bit integers that wrap; only their differences have a meaning.
 */
export class PartitionLog {
  readonly region: Region
  readonly words: Int32Array
  readonly longs: BigInt64Array
  readonly doubles: Float64Array
  readonly bytes: Buffer
  readonly segmentCount: number
  readonly segmentGranules: number
  readonly capacityGranules: number
  /** Largest frame that fits, in bytes. */
  readonly frameBytesMax: number
  /** position & segmentMask: granule within its segment. */
  readonly segmentMask: number
  private readonly positionMask: number
  private readonly segmentShift: number
  private readonly lapShift: number
  private readonly tags: number
  private readonly data: number

  constructor(region: Region) {
    const { words } = region
    if (memory.load(words, layout.MAGIC_WORD) !== layout.MAGIC) {
      throw new Error('this memory does not hold a partition log')
    }
    this.region = region
    this.words = words
    this.longs = region.longs
    this.doubles = region.doubles
    this.bytes = region.bytes
    this.segmentCount = memory.read(words, layout.SEGMENT_COUNT_WORD)
    this.segmentGranules = memory.read(words, layout.SEGMENT_GRANULES_WORD)
    this.capacityGranules = this.segmentCount * this.segmentGranules
    this.frameBytesMax =
      Math.min(this.segmentGranules, layout.FRAME_GRANULES_MAX) * layout.GRANULE_BYTES
    this.segmentMask = this.segmentGranules - 1
    this.positionMask = this.capacityGranules - 1
    this.segmentShift = 31 - Math.clz32(this.segmentGranules)
    this.lapShift = 31 - Math.clz32(this.capacityGranules)
    this.tags = layout.tagsWord(this.segmentCount)
    this.data = layout.dataByte(this.segmentCount, this.segmentGranules)
  }

  /** Allocates an empty log. */
  static create(geometry: LogGeometry): PartitionLog {
    const { segmentCount, segmentGranules, startPosition = 0, startOffset = 0 } = geometry
    checkGeometry(segmentCount, segmentGranules, startPosition)
    const sizeBytes =
      layout.dataByte(segmentCount, segmentGranules) +
      segmentCount * segmentGranules * layout.GRANULE_BYTES
    const region = memory.allocate(sizeBytes)
    memory.write(region.words, layout.SEGMENT_COUNT_WORD, segmentCount)
    memory.write(region.words, layout.SEGMENT_GRANULES_WORD, segmentGranules)
    memory.store(region.words, layout.MAGIC_WORD, layout.MAGIC)
    const log = new PartitionLog(region)
    log.begin(startPosition | 0, startOffset)
    return log
  }

  /** Opens the first segment; the others look as if their content of the last lap were gone. */
  private begin(position: number, offset: number): void {
    for (let segment = 0; segment < this.segmentCount; segment++) {
      const next = (position + segment * this.segmentGranules) | 0
      const lap = segment === 0 ? this.lapOf(next) : this.lapOf(next - this.capacityGranules)
      const state = segment === 0 ? layout.openState(lap) : layout.sealedState(lap)
      this.setSegmentOffset(this.segmentOf(next), offset)
      memory.store(this.words, layout.segmentStateWord(this.segmentOf(next)), state)
    }
    const firstTag = this.tagWord(position)
    const free = layout.freeTag(this.lapOf(position))
    memory.fill(this.words, free, firstTag, firstTag + this.segmentGranules)
    memory.store(this.words, layout.NEWEST_GAP_END_WORD, offset | 0)
    memory.storeLong(this.longs, layout.TAIL_LONG, pack(position, offset))
  }

  /** Word of the position's tag. */
  tagWord(position: number): number {
    return this.tags + (position & this.positionMask)
  }

  /** First byte of the position's granule. */
  dataByte(position: number): number {
    return this.data + (position & this.positionMask) * layout.GRANULE_BYTES
  }

  lapOf(position: number): number {
    return position >>> this.lapShift
  }

  segmentOf(position: number): number {
    return (position & this.positionMask) >>> this.segmentShift
  }

  isSegmentStart(position: number): boolean {
    return (position & this.segmentMask) === 0
  }

  segmentStart(position: number): number {
    return position & ~this.segmentMask
  }

  /** Whether the position's segment is open in the lap of the position. */
  isOpen(position: number): boolean {
    const state = memory.load(this.words, layout.segmentStateWord(this.segmentOf(position)))
    return state === layout.openState(this.lapOf(position))
  }

  /** Offset of the first record of a segment. Exact while the segment's state is unchanged. */
  segmentOffset(segment: number): number {
    const low = memory.load(this.words, layout.segmentOffsetLowWord(segment)) >>> 0
    return memory.load(this.words, layout.segmentOffsetHighWord(segment)) * 2 ** 32 + low
  }

  /** Which use of the segment this is. */
  segmentUse(segment: number): number {
    return memory.load(this.words, layout.segmentUseWord(segment))
  }

  /** Under the lease, while the segment is sealed. */
  setSegmentOffset(segment: number, offset: number): void {
    memory.store(this.words, layout.segmentOffsetLowWord(segment), offset | 0)
    memory.store(this.words, layout.segmentOffsetHighWord(segment), Math.floor(offset / 2 ** 32))
  }

  /**
   * The offset whose lower half is given, next to a known one: the log holds far fewer than 2^31
   * records, so the nearest is the one.
   */
  widenOffset(low: number, near: number): number {
    return near + ((low - near) | 0)
  }
}

/** Tail and cursor are two 32-bit halves of one 64-bit word. */
export function pack(high: number, low: number): bigint {
  return (BigInt(high | 0) << 32n) | BigInt(low >>> 0)
}

export function highHalf(long: bigint): number {
  return Number(BigInt.asIntN(32, long >> 32n))
}

export function lowHalf(long: bigint): number {
  return Number(BigInt.asIntN(32, long))
}

function checkGeometry(count: number, granules: number, startPosition: number): void {
  const isPowerOfTwo = (value: number) => Number.isInteger(value) && (value & (value - 1)) === 0
  const valid =
    count >= 4 &&
    granules >= 1 &&
    isPowerOfTwo(count) &&
    isPowerOfTwo(granules) &&
    count * granules <= GRANULES_MAX &&
    startPosition % granules === 0
  if (valid) return
  throw new MillraceError(
    'INVALID_OPTION',
    `a log needs a power of two of 4 or more segments, a power of two of granules in each, at most 2^25 granules and a start on a segment; got ${count} x ${granules} from ${startPosition}`,
    { segmentCount: count, segmentGranules: granules, startPosition },
  )
}
