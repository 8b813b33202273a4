import { attach } from '#memory'
import { type Codec, defineCodec } from '../codec/codec.js'
import type { CodecDescription } from '../codec/description.js'
import { describeCodec, loadCodec } from '../codec/portable.js'
import { MillraceError } from '../errors.js'
import * as layout from '../log/layout.js'
import { type LogGeometry, PartitionLog } from '../log/partition-log.js'
import { checkInteger, checkOptions, describeValue, invalidOption, parseSize } from '../options.js'
import { DEAD_LETTER_HEADROOM_BYTES, DEAD_LETTER_PREFIX } from './dead-letter-topic.js'
import {
  defaultPartitioner,
  describePartitioner,
  loadPartitioner,
  type Partitioner,
  type PartitionerDescription,
  toPartitioner,
} from './partitioner-option.js'

export const PARTITIONS_MAX = 1024

const PARTITION_MEMORY_DEFAULT = 8 * 2 ** 20
const PARTITION_MEMORY_MAX = 2 ** 31

/** Segments of a log that is not tiny: what is recycled at once is then an eighth of it. */
const SEGMENTS = 8
const SEGMENTS_MIN = 4
/** Below this size a segment is too small to be halved: 64 KiB. */
const SEGMENT_GRANULES_SMALL = 2 ** 10
const SEGMENT_GRANULES_MIN = 4

/**
 * Bytes of a frame that are not the message's: the frame's header, its record's header and a
 * timestamp. What is left is for value, key and headers.
 */
const MESSAGE_OVERHEAD_BYTES = layout.FRAME_HEADER_BYTES + layout.RECORD_HEADER_BYTES + 8
const FRAME_BYTES_MAX = layout.FRAME_GRANULES_MAX * layout.GRANULE_BYTES
export const MESSAGE_BYTES_MAX =
  FRAME_BYTES_MAX - MESSAGE_OVERHEAD_BYTES - DEAD_LETTER_HEADROOM_BYTES

const NAME = /^[a-zA-Z0-9._-]{1,249}$/
const OPTION_NAMES: ReadonlySet<string> = new Set([
  'partitions',
  'codec',
  'memory',
  'maxMessageBytes',
  'partitioner',
])

/** How a topic is made. */
export interface TopicOptions<T = unknown> {
  /** Logs of the topic, 1 to 1024. The unit of order, and of parallel work in a group. */
  readonly partitions: number
  /** How values become bytes. */
  readonly codec: Codec<T>
  /**
   * Memory for the records of the whole topic: bytes, or a text such as `'64MiB'`. Its partitions
   * share it evenly, each rounded down to a power of two, from 1 KiB to 2 GiB. Default: 8 MiB for
   * each partition. Bookkeeping adds 6.25 % and about 20 KiB for each partition. The operating
   * system hands out pages only as they are first used.
   */
  readonly memory?: number | string
  /**
   * Largest message in bytes: value, key and headers together, these with 4 bytes and 8 for each of
   * them. Default, and upper limit: what fits into a segment, which is an eighth of a partition's
   * memory (a quarter where that is small), and about 1 MiB.
   */
  readonly maxMessageBytes?: number
  /** Chooses the partitions of keys. Default: murmur2, as Kafka does. */
  readonly partitioner?: Partitioner
}

/** What another thread is told about a topic. It can be cloned; the memory is shared. */
export interface TopicDescription {
  readonly name: string
  readonly buffers: readonly SharedArrayBuffer[]
  readonly codec: CodecDescription
  readonly partitioner: PartitionerDescription
  readonly messageBytesMax: number
}

interface TopicParts<T> {
  readonly name: string
  readonly codec: Codec<T>
  readonly logs: readonly PartitionLog[]
  readonly partitioner: Partitioner
  readonly messageBytesMax: number
}

