/** A moment of the process's monotonic clock, from which all threads count. */
export type ClockBase = bigint

const TRIES = 20

/**
 * Nanoseconds since a moment that several threads share, without an allocation for each look.
 *
 * `performance.now()` costs least, but begins at 0 in each thread; `process.hrtime.bigint()` is the
 * same in all threads, but allocates. So the difference of both is measured once. What passes
 * between the two looks makes it too large: the smallest of some tries is right within a fraction
 * of a microsecond.
 */
export class SharedClock {
  readonly #offsetNs: number

  constructor(base: ClockBase = process.hrtime.bigint()) {
    let offsetNs = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < TRIES; tries++) {
      const hereNs = performance.now() * 1e6
      offsetNs = Math.min(offsetNs, Number(process.hrtime.bigint() - base) - hereNs)
    }
    this.#offsetNs = offsetNs
    this.base = base
  }

  /** For the other threads. */
  readonly base: ClockBase

  now(): number {
    return performance.now() * 1e6 + this.#offsetNs
  }
}
