import { after, monotonicMs, type Timer } from '#clock'
import { callInHand, sentenceCall } from '../core/group/attempt.js'
import type { GroupPartition } from '../core/group/coordinator.js'
import { holderOf } from '../core/group/cursor.js'
import { timeoutError } from './handler-call.js'
import { MemberStats } from './worker-control.js'

/** A handler whose signal was aborted has as long again to settle, and no longer than this. */
const GRACE_MS_MAX = 5000
const LOOK_MS_MIN = 5
const LOOK_MS_MAX = 1000

export interface HandlerJudgeOptions {
  readonly gate: number
  readonly partitions: readonly GroupPartition[]
  readonly timeoutMs: number
  /** Whether a member runs in a thread that can be ended from here. */
  readonly isOurs: (member: number) => boolean
  /** Ends that thread. */
  readonly end: (member: number, reason: Error) => void
}

interface Sight {
  readonly member: number
  readonly call: number
  readonly sinceMs: number
}

/**
 * Ends the worker threads whose handlers do not come to an end. It runs in the thread that started
 * them, which alone can end them; a handler that blocks its own thread is no obstacle.
 *
 * It looks at the gates now and then: a call that it still sees after the limit and the grace has
 * run at least that long, by the judge's own clock. While its thread is blocked nobody is judged.
 */
export class HandlerJudge {
  readonly stats = new MemberStats()
  private readonly options: HandlerJudgeOptions
  private readonly limitMs: number
  private readonly sights = new Map<GroupPartition, Sight>()
  private timer: Timer | undefined

  constructor(options: HandlerJudgeOptions) {
    this.options = options
    const { timeoutMs } = options
    this.limitMs = timeoutMs + Math.min(timeoutMs, GRACE_MS_MAX)
    this.waitForNextLook()
  }

  stop(): void {
    this.timer?.cancel()
  }

  private waitForNextLook(): void {
    const delayMs = Math.min(Math.max(this.options.timeoutMs / 4, LOOK_MS_MIN), LOOK_MS_MAX)
    this.timer = after(delayMs, () => {
      for (const partition of this.options.partitions) this.look(partition)
      this.waitForNextLook()
    })
  }

  private look(partition: GroupPartition): void {
    const { gate } = this.options
    const member = holderOf(partition.log, gate)
    const call = callInHand(partition.log, gate)
    if (call === undefined) {
      this.sights.delete(partition)
      return
    }
    const sight = this.sights.get(partition)
    if (sight?.member !== member || sight.call !== call) {
      this.sights.set(partition, { member, call, sinceMs: monotonicMs() })
    } else if (monotonicMs() - sight.sinceMs >= this.limitMs) {
      this.judge(partition, sight)
    }
  }

  private judge({ topic, partition, log }: GroupPartition, { member, call }: Sight): void {
    const { gate, timeoutMs, isOurs, end } = this.options
    if (!isOurs(member)) return
    const offset = sentenceCall(log, gate, call)
    if (offset === undefined) return
    this.stats.timedOut++
    this.stats.failed++
    end(member, timeoutError(timeoutMs, offset, { topic, partition }))
  }
}
