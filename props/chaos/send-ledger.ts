import * as memory from '../../core/memory.js'

/** Samples that one producer thread sends at most; then another one takes its place. */
export const SEQUENCES_MAX = 2 ** 14
/** Producer threads of a trial, one after the other. */
export const PRODUCERS_MAX = 160
export const PARTITIONS_MAX = 8

const STOP = 0
const HEADER_WORDS = 16
const ROW_WORDS = 4
const TRIED = 0
const ACKNOWLEDGED = 1
const WAITING = 2
const PLACES = HEADER_WORDS + PRODUCERS_MAX * ROW_WORDS
const WORDS = PLACES + PRODUCERS_MAX * SEQUENCES_MAX

/** Partition and offset in one word; never 0. */
export function placeOf(partition: number, offset: number): number {
  return offset * PARTITIONS_MAX + partition + 1
}

/**
 * What the producers of a trial know, in shared memory, so that it outlives them.
 *
 * A sample is acknowledged once its send has resolved, or a flush behind it returned true. From
 * then on it must not be lost; of the others, which were tried, each may be there or not.
 */
export class SendLedger {
  readonly buffer: SharedArrayBuffer
  private readonly words: Int32Array

  constructor(buffer?: SharedArrayBuffer) {
    const region = buffer === undefined ? memory.allocate(WORDS * 4) : memory.attach(buffer)
    this.buffer = region.buffer
    this.words = region.words
  }

  get isStopping(): boolean {
    return memory.load(this.words, STOP) !== 0
  }

  /** Producers finish the send they are in, and end. */
  stop(): void {
    memory.store(this.words, STOP, 1)
  }

  /** Samples that the producer has begun to send. */
  tried(producer: number): number {
    return memory.load(this.words, rowWord(producer) + TRIED)
  }

  setTried(producer: number, count: number): void {
    memory.store(this.words, rowWord(producer) + TRIED, count)
  }

  /** Samples that the engine has acknowledged to the producer: the first ones. */
  acknowledged(producer: number): number {
    return memory.load(this.words, rowWord(producer) + ACKNOWLEDGED)
  }

  setAcknowledged(producer: number, count: number): void {
    memory.store(this.words, rowWord(producer) + ACKNOWLEDGED, count)
  }

  /** Whether the producer waits for space in a full log. */
  isWaiting(producer: number): boolean {
    return memory.load(this.words, rowWord(producer) + WAITING) !== 0
  }

  setWaiting(producer: number, isWaiting: boolean): void {
    memory.store(this.words, rowWord(producer) + WAITING, isWaiting ? 1 : 0)
  }

  /** Where the engine said that it put a sample; 0 if it did not say. */
  place(producer: number, sequence: number): number {
    return memory.load(this.words, placeWord(producer, sequence))
  }

  setPlace(producer: number, sequence: number, place: number): void {
    memory.store(this.words, placeWord(producer, sequence), place)
  }
}

function rowWord(producer: number): number {
  return HEADER_WORDS + producer * ROW_WORDS
}

function placeWord(producer: number, sequence: number): number {
  return PLACES + producer * SEQUENCES_MAX + sequence
}
