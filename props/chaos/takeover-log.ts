import { threadId } from 'node:worker_threads'
import * as memory from '../../core/memory.js'
import { nowMs } from './clock.js'

export const PARTITIONS_MAX = 8
const TAKEOVERS_MAX = 8192

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
 * words    | takeovers | partitions | rows of takeovers
 * doubles  | times of takeovers
 */
const TAKEOVER_COUNT = 0
const PARTITIONS = 16
const PARTITION_WORDS = 16
/** Thread id + 1; 0 before the first delivery. */
const OWNER = 0
const NEXT_OFFSET = 1
const DELIVERIES = 2
const ROWS = PARTITIONS + PARTITIONS_MAX * PARTITION_WORDS
const ROW_WORDS = 6
const TIMES = (ROWS + TAKEOVERS_MAX * ROW_WORDS) / 2

/**
 * Which partition the handlers of one group saw in which thread, and when it changed, in shared
 * memory, so that it outlives them. A partition has one owner at a time, so its words have one
 * writer at a time, unless the engine is wrong.
 */
export class TakeoverLog {
  readonly buffer: SharedArrayBuffer
  private readonly words: Int32Array
  private readonly times: Float64Array

  constructor(buffer?: SharedArrayBuffer) {
    const {
      buffer: shared,
      words,
      doubles,
    } = buffer === undefined ? memory.allocate((TIMES + TAKEOVERS_MAX) * 8) : memory.attach(buffer)
    this.buffer = shared
    this.words = words
    this.times = doubles
  }

  /** Called by a handler with each record that it is given. */
  follow(partition: number, offset: number): void {
    const { words } = this
    const word = partitionWord(partition)
    const owner = memory.load(words, word + OWNER)
    if (owner !== threadId + 1) {
      if (owner !== 0) {
        this.add(partition, owner - 1, memory.load(words, word + NEXT_OFFSET) - 1, offset)
      }
      memory.store(words, word + OWNER, threadId + 1)
    }
    memory.store(words, word + NEXT_OFFSET, offset + 1)
    memory.add(words, word + DELIVERIES, 1)
  }

  private add(partition: number, from: number, lastOffset: number, firstOffset: number): void {
    const { words } = this
    const index = memory.add(words, TAKEOVER_COUNT, 1)
    if (index >= TAKEOVERS_MAX) return
    memory.writeDouble(this.times, TIMES + index, nowMs())
    const row = ROWS + index * ROW_WORDS
    memory.write(words, row + 1, partition)
    memory.write(words, row + 2, from)
    memory.write(words, row + 3, lastOffset)
    memory.write(words, row + 4, threadId)
    memory.write(words, row + 5, firstOffset)
    memory.store(words, row, 1)
  }

  /** In the order of their times. One whose thread died while it was noted is left out. */
  takeovers(): Takeover[] {
    const { words } = this
    const rows = Math.min(memory.load(words, TAKEOVER_COUNT), TAKEOVERS_MAX)
    return Array.from({ length: rows }, (_, index) => index)
      .filter((index) => memory.load(words, ROWS + index * ROW_WORDS) !== 0)
      .map((index) => {
        const row = ROWS + index * ROW_WORDS
        return {
          atMs: memory.readDouble(this.times, TIMES + index),
          partition: memory.read(words, row + 1),
          from: memory.read(words, row + 2),
          lastOffset: memory.read(words, row + 3),
          to: memory.read(words, row + 4),
          firstOffset: memory.read(words, row + 5),
        }
      })
      .sort((a, b) => a.atMs - b.atMs)
  }

  deliveries(partition: number): number {
    return memory.load(this.words, partitionWord(partition) + DELIVERIES)
  }
}

function partitionWord(partition: number): number {
  return PARTITIONS + partition * PARTITION_WORDS
}