/** One thread's view of a topic: its partition logs and how messages are put into them. */
export class Topic<T = unknown> {
  readonly name: string
  readonly codec: Codec<T>
  readonly logs: readonly PartitionLog[]
  readonly partitioner: Partitioner
  /** Largest message: value, key and encoded headers. */
  readonly messageBytesMax: number
  /** Largest frame of its logs. */
  readonly frameBytesMax: number

  private constructor(parts: TopicParts<T>) {
    this.name = parts.name
    this.codec = parts.codec
    this.logs = parts.logs
    this.partitioner = parts.partitioner
    this.messageBytesMax = parts.messageBytesMax
    this.frameBytesMax = (parts.logs[0] as PartitionLog).frameBytesMax
  }

  /**
   * Allocates a topic.
   *
   * @param start where the logs begin, for tests that want counters to wrap
   * @throws MillraceError `INVALID_OPTION`, `UNKNOWN_OPTION`, or `MEMORY_TOO_SMALL` if the memory
   *   does not hold 4 segments for each partition, or a segment does not hold `maxMessageBytes`
   */
  static create<T>(
    name: string,
    options: TopicOptions<T>,
    start: Pick<LogGeometry, 'startPosition' | 'startOffset'> = {},
  ): Topic<T> {
    checkName(name)
    const field = `topics.${name}`
    checkOptions(options, field, OPTION_NAMES)
    const codec = checkCodec(options.codec, field)
    const partitioner = toPartitioner(options.partitioner, `${field}.partitioner`)
    const plan = planMemory(options, field)
    const logs = Array.from({ length: plan.partitions }, () =>
      PartitionLog.create({ ...plan.geometry, ...start }),
    )
    return new Topic({ name, codec, logs, partitioner, messageBytesMax: plan.messageBytesMax })
  }

  /**
   * Describes the topic for {@link Topic.load} in another thread.
   *
   * @throws MillraceError `CODEC_NOT_PORTABLE` for a codec or partitioner that names no module
   */
  describe(): TopicDescription {
    return {
      name: this.name,
      buffers: this.logs.map((log) => log.region.buffer),
      codec: describeCodec(this.codec as Codec<unknown>),
      partitioner: describePartitioner(this.partitioner),
      messageBytesMax: this.messageBytesMax,
    }
  }

  /**
   * The topic of a description, in this thread.
   *
   * @throws MillraceError `CODEC_NOT_PORTABLE` if the module of its codec or partitioner does not
   *   load
   */
  static async load(description: TopicDescription): Promise<Topic> {
    const { name, buffers, messageBytesMax } = description
    const codec = await loadCodec(description.codec)
    const partitioner = await loadPartitioner(description.partitioner)
    const logs = buffers.map((buffer) => new PartitionLog(attach(buffer)))
    return new Topic({ name, codec, logs, partitioner, messageBytesMax })
  }

  get partitions(): number {
    return this.logs.length
  }

  /** The partition of the key in bytes [0, to). @throws MillraceError `INVALID_PARTITION` */
  partitionOfKey(key: Uint8Array, to: number): number {
    const { partitions } = this
    if (partitions === 1) return 0
    const partition = this.partitioner.partitionOf(key, 0, to, partitions)
    if (this.partitioner !== defaultPartitioner) this.checkPartition(partition)
    return partition
  }

  /** @throws MillraceError `INVALID_PARTITION` unless it is one of the topic's */
  checkPartition(partition: number): void {
    if (Number.isInteger(partition) && partition >= 0 && partition < this.partitions) return
    const max = this.partitions - 1
    throw new MillraceError(
      'INVALID_PARTITION',
      `topic ${this.name} has the partitions 0 to ${max}, but not ${describeValue(partition)}`,
      { topic: this.name, received: partition, max },
    )
  }
}

function checkName(name: string): void {
  const isName = typeof name === 'string' && NAME.test(name) && name !== '.' && name !== '..'
  if (isName && name.startsWith(DEAD_LETTER_PREFIX)) {
    throw invalidOption(
      'topic name',
      `without the prefix ${DEAD_LETTER_PREFIX} of dead letters`,
      name,
    )
  }
  if (isName) return
  throw invalidOption('topic name', '1 to 249 of the characters a-z, A-Z, 0-9, ., _ and -', name)
}

