import { MillraceError, RetryAfterError, UnrecoverableError } from '../errors.js'
import { checkInteger, checkNumber, checkOptions, TIMEOUT_MS_MAX } from '../options.js'

const NAMES: ReadonlySet<string> = new Set(['attempts', 'backoff'])
const BACKOFF_NAMES: ReadonlySet<string> = new Set(['initialMs', 'factor', 'maxMs'])
const ATTEMPTS_MAX = 1_000_000
const FACTOR_MAX = 1000

export interface RetryOptions {
  /** How often a message is handed to the handler before it is dead: 1 to 1,000,000, default 5. */
  readonly attempts?: number
  readonly backoff?: {
    /** Pause before the second attempt in milliseconds: 0 to 2^31 - 1, default 100. */
    readonly initialMs?: number
    /** Every further pause is longer by this factor: 1 to 1,000, default 2. */
    readonly factor?: number
    /** Longest pause in milliseconds: 0 to 2^31 - 1, default 30,000. */
    readonly maxMs?: number
  }
}

/** What to do after a failed attempt. */
export type Verdict =
  | { readonly action: 'retry'; readonly delayMs: number }
  | { readonly action: 'dead'; readonly reason: 'rejected' | 'attempts' | 'decode' }

/** The group's rule for messages whose handler failed. */
export class RetryPolicy {
  readonly attempts: number
  private readonly initialMs: number
  private readonly factor: number
  private readonly maxMs: number

  /** @throws MillraceError `UNKNOWN_OPTION`, `INVALID_OPTION` */
  constructor(options: RetryOptions = {}) {
    checkOptions(options, 'retry', NAMES)
    const { attempts = 5, backoff = {} } = options
    checkOptions(backoff, 'retry.backoff', BACKOFF_NAMES)
    const { initialMs = 100, factor = 2, maxMs = 30_000 } = backoff
    this.attempts = checkInteger(attempts, 'retry.attempts', 1, ATTEMPTS_MAX)
    this.initialMs = checkNumber(initialMs, 'retry.backoff.initialMs', 0, TIMEOUT_MS_MAX)
    this.factor = checkNumber(factor, 'retry.backoff.factor', 1, FACTOR_MAX)
    this.maxMs = checkNumber(maxMs, 'retry.backoff.maxMs', 0, TIMEOUT_MS_MAX)
  }

  /** @param attempt number of the attempt that failed, from 1 */
  judge(error: unknown, attempt: number): Verdict {
    if (error instanceof UnrecoverableError) return { action: 'dead', reason: 'rejected' }
    if (isUndecodable(error)) return { action: 'dead', reason: 'decode' }
    if (attempt >= this.attempts) return { action: 'dead', reason: 'attempts' }
    if (error instanceof RetryAfterError) {
      return { action: 'retry', delayMs: Math.min(error.delayMs, TIMEOUT_MS_MAX) }
    }
    return { action: 'retry', delayMs: this.delayMs(attempt) }
  }

  private delayMs(attempt: number): number {
    return Math.min(this.maxMs, this.initialMs * this.factor ** (attempt - 1))
  }
}

/** From a batch: bytes that cannot be read will not be readable the next time either. */
function isUndecodable(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'UNDECODABLE_VALUE'
}
