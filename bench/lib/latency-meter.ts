import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Figures } from './experiment.js'
import { sendOpenLoop } from './open-loop.js'
import { type ClockBase, SharedClock } from './shared-clock.js'

/** What the receiving thread needs. The histogram is the same one in both threads. */
export interface LatencyData {
  readonly base: ClockBase
  readonly histogram: RecordableHistogram
  /** How many times the receiver has handled all messages. */
  readonly ended: Int32Array
  /** Messages of each time. */
  readonly count: number
}

/**
 * How often the same is done before it counts. Until then, V8 compiles what comes rarely: its threads
 * take the cores from the two that are measured. What only the end of the warm-up does would be
 * compiled in the part that counts, so each time has the same end.
 */
export const WARM_UPS = 4

/** The longest latency that is told apart from longer ones. */
const LONGEST_NS = 60e9

/** The sender's end of a latency measurement. */
export class LatencyRun {
  readonly clock = new SharedClock()
  /** For the receiver. */
  readonly data: LatencyData

  /** @param count messages of each time */
  constructor(count: number) {
    const histogram = createHistogram({ lowest: 1, highest: LONGEST_NS, figures: 3 })
    const ended = new Int32Array(new SharedArrayBuffer(4))
    this.data = { base: this.clock.base, histogram, ended, count }
  }

  /**
   * Sends all messages, waits until the receiver has handled them, and starts again: the last time
   * counts. Blocks this thread.
   *
   * @param send sends one message, whose number goes on from time to time
   * @param flush called behind those that were due together
   */
  measure(
    ratePerSecond: number,
    send: (number: number, intendedNs: number) => void,
    flush: () => void,
  ): Figures {
    const { histogram, ended, count } = this.data
    let first = 0
    const sendNext = (number: number, intendedNs: number): void => send(first + number, intendedNs)
    for (let times = 0; times <= WARM_UPS; times++, first += count) {
      histogram.reset()
      sendOpenLoop(this.clock, ratePerSecond, count, sendNext, flush)
      Atomics.wait(ended, 0, times)
    }
    return this.figures()
  }

  /** In microseconds. */
  private figures(): Figures {
    const { histogram } = this.data
    return {
      p50: histogram.percentile(50) / 1e3,
      p90: histogram.percentile(90) / 1e3,
      p99: histogram.percentile(99) / 1e3,
      p999: histogram.percentile(99.9) / 1e3,
      max: histogram.max / 1e3,
    }
  }
}

/** The receiver's end. */
export class LatencyMeter {
  readonly #data: LatencyData
  readonly #clock: SharedClock
  #next = 0

  constructor(data: LatencyData) {
    this.#data = data
    this.#clock = new SharedClock(data.base)
  }

  /**
   * Handles a message: their numbers must come one after the other, from 0.
   *
   * @returns whether it was the last one
   */
  add(number: number, intendedNs: number): boolean {
    const { histogram, ended, count } = this.#data
    if (number !== this.#next) throw new Error(`message ${number} came, not ${this.#next}`)
    this.#next++
    histogram.record(Math.max(1, Math.round(this.#clock.now() - intendedNs)))
    if (this.#next % count !== 0) return false
    const times = Atomics.add(ended, 0, 1)
    Atomics.notify(ended, 0)
    return times === WARM_UPS
  }
}
