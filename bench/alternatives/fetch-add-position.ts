import { type Alternative, createLog } from './alternative.js'
import { measureAlternative } from './alternative-row.js'
import { AddingProducer, type Counter } from './fetch-add.js'

/**
 * Claims by addition to a 32-bit word: the offset of a frame is its position, as in Aeron. Cheaper
 * than a 64-bit counter, which is a BigInt in JavaScript, but records have no numbers of their own.
 */
class PositionCounter implements Counter {
  position = 0
  private readonly words: Int32Array

  constructor(coordination: SharedArrayBuffer) {
    this.words = new Int32Array(coordination)
  }

  get offset(): number {
    return this.position
  }

  claim(granules: number): void {
    this.position = Atomics.add(this.words, 0, granules)
  }

  offsetAt(granules: number): number {
    return (this.position + granules) | 0
  }
}

export const alternative: Alternative = {
  createLog,
  offsetsArePositions: true,
  join: (shared) => new AddingProducer(shared, new PositionCounter(shared.coordination)),
}

export const measure = measureAlternative(import.meta.url, alternative)
