import type { Region } from '#memory'
import * as memory from '#memory'

/** What a consumer has done since it was made. */
export interface ConsumerStats {
  /** Records whose handler has settled, the dead ones included. */
  readonly processed: number
  /** Records handed over again because an owner died or let go before it had committed them. */
  readonly redelivered: number
  /** Calls of the handler that threw or rejected, or whose thread was ended. */
  readonly failed: number
  /** Those that took longer than `handlerTimeoutMs`, whatever came of them. */
  readonly timedOut: number
  /** Attempts beyond the first. */
  readonly retried: number
  /** Records sent to the dead letters. */
  readonly deadLettered: number
  /** Records given up without a dead letter, with `deadLetter: false`. */
  readonly discarded: number
  /** Records that at-most-once delivery may have lost. */
  readonly maybeLost: number
  /**
   * Commits that were refused, and handlers that came to an end in vain, because the partition had
   * gone to another owner or place, or their time was over.
   */
  readonly staleCommits: number
}

const FIELDS = [
  'processed',
  'redelivered',
  'failed',
  'timedOut',
  'retried',
  'deadLettered',
  'discarded',
  'maybeLost',
  'staleCommits',
] as const satisfies readonly (keyof ConsumerStats)[]

/** The counts of one member, which it alone changes. */
export class MemberStats {
  processed = 0
  redelivered = 0
  failed = 0
  timedOut = 0
  retried = 0
  deadLettered = 0
  discarded = 0
  maybeLost = 0
  staleCommits = 0
}

/*
 * Control memory of a worker:
 *
 *   word 0       not 0: it is asked to stop
 *   double 8..   its counts
 */
const STOP_WORD = 0
const FIRST_COUNT = 8

/**
 * What a worker and the thread that started it tell each other while the worker is busy: the wish
 * to stop, and its counts. A worker's replacement goes on from the counts it finds, so that they
 * survive a death. They may be a moment old.
 */
export class WorkerControl {
  readonly region: Region

  constructor(region: Region) {
    this.region = region
  }

  static create(): WorkerControl {
    return new WorkerControl(memory.allocate((FIRST_COUNT + FIELDS.length) * 8))
  }

  get isStopping(): boolean {
    return memory.load(this.region.words, STOP_WORD) !== 0
  }

  stop(): void {
    memory.store(this.region.words, STOP_WORD, 1)
  }

  write(stats: MemberStats): void {
    FIELDS.forEach((field, index) => {
      memory.writeDouble(this.region.doubles, FIRST_COUNT + index, stats[field])
    })
  }

  read(): MemberStats {
    const stats = new MemberStats()
    FIELDS.forEach((field, index) => {
      stats[field] = memory.readDouble(this.region.doubles, FIRST_COUNT + index)
    })
    return stats
  }
}

/** Adds up the counts of several members. */
export function totalStats(all: readonly ConsumerStats[]): ConsumerStats {
  const total = new MemberStats()
  for (const stats of all) for (const field of FIELDS) total[field] += stats[field]
  return { ...total }
}
