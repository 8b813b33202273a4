import { type RetryOptions, RetryPolicy } from '../core/delivery/retry.js'
import { checkInteger, checkOptions, invalidOption, TIMEOUT_MS_MAX } from '../core/options.js'
import type { GroupOptions } from './group-membership.js'

/** How a group consumes. All live members of a group have the same. */
export interface ConsumerOptions {
  /** Name of the group, 1 to 200 of the characters a-z, A-Z, 0-9, ., _ and -. */
  readonly groupId: string
  /** Topics to read, 1 or more. */
  readonly topics: readonly string[]
  /**
   * Where the group begins the first time: with the oldest record that the log still has, or with
   * the next one. Default: `'latest'`, as in Kafka.
   */
  readonly from?: 'earliest' | 'latest'
  /**
   * `'at-least-once'` (default) commits records when their handler is done: after a crash some come
   * again. `'at-most-once'` commits them before: after a crash some are missing.
   */
  readonly delivery?: 'at-least-once' | 'at-most-once'
  /** How often a failed message is tried again. */
  readonly retry?: RetryOptions
  /**
   * Whether messages that are given up go to the topic `dlq.<groupId>.<topic>` (default), or are
   * discarded and counted.
   */
  readonly deadLetter?: boolean
  /**
   * How long a handler may take, in milliseconds: 1 to 2^31 - 1. Default: as long as it likes. Then
   * its signal is aborted. If it has not settled after as long again, 5 s at most, its worker thread
   * is ended, and that is a failed attempt. A handler in the calling thread cannot be ended.
   */
  readonly handlerTimeoutMs?: number
}

const NAMES: ReadonlySet<string> = new Set([
  'groupId',
  'topics',
  'from',
  'delivery',
  'retry',
  'deadLetter',
  'handlerTimeoutMs',
])
const GROUP_ID = /^[a-zA-Z0-9._-]{1,200}$/

/** What became of a consumer's options. */
export interface CheckedConsumerOptions {
  readonly group: GroupOptions
  readonly retry: RetryOptions
}

/** @throws MillraceError `UNKNOWN_OPTION`, `INVALID_OPTION` */
export function checkConsumerOptions(options: ConsumerOptions): CheckedConsumerOptions {
  checkOptions(options, 'consumer', NAMES)
  const { groupId, topics, retry = {}, deadLetter = true } = options
  const from = options.from ?? 'latest'
  const delivery = options.delivery ?? 'at-least-once'
  if (typeof groupId !== 'string' || !GROUP_ID.test(groupId)) {
    throw invalidOption('groupId', '1 to 200 of the characters a-z, A-Z, 0-9, ., _ and -', groupId)
  }
  if (!Array.isArray(topics) || topics.length === 0 || new Set(topics).size < topics.length) {
    throw invalidOption('topics', 'a list of one or more different names', topics)
  }
  checkChoice('from', from, ['earliest', 'latest'])
  checkChoice('delivery', delivery, ['at-least-once', 'at-most-once'])
  if (typeof deadLetter !== 'boolean') {
    throw invalidOption('deadLetter', 'true or false', deadLetter)
  }
  // Checked here, so that a mistake shows before a thread is started.
  new RetryPolicy(retry)
  const { handlerTimeoutMs } = options
  if (handlerTimeoutMs !== undefined) {
    checkInteger(handlerTimeoutMs, 'handlerTimeoutMs', 1, TIMEOUT_MS_MAX)
  }
  const policy = JSON.stringify({ delivery, retry, handlerTimeoutMs })
  const settings = { topics, from, deadLetter, policy }
  const group = {
    groupId,
    settings,
    isAtMostOnce: delivery === 'at-most-once',
    handlerTimeoutMs: handlerTimeoutMs ?? Number.POSITIVE_INFINITY,
  }
  return { group, retry }
}

function checkChoice(field: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return
  throw invalidOption(field, choices.map((choice) => `'${choice}'`).join(' or '), value)
}
