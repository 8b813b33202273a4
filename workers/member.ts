import { monotonicMs, nextTurn } from '#clock'
import { DeadLetterWriter } from '../core/delivery/dead-letter.js'
import type { RetryPolicy } from '../core/delivery/retry.js'
import type { GroupPartition } from '../core/group/coordinator.js'
import * as cursor from '../core/group/cursor.js'
import { DATA_WAITERS_WORD } from '../core/log/layout.js'
import { enlist } from '../core/log/wait-set.js'
import type { Producer } from '../core/producer/producer.js'
import type { Thread } from '../core/thread.js'
import type { Topic } from '../core/topic/topic.js'
import type { Handler } from './handler.js'
import { Lane, type LaneHost } from './lane.js'
import { Spin } from './spin.js'
import { MemberStats } from './worker-control.js'

/** The longest time without a turn of the event loop. */
const TURN_MS = 10
/** How long an idle worker blocks before it leaves its sleep to the event loop. */
const BLOCK_MS = 5

export interface MemberOptions {
  readonly thread: Thread
  readonly groupId: string
  readonly gate: number
  readonly member: number
  readonly partitions: readonly GroupPartition[]
  readonly topicOf: (name: string) => Topic
  readonly handler: Handler<unknown>
  readonly retry: RetryPolicy
  readonly isAtMostOnce: boolean
  /** Infinity if handlers may take as long as they like. */
  readonly handlerTimeoutMs: number
  readonly producer: Producer
  /** Counts to go on from. */
  readonly stats?: MemberStats
  /** Whether the thread is the member's own, so that it may block while idle. */
  readonly mayBlock: boolean
  /** Looked at in every turn of the loop. */
  readonly shouldStop: () => boolean
  /** Tells the coordinator that this member goes. */
  readonly leave: () => Promise<unknown>
  /** Called now and then, and at the end. */
  readonly onProgress?: (stats: MemberStats) => void
}

/**
 * A member of a group: works on the partitions that are assigned to it, in the thread that runs it.
 *
 * ```
 *   assignment changed?  take and give back partitions, follow seeks
 *   each lane            hand over one frame
 *   nothing to do?       look on for a moment, commit, announce the sleep, look again, sleep
 * ```
 */
export class Member implements LaneHost {
  readonly thread: Thread
  readonly gate: number
  readonly member: number
  readonly handler: Handler<unknown>
  readonly retry: RetryPolicy
  readonly isAtMostOnce: boolean
  readonly handlerTimeoutMs: number
  readonly producer: Producer
  readonly letters: DeadLetterWriter
  readonly stats: MemberStats
  private readonly options: MemberOptions
  private readonly lanes = new Map<GroupPartition, Lane>()
  private readonly spin: Spin
  private generation = Number.NaN
  private poked: (() => void) | undefined
  private watched: Promise<void> | undefined
  private isPoked = false
  private isAbandoned = false
  /** A busy lane is to be given back once it is not. */
  private isAssignmentOpen = false

  constructor(options: MemberOptions) {
    this.options = options
    this.thread = options.thread
    this.gate = options.gate
    this.member = options.member
    this.handler = options.handler
    this.retry = options.retry
    this.isAtMostOnce = options.isAtMostOnce
    this.handlerTimeoutMs = options.handlerTimeoutMs
    this.producer = options.producer
    this.stats = options.stats ?? new MemberStats()
    this.spin = new Spin(options.thread.table)
    this.letters = new DeadLetterWriter(options.groupId, options.thread.slot)
  }

  /** A lane's promise or pause is over. */
  poke(): void {
    this.isPoked = true
    if (this.isAssignmentOpen) this.generation = Number.NaN
    this.poked?.()
  }

  /** Stops waiting for handlers: their signal is aborted, and their records will come again. */
  abandon(): void {
    this.isAbandoned = true
    for (const lane of this.lanes.values()) lane.desert()
    this.poke()
  }

  /** Runs until `shouldStop`. Then it finishes the records in hand, commits and lets go of all. */
  async run(): Promise<void> {
    let turnAtMs = monotonicMs() + TURN_MS
    this.spin.refresh()
    while (!this.options.shouldStop()) {
      // What a poke announces is looked at right below. One that came in a turn of the event loop
      // would otherwise count as work in each spin, and no sleep would end that.
      this.isPoked = false
      this.followAssignment()
      if (!this.stepLanes() && !this.spinUntilWork()) {
        await this.idle()
        this.spin.afterSleep()
      }
      if (monotonicMs() < turnAtMs) continue
      this.options.onProgress?.(this.stats)
      this.spin.refresh()
      await nextTurn()
      turnAtMs = monotonicMs() + TURN_MS
    }
    await this.options.leave()
    await this.finish()
  }

  private stepLanes(): boolean {
    let worked = false
    for (const lane of this.lanes.values()) {
      if (lane.step()) worked = true
      if (lane.isFenced) this.recover(lane)
    }
    return worked
  }

