import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs } from './clock.js'

const POLL_MS = 5
/** Far beyond what a loaded machine needs: only a stall takes so long. */
const STALL_MS = 60_000

/**
 * Waits until a condition holds.
 *
 * @throws Error that says what was not reached, if nothing else ends the wait
 */
export async function until(what: string, isReached: () => boolean): Promise<void> {
  const limitMs = nowMs() + STALL_MS
  while (!isReached()) {
    if (nowMs() > limitMs) throw new Error(`stall: it was not reached that ${what}`)
    await sleep(POLL_MS)
  }
}
