/**
 * Seam `#clock`: time and timers. The explorer replaces it by a clock that only moves when the
 * schedule says so.
 */

/** Wall-clock time in milliseconds since 1970: what timestamps of messages hold. */
export function nowMs(): number {
  return Date.now()
}

/** Milliseconds on a clock that never goes back: for intervals and deadlines. */
export function monotonicMs(): number {
  return performance.now()
}

/** A pending timer, see {@link after}. */
export interface Timer {
  cancel(): void
}

/** Calls `action` once, in `delayMs` milliseconds. Keeps the thread alive until then. */
export function after(delayMs: number, action: () => void): Timer {
  const timer = setTimeout(action, delayMs)
  return { cancel: () => clearTimeout(timer) }
}

/** Calls `action` when the code that is running now has returned to its event loop. */
export function atEndOfTick(action: () => void): void {
  queueMicrotask(action)
}

/** Resolves in the next turn of the event loop: lets timers, input and other tasks run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Keeps this thread's event loop alive until it is released: a shared-memory wait does not. */
export function keepAlive(): { release(): void } {
  const timer = setInterval(() => {}, 2 ** 30)
  return { release: () => clearInterval(timer) }
}