  // -------------------------------------------------------------------------------- assignment

  private followAssignment(): void {
    const generation = this.thread.table.generation(this.gate)
    if (generation === this.generation) return
    // Read before the words it announces: a change that comes meanwhile is followed next time.
    this.generation = generation
    this.isAssignmentOpen = false
    let released = false
    for (const partition of this.options.partitions) {
      const isOurs = cursor.assignedTo(partition.log, this.gate) === this.member
      const lane = this.lanes.get(partition)
      if (lane === undefined) {
        if (isOurs) this.acquire(partition)
      } else if (!isOurs) {
        // Also after a seek: whoever gets the partition goes on from there.
        if (this.revoke(lane)) released = true
      } else if (lane.isStale) {
        this.recover(lane)
      }
    }
    if (released) this.thread.table.advanceGeneration(this.gate)
  }

  private acquire(partition: GroupPartition): void {
    const owned = cursor.acquire(partition.log, this.gate, this.member)
    if (owned === undefined) return
    const topic = this.options.topicOf(partition.topic)
    this.lanes.set(partition, new Lane(this, partition, topic, owned))
    // Before the first of them is handed over: what comes again is counted, whoever dies next.
    this.options.onProgress?.(this.stats)
  }

  /** @returns whether the partition is free now; a busy lane is asked again when it is poked */
  private revoke(lane: Lane): boolean {
    if (lane.isStale) lane.isFenced = true
    lane.cancelPause()
    if (lane.isBusy) {
      this.isAssignmentOpen = true
      return false
    }
    lane.release()
    this.lanes.delete(lane.partition)
    return true
  }

  /** A lane's epoch is over. If the partition is still ours, somebody sought: follow. */
  private recover(lane: Lane): void {
    const { log } = lane.partition
    if (cursor.holderOf(log, this.gate) !== this.member) {
      this.lanes.delete(lane.partition)
      return
    }
    lane.cancelPause()
    if (lane.isBusy) {
      this.isAssignmentOpen = true
      lane.isFenced = true
    } else {
      lane.restart()
    }
  }

  // -------------------------------------------------------------------------------------- sleep

  /**
   * Sleeps until there may be something to do. Announced first, then looked again: a publisher that
   * found nobody to wake has published before this look. The announcement is not taken back, since
   * other members in this thread may sleep on it.
   */
  private async idle(): Promise<void> {
    const { thread } = this
    for (const lane of this.lanes.values()) lane.commitProgress()
    this.options.onProgress?.(this.stats)
    const { signal } = thread
    for (const { log } of this.lanes.keys()) enlist(log.words, DATA_WAITERS_WORD, thread.slot)
    if (!this.hasWork()) {
      if (this.mayBlock) thread.waitBlocking(signal, BLOCK_MS)
      if (!this.hasWork()) await this.sleep(signal)
    }
  }

  private spinUntilWork(): boolean {
    return this.mayBlock && this.spin.until(this.seesWork)
  }

  private readonly seesWork = (): boolean => this.hasWork()

  /** Whether nothing that is pending needs the event loop. */
  private get mayBlock(): boolean {
    if (!this.options.mayBlock) return false
    for (const lane of this.lanes.values()) if (lane.isBusy) return false
    return true
  }

  private sleep(signal: number): Promise<void> {
    return new Promise((resolve) => {
      this.poked = resolve
      const woken = this.thread.whenWoken(signal)
      // Several sleeps may be ended by pokes while one wait is pending: it needs one callback only.
      if (woken === this.watched) return
      this.watched = woken
      void woken.then(() => this.poked?.())
    })
  }

  private hasWork(): boolean {
    if (this.isPoked || this.options.shouldStop()) return true
    if (this.thread.table.generation(this.gate) !== this.generation) return true
    for (const lane of this.lanes.values()) if (lane.hasWork) return true
    return false
  }

  // --------------------------------------------------------------------------------------- stop

  private async finish(): Promise<void> {
    this.letGoOfIdle()
    while (this.lanes.size > 0 && !this.isAbandoned) {
      if (!this.isPoked) await this.sleep(this.thread.signal)
      this.isPoked = false
      this.letGoOfIdle()
    }
    this.letGo([...this.lanes.values()])
    this.options.onProgress?.(this.stats)
  }

  /** A record that failed meanwhile is not tried again here. */
  private letGoOfIdle(): void {
    for (const lane of this.lanes.values()) lane.cancelPause()
    this.letGo([...this.lanes.values()].filter(({ isBusy }) => !isBusy))
  }

  private letGo(lanes: readonly Lane[]): void {
    if (lanes.length === 0) return
    for (const lane of lanes) {
      lane.release()
      this.lanes.delete(lane.partition)
    }
    this.thread.table.advanceGeneration(this.gate)
  }
}
