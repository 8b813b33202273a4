import { keepAlive } from '#clock'
import type { ThreadTable } from './thread-table.js'

/** The calling thread as a member of an engine: its slot, and how it sleeps. */
export class Thread {
  readonly table: ThreadTable
  readonly slot: number
  private pending: Promise<void> | undefined
  private hasLeft = false

  constructor(table: ThreadTable, slot: number) {
    this.table = table
    this.slot = slot
  }

  /** Whether the thread still takes part: from its leave on, its slot may be another thread's. */
  get isOpen(): boolean {
    return !this.hasLeft && !this.table.closed
  }

  /** Ends the thread's part in the engine. All in it that wait look again. */
  leave(): void {
    this.hasLeft = true
    this.table.wake(this.slot)
  }

  /** Read this before enlisting and the last look for work, and pass it to one of the waits. */
  get signal(): number {
    return this.table.signal(this.slot)
  }

  /** Blocks until the thread is woken or the time is over. */
  waitBlocking(signal: number, timeoutMs: number): void {
    this.table.wait(this.slot, signal, timeoutMs)
  }

  /**
   * Resolves when the thread is woken, perhaps for somebody else's reason: look again. All that
   * wait in this thread share one waiter, and the event loop stays alive meanwhile.
   */
  whenWoken(signal: number): Promise<void> {
    // The shared waiter may be younger than this caller's signal, and miss the wake in between.
    if (this.signal !== signal) return Promise.resolve()
    if (this.pending !== undefined) return this.pending
    const waiter = this.table.waitAsync(this.slot, signal)
    if (waiter === undefined) return Promise.resolve()
    const alive = keepAlive()
    this.pending = waiter.then(() => {
      this.pending = undefined
      alive.release()
    })
    return this.pending
  }
}
