import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Figures } from './experiment.js'
import { type ClockBase, SharedClock } from './shared-clock.js'

/** What the receiving thread needs. The histogram is the same one in both threads. */
export interface LatencyData {
  readonly base: ClockBase
  readonly histogram: RecordableHistogram
  readonly ended: Int32Array
  readonly warmUpCount: number
  readonly count: number
}

/** The longest latency that is told apart from longer ones. */
const LONGEST_NS = 60e9

/** The sender's end of a latency measurement. */
export class LatencyRun {
  readonly clock = new SharedClock()
  /** For the receiver. */
  readonly data: LatencyData

  /** @param warmUpCount messages at first whose latency does not count */
  constructor(warmUpCount: number, count: number) {
    const histogram = createHistogram({ lowest: 1, highest: LONGEST_NS, figures: 3 })
    const ended = new Int32Array(new SharedArrayBuffer(4))
    this.data = { base: this.clock.base, histogram, ended, warmUpCount, count }
  }

  /** Blocks until the receiver has handled all messages. */
  awaitEnd(): void {
    Atomics.wait(this.data.ended, 0, 0)
  }

  /** In microseconds. */
  figures(): Figures {
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
   * Handles a message: they must be 0 to `warmUpCount` + `count` - 1, in this order.
   *
   * @returns whether it was the last one
   */
  add(number: number, intendedNs: number): boolean {
    const { histogram, ended, warmUpCount, count } = this.#data
    if (number !== this.#next) throw new Error(`message ${number} came, not ${this.#next}`)
    this.#next++
    if (number >= warmUpCount) {
      histogram.record(Math.max(1, Math.round(this.#clock.now() - intendedNs)))
    }
    if (this.#next < warmUpCount + count) return false
    Atomics.store(ended, 0, 1)
    Atomics.notify(ended, 0)
    return true
  }
}
