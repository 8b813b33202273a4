import { threadId } from 'node:worker_threads'
import * as memory from '../../core/memory.js'
import { nowMs } from './clock.js'
import { decodeSample, keyText, type Sample } from './sample.js'
import {
  PARTITIONS_MAX,
  PRODUCERS_MAX,
  placeOf,
  SEQUENCES_MAX,
  type SendLedger,
} from './send-ledger.js'

export const KEYS_MAX = 64
const TAKEOVERS_MAX = 8192
const ANOMALIES_MAX = 16

/** What a handler can see that must never be. */
export const ANOMALIES = [
  'torn record',
  'phantom record',
  'record at two places',
  'skipped record of a key',
  'reordered record of a key',
  'rewind within one ownership',
  'redelivery of a committed record',
] as const
export type Anomaly = (typeof ANOMALIES)[number]

export interface SeenAnomaly {
  readonly what: Anomaly
  readonly partition: number
  readonly offset: number
  readonly producer: number
  readonly sequence: number
}

/** A partition went from one thread to another, as the handlers saw it. */
export interface Takeover {
  /** On the clock of `nowMs`. */
  readonly atMs: number
  readonly partition: number
  readonly from: number
  /** Offset of the last record that the thread before was given. */
  readonly lastOffset: number
  readonly to: number
  /** Offset of the first record that the new one was given. */
  readonly firstOffset: number
}

/*
 * words    | counters | partitions | anomalies | takeovers | newest key sequences | places
 * doubles  | times of takeovers
 */
const DUPLICATES = 0
const ANOMALY_COUNT = 1
const TAKEOVER_COUNT = 2
const COUNTERS_WORDS = 16

const PARTITIONS = COUNTERS_WORDS
const PARTITION_WORDS = 16
/** Thread id + 1; 0 before the first delivery. */
const OWNER = 0
const NEXT_OFFSET = 1
const FLOOR = 2
const DELIVERIES = 3

const ANOMALY_ROWS = PARTITIONS + PARTITIONS_MAX * PARTITION_WORDS
const ANOMALY_WORDS = 5
const TAKEOVER_ROWS = ANOMALY_ROWS + ANOMALIES_MAX * ANOMALY_WORDS
const TAKEOVER_WORDS = 6
const NEWEST = TAKEOVER_ROWS + TAKEOVERS_MAX * TAKEOVER_WORDS
const PLACES = NEWEST + PRODUCERS_MAX * KEYS_MAX
const WORDS = PLACES + PRODUCERS_MAX * SEQUENCES_MAX

/**
 * What the handlers of one group see, in shared memory, so that it outlives them. A partition has
 * one owner at a time, so its words have one writer at a time, unless the engine is wrong.
 *
 * A thread may die between any two of the stores. So each of them leaves a state that is true: a
 * record that was not noted counts as not delivered.
 */
export class GroupLedger {
  readonly buffer: SharedArrayBuffer
  readonly timesBuffer: SharedArrayBuffer
  private readonly words: Int32Array
  private readonly times: Float64Array

  constructor(buffer?: SharedArrayBuffer, timesBuffer?: SharedArrayBuffer) {
    const region = buffer === undefined ? memory.allocate(WORDS * 4) : memory.attach(buffer)
    const times =
      timesBuffer === undefined ? memory.allocate(TAKEOVERS_MAX * 8) : memory.attach(timesBuffer)
    this.buffer = region.buffer
    this.words = region.words
    this.timesBuffer = times.buffer
    this.times = times.doubles
  }

  // ------------------------------------------------------------------------- written by handlers

  /**
   * Notes that a handler was given a record.
   *
   * @param attempt beyond 1 the same record comes again by right
   */
  observe(
    sends: SendLedger,
    partition: number,
    offset: number,
    key: unknown,
    bytes: Buffer,
    from: number,
    to: number,
    attempt: number,
  ): void {
    this.follow(partition, offset, attempt)
    memory.add(this.words, partitionWord(partition) + DELIVERIES, 1)
    const sample = decodeSample(bytes, from, to)
    if (sample === undefined || key !== keyText(sample.key)) {
      this.report('torn record', partition, offset, sample)
    } else if (sample.sequence >= sends.tried(sample.producer)) {
      this.report('phantom record', partition, offset, sample)
    } else {
      this.compare(sample, partition, offset, attempt)
    }
  }

  /** Offsets rise within one ownership, and a new owner begins at the committed offset or later. */
  private follow(partition: number, offset: number, attempt: number): void {
    const { words } = this
    const word = partitionWord(partition)
    const owner = memory.load(words, word + OWNER)
    const next = memory.load(words, word + NEXT_OFFSET)
    if (owner !== threadId + 1) {
      if (owner !== 0) this.addTakeover(partition, owner - 1, next - 1, offset)
      if (offset < memory.load(words, word + FLOOR)) {
        this.report('redelivery of a committed record', partition, offset, undefined)
      }
    } else if (offset < next && !(attempt > 1 && offset === next - 1)) {
      this.report('rewind within one ownership', partition, offset, undefined)
    }
    memory.store(words, word + OWNER, threadId + 1)
    memory.store(words, word + NEXT_OFFSET, offset + 1)
  }

