import { availableParallelism } from 'node:os'
import { monotonicMs } from '#clock'
import * as memory from '#memory'
import type { ThreadTable } from '../core/thread-table.js'

/**
 * Longer than what a sleep and its end cost both sides, about 50 microseconds: that would waste the
 * least (A. R. Karlin, K. Li, M. S. Manasse, S. Owicki: Empirical studies of competitive spinning for
 * a shared-memory multiprocessor, 1991), but a producer whose young objects are being collected
 * pauses for 0.1 ms, some hundred times a second, and each of these pauses would end in a sleep.
 */
const SPIN_MS = 0.2
/**
 * Turns between two looks for work, about 2 microseconds. Each look takes the cache line away from
 * the thread that is about to write there: a reader that looks all the time halves the speed of its
 * producer, and gets one record at a time. Not measured by the clock, whose every reading is an
 * object on the heap.
 */
const LOOK_TURNS = 4000

const CORES = availableParallelism()

/**
 * A look on before a sleep: who is awake needs not be woken, which saves the other side the most.
 * It adapts: after a time without work that was longer than a whole spin, the next one is half as
 * long; after a sleep that ended sooner it has its full length again. And it is left out while the
 * engine has more threads than there are cores, since it would spin on a core that somebody else
 * needs to make that work.
 */
export class Spin {
  private readonly threads: ThreadTable
  private lengthMs = SPIN_MS
  /** Of the spin in vain that was not followed by a sleep yet; 0 if there is none. */
  private startMs = 0
  private isAffordable = false

  constructor(threads: ThreadTable) {
    this.threads = threads
  }

  /** Counts the threads again; call it now and then. */
  refresh(): void {
    // The supervisor has a slot, and sleeps.
    this.isAffordable = this.threads.countTaken() - 1 <= CORES
  }

  /** @returns whether there is work; if not, it is time to sleep */
  until(hasWork: () => boolean): boolean {
    if (!this.isAffordable) return false
    this.startMs = monotonicMs()
    const endMs = this.startMs + this.lengthMs
    for (let nowMs = this.startMs; nowMs < endMs; nowMs = monotonicMs()) {
      for (let turn = 0; turn < LOOK_TURNS; turn++) memory.pause(0)
      if (hasWork()) {
        this.startMs = 0
        return true
      }
    }
    return false
  }

  /** After each sleep; what it came to counts if there was a spin before it. */
  afterSleep(): void {
    if (this.startMs === 0) return
    const isShort = monotonicMs() - this.startMs < SPIN_MS
    this.startMs = 0
    this.lengthMs = isShort ? SPIN_MS : this.lengthMs / 2
  }
}
