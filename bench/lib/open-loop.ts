/** What an open loop needs of the time: nanoseconds that never go back. */
interface Clock {
  now(): number
}

/** Between the call and the first message. */
const LEAD_NS = 1e6

/**
 * Sends messages at a fixed rate, whatever happens to the ones before: each has its intended time,
 * and latency counts from there. A sender that is held up sends what is due as soon as it can, and
 * the wait shows in every one of these messages. (Counting from the actual sending would leave out
 * what a slow receiver makes its sender omit: Gil Tene's "coordinated omission".)
 *
 * Keeps its core busy between messages, so that it is never late by itself.
 *
 * @param ratePerSecond messages per second
 * @param send sends one message; must not return before it is taken
 * @param flush called behind those that were due together
 */
export function sendOpenLoop(
  clock: Clock,
  ratePerSecond: number,
  count: number,
  send: (number: number, intendedNs: number) => void,
  flush: () => void,
): void {
  const intervalNs = 1e9 / ratePerSecond
  const startNs = clock.now() + LEAD_NS
  for (let number = 0; number < count; ) {
    const due = Math.min(count, Math.floor((clock.now() - startNs) / intervalNs) + 1)
    if (due <= number) continue
    for (; number < due; number++) send(number, startNs + number * intervalNs)
    flush()
  }
}