function checkCodec<T>(codec: Codec<T>, field: string): Codec<T> {
  if (codec === undefined) throw invalidOption(`${field}.codec`, 'a codec, such as json()', codec)
  return defineCodec(codec)
}

type MemoryOptions = Pick<TopicOptions, 'partitions' | 'memory' | 'maxMessageBytes'>

interface MemoryPlan {
  readonly partitions: number
  readonly geometry: LogGeometry
  readonly messageBytesMax: number
}

function planMemory(options: MemoryOptions, field: string): MemoryPlan {
  const partitions = checkInteger(options.partitions, `${field}.partitions`, 1, PARTITIONS_MAX)
  const wanted = options.maxMessageBytes
  if (wanted !== undefined) {
    checkInteger(wanted, `${field}.maxMessageBytes`, 1, MESSAGE_BYTES_MAX)
  }
  const granulesWanted = layout.granulesFor((wanted ?? 1) + MESSAGE_OVERHEAD_BYTES)
  const granules = partitionGranules(options.memory, partitions, field)
  const geometry = divide(granules, granulesWanted)
  if (geometry === undefined) throw memoryTooSmall(field, options, granulesWanted)
  const frameGranulesMax = Math.min(geometry.segmentGranules, layout.FRAME_GRANULES_MAX)
  const fits = frameGranulesMax * layout.GRANULE_BYTES - MESSAGE_OVERHEAD_BYTES
  return { partitions, geometry, messageBytesMax: wanted ?? Math.min(fits, MESSAGE_BYTES_MAX) }
}

/** Granules of each partition, rounded down to a power of two. */
function partitionGranules(memory: unknown, partitions: number, field: string): number {
  const name = `${field}.memory`
  const sizeBytes =
    memory === undefined ? partitions * PARTITION_MEMORY_DEFAULT : parseSize(memory, name)
  const shareBytes = sizeBytes / partitions
  if (shareBytes > PARTITION_MEMORY_MAX) {
    throw invalidOption(name, `at most 2 GiB for each of ${partitions} partitions`, memory)
  }
  return powerOfTwoBelow(shareBytes / layout.GRANULE_BYTES)
}

/** Segments of a log, or undefined if it is too small for a message of that many granules. */
function divide(granules: number, granulesWanted: number): LogGeometry | undefined {
  const many = granules / SEGMENTS
  if (many >= SEGMENT_GRANULES_SMALL && many >= granulesWanted) {
    return { segmentCount: SEGMENTS, segmentGranules: many }
  }
  const few = granules / SEGMENTS_MIN
  if (few < SEGMENT_GRANULES_MIN || few < granulesWanted) return undefined
  return { segmentCount: SEGMENTS_MIN, segmentGranules: few }
}

function memoryTooSmall(
  field: string,
  options: MemoryOptions,
  granulesWanted: number,
): MillraceError {
  const { memory, partitions, maxMessageBytes } = options
  const segment = Math.max(powerOfTwoAbove(granulesWanted), SEGMENT_GRANULES_MIN)
  const neededBytes = segment * layout.GRANULE_BYTES * SEGMENTS_MIN * partitions
  const purpose = maxMessageBytes === undefined ? '' : ` with messages of ${maxMessageBytes} bytes`
  return new MillraceError(
    'MEMORY_TOO_SMALL',
    `${field}.memory must be at least ${neededBytes} bytes for ${partitions} partitions${purpose}, ` +
      `but is ${describeValue(memory)}`,
    { field: `${field}.memory`, received: memory, neededBytes },
  )
}

function powerOfTwoBelow(value: number): number {
  return value < 1 ? 0 : 2 ** Math.floor(Math.log2(value))
}

function powerOfTwoAbove(value: number): number {
  return 2 ** Math.ceil(Math.log2(value))
}
