import { type Alternative, createLog } from './alternative.js'
import { measureAlternative } from './alternative-row.js'
import { ExclusiveProducer } from './exclusive.js'

/**
 * The same with a plain store to publish: no atomic operation at all but the loads of the wait
 * sets. A yardstick only. The memory model of the language lets the compiler and the processor move
 * the store, and a load of the wait sets may overtake it: a reader would sleep on.
 */
export const alternative: Alternative = {
  createLog,
  offsetsArePositions: false,
  join: (shared) => new ExclusiveProducer(shared, writeTag),
}

function writeTag(words: Int32Array, word: number, tag: number): void {
  words[word] = tag
}

export const measure = measureAlternative(import.meta.url, alternative)
