import { Appender } from '../../core/log/appender.js'
import { type Alternative, createFrame, createLog } from './alternative.js'
import { measureAlternative } from './alternative-row.js'

/**
 * What Millrace does: one compare-exchange of the tag at the end of the chain claims, another one
 * publishes. The base of the other rows, in the same harness.
 */
export const alternative: Alternative = {
  createLog,
  offsetsArePositions: false,
  join({ log, threads }) {
    const appender = new Appender(log, threads, threads.takeSlot())
    return { append: (content) => appender.append(content), createFrame }
  },
}

export const measure = measureAlternative(import.meta.url, alternative)
