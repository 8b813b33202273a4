/**
 * The simulated seam `#clock`. In a simulation nothing happens by time: the clock stands still.
 */
import type { Timer } from '../../core/clock.js'

export type { Timer }

const TIME = 1_000_000

export function nowMs(): number {
  return TIME
}

export function monotonicMs(): number {
  return TIME
}

export function after(_delayMs: number, _action: () => void): Timer {
  throw new Error('not simulated: actors are synchronous')
}

export function atEndOfTick(_action: () => void): void {
  throw new Error('not simulated: actors are synchronous')
}

export function nextTurn(): Promise<void> {
  throw new Error('not simulated: actors are synchronous')
}

/** Nothing needs to be kept alive: there is no event loop. */
export function keepAlive(): { release(): void } {
  return { release: () => {} }
}
