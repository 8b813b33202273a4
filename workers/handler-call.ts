import { after, type Timer } from '#clock'
import { MillraceError } from '../core/errors.js'
import { beginCall, endCall } from '../core/group/attempt.js'
import type { PartitionLog } from '../core/log/partition-log.js'

/**
 * The calls of a handler in one lane: how they are told that their time is over. Where handlers have
 * a time limit, each call is also noted in the gate, where the judge of the thread's owner sees it
 * (`HandlerJudge`).
 */
export class HandlerCall {
  private readonly log: PartitionLog
  private readonly gate: number
  private readonly timeoutMs: number
  private controller = new AbortController()
  private timer: Timer | undefined
  private call = 0
  /** Whether the call took, or takes, longer than it may. */
  isOverdue = false

  /** @param timeoutMs milliseconds, or Infinity */
  constructor(log: PartitionLog, gate: number, timeoutMs: number) {
    this.log = log
    this.gate = gate
    this.timeoutMs = timeoutMs
  }

  private get isLimited(): boolean {
    return this.timeoutMs !== Number.POSITIVE_INFINITY
  }

  /** @returns the signal for the call that begins now */
  begin(): AbortSignal {
    if (this.isLimited) {
      this.call = beginCall(this.log, this.gate)
      if (this.isOverdue) this.controller = new AbortController()
      this.isOverdue = false
    }
    return this.controller.signal
  }

  /** The handler has returned a promise: from here on its signal can reach it. */
  watch(offset: number): void {
    if (!this.isLimited) return
    this.timer = after(this.timeoutMs, () => {
      this.isOverdue = true
      this.controller.abort(timeoutError(this.timeoutMs, offset))
    })
  }

  /** The handler has settled. @returns false if that came too late: the call was sentenced */
  end(): boolean {
    if (!this.isLimited) return true
    this.timer?.cancel()
    this.timer = undefined
    return endCall(this.log, this.gate, this.call)
  }

  /** Nobody waits for the handler any longer. */
  abort(): void {
    this.controller.abort()
  }
}

export function timeoutError(
  timeoutMs: number,
  offset: number,
  where: Readonly<Record<string, unknown>> = {},
): MillraceError {
  const message = `the handler was not done with offset ${offset} after ${timeoutMs} ms`
  return new MillraceError('HANDLER_TIMEOUT', message, { ...where, offset, timeoutMs })
}
