import type { Settings } from '../lib/row.js'

/** Who sends how much to whom. */
export interface Shape {
  readonly topics: number
  /** Of each topic. */
  readonly partitions: number
  /** Of all topics together. */
  readonly memoryMib: number
  /** Threads that send, to all topics in turn. */
  readonly producers: number
  readonly groups: number
  /** Worker threads of each group. */
  readonly workers: number
  readonly sizeBytes: number
  /** Different keys; 0 for messages without a key. */
  readonly keys: number
  /** Share of the messages that have one and the same key, 0 to 1. */
  readonly hotShare: number
  /**
   * Messages that lie in the log all the time, since the one producer and the one group wait for each
   * other; 0 for no such rule.
   */
  readonly aheadCount: number
  /** Whether all messages are there before the first one of them is handled. */
  readonly isBacklog: boolean
  readonly isAtMostOnce: boolean
  /** Turns of a loop that the handler makes with each message, one or two nanoseconds each. */
  readonly workTurns: number
  /** Of all producers together; the messages of the timed run follow those of the warm-up. */
  readonly warmUpCount: number
  readonly count: number
}

const DEFAULTS: Shape = {
  topics: 1,
  partitions: 1,
  memoryMib: 64,
  producers: 1,
  groups: 1,
  workers: 1,
  sizeBytes: 64,
  keys: 0,
  hotShare: 0,
  aheadCount: 0,
  isBacklog: false,
  isAtMostOnce: false,
  workTurns: 0,
  warmUpCount: 200_000,
  count: 1_000_000,
}

/** The settings of a case, and the usual for what they do not mention; 1 stands for true. */
export function shapeOf(settings: Settings): Shape {
  const shape = { ...DEFAULTS, ...settings }
  const { producers, isBacklog, isAtMostOnce, warmUpCount, count } = shape
  return {
    ...shape,
    isBacklog: Boolean(isBacklog),
    isAtMostOnce: Boolean(isAtMostOnce),
    warmUpCount: roundUp(warmUpCount, producers),
    count: roundUp(count, producers),
  }
}

/** Every producer sends the same number of messages. */
function roundUp(count: number, unit: number): number {
  return Math.ceil(count / unit) * unit
}

export function topicName(index: number): string {
  return `topic-${index}`
}