  private compare(sample: Sample, partition: number, offset: number, attempt: number): void {
    const { words } = this
    const { producer, sequence, key, keySequence } = sample
    const newestWord = NEWEST + producer * KEYS_MAX + key
    const newest = memory.load(words, newestWord)
    const placeWord = PLACES + producer * SEQUENCES_MAX + sequence
    const place = memory.load(words, placeWord)
    if (place !== 0) {
      if (place !== placeOf(partition, offset)) {
        this.report('record at two places', partition, offset, sample)
      }
      if (attempt === 1) memory.add(words, DUPLICATES, 1)
    } else if (keySequence > newest) {
      this.report('skipped record of a key', partition, offset, sample)
    } else if (keySequence < newest - 1) {
      this.report('reordered record of a key', partition, offset, sample)
    }
    // In this order: a death between the two leaves a sample that is newest but has no place yet.
    if (keySequence >= newest) memory.store(words, newestWord, keySequence + 1)
    memory.store(words, placeWord, placeOf(partition, offset))
  }

  private addTakeover(partition: number, from: number, lastOffset: number, first: number): void {
    const { words } = this
    const index = memory.add(words, TAKEOVER_COUNT, 1)
    if (index >= TAKEOVERS_MAX) return
    memory.writeDouble(this.times, index, nowMs())
    const row = TAKEOVER_ROWS + index * TAKEOVER_WORDS
    memory.write(words, row + 1, partition)
    memory.write(words, row + 2, from)
    memory.write(words, row + 3, lastOffset)
    memory.write(words, row + 4, threadId)
    memory.write(words, row + 5, first)
    memory.store(words, row, 1)
  }

  private report(
    what: Anomaly,
    partition: number,
    offset: number,
    sample: Sample | undefined,
  ): void {
    const { words } = this
    const index = memory.add(words, ANOMALY_COUNT, 1)
    if (index >= ANOMALIES_MAX) return
    const row = ANOMALY_ROWS + index * ANOMALY_WORDS
    memory.write(words, row + 1, partition)
    memory.write(words, row + 2, offset)
    memory.write(words, row + 3, sample?.producer ?? -1)
    memory.write(words, row + 4, sample?.sequence ?? -1)
    memory.store(words, row, ANOMALIES.indexOf(what) + 1)
  }

  // ------------------------------------------------------------------------ written by the trial

  /** From here on, records before this offset must not come again to a new owner. */
  raiseFloor(partition: number, committedOffset: number): void {
    memory.store(this.words, partitionWord(partition) + FLOOR, committedOffset)
  }

  // ---------------------------------------------------------------------------------------- read

  /** Deliveries of records that had been delivered before, retries left out. */
  get duplicates(): number {
    return memory.load(this.words, DUPLICATES)
  }

  get anomalyCount(): number {
    return memory.load(this.words, ANOMALY_COUNT)
  }

  /** The first of them. */
  anomalies(): SeenAnomaly[] {
    const rows = Math.min(this.anomalyCount, ANOMALIES_MAX)
    return Array.from({ length: rows }, (_, index) => ANOMALY_ROWS + index * ANOMALY_WORDS)
      .filter((row) => memory.load(this.words, row) !== 0)
      .map((row) => ({
        what: ANOMALIES[this.word(row) - 1] as Anomaly,
        partition: this.word(row + 1),
        offset: this.word(row + 2),
        producer: this.word(row + 3),
        sequence: this.word(row + 4),
      }))
  }

  /** In the order of their times. One whose thread died while it was noted is left out. */
  takeovers(): Takeover[] {
    const rows = Math.min(memory.load(this.words, TAKEOVER_COUNT), TAKEOVERS_MAX)
    return Array.from({ length: rows }, (_, index) => index)
      .filter((index) => memory.load(this.words, TAKEOVER_ROWS + index * TAKEOVER_WORDS) !== 0)
      .map((index) => {
        const row = TAKEOVER_ROWS + index * TAKEOVER_WORDS
        return {
          atMs: this.times[index] as number,
          partition: this.word(row + 1),
          from: this.word(row + 2),
          lastOffset: this.word(row + 3),
          to: this.word(row + 4),
          firstOffset: this.word(row + 5),
        }
      })
      .sort((a, b) => a.atMs - b.atMs)
  }

  deliveries(partition: number): number {
    return this.word(partitionWord(partition) + DELIVERIES)
  }

  /** Where a handler found a sample; 0 if none did. */
  place(producer: number, sequence: number): number {
    return this.word(PLACES + producer * SEQUENCES_MAX + sequence)
  }

  private word(index: number): number {
    return memory.load(this.words, index)
  }
}

function partitionWord(partition: number): number {
  return PARTITIONS + partition * PARTITION_WORDS
}
