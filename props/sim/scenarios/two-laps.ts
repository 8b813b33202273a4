import { activateGate } from '../../../core/group/cursor.js'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import type { Scenario } from '../scenario.js'
import { checkConsumed, consume, endsWaiting, repairConsumed } from './log-consume.js'
import { view } from './log-marks.js'
import {
  appenderOf,
  appendOrSleep,
  createWorld,
  fill,
  frame,
  type LogWorld,
  STARTS,
  type Start,
} from './log-world.js'

const GATE = 0
const PRODUCERS = ['producer1', 'producer2']
const SEGMENT_GRANULES = 2
/** Frames that are in the log before: each fills a segment, and the last one half of one. */
const BEFORE = 7
/** How many of them the group has committed: one too few for the second lap's end. */
const COMMITTED = 5

/** The positions pass a power of two at the end of the second lap, and the offsets beside it. */
function geometryFrom(start: Start): Required<LogGeometry> {
  const { startPosition, startOffset } = STARTS[start]
  const early = start === 'from 0' ? { granules: 0, records: 0 } : { granules: 12, records: 6 }
  return {
    segmentCount: 4,
    segmentGranules: SEGMENT_GRANULES,
    startPosition: startPosition - early.granules,
    startOffset: startOffset - early.records,
  }
}

/**
 * Everything at once, about the end of the second lap: two producers with two records each (one of
 * them sends a batch) append, leave a pad, find the log full, sleep, and recycle two segments; a
 * reader holds the log by its gate, sleeps, and commits. Anybody may die.
 */
export function twoLaps(start: Start): Scenario<LogWorld> {
  const geometry = geometryFrom(start)
  const from = geometry.startOffset + COMMITTED
  return {
    name: `two laps, ${start}`,
    setup() {
      const world = createWorld(geometry, [...PRODUCERS, 'consumer'])
      fill(world, 'producer1', BEFORE - 1, { first: 1, granules: SEGMENT_GRANULES })
      fill(world, 'producer1', 1, { first: BEFORE })
      activateGate(world.log, GATE, from)
      return world
    },
    actors: {
      producer1(world) {
        const appender = appenderOf(world, 'producer1')
        appendOrSleep(world, appender, 'producer1', 1, frame(1, 1, 2, SEGMENT_GRANULES), 1)
      },
      producer2(world) {
        const appender = appenderOf(world, 'producer2')
        for (const number of [1, 2]) {
          appendOrSleep(world, appender, 'producer2', 2, frame(2, number, 1), number)
        }
      },
      consumer(world) {
        const position = geometry.startPosition + COMMITTED * SEGMENT_GRANULES
        consume(world, { position, offset: from }, BEFORE - COMMITTED + 3)
      },
    },
    repair: repairConsumed,
    ...view,
    mayBlock: (world, ending) => endsWaiting(world, ending, PRODUCERS, from),
    check: (world, ending) => checkConsumed(world, ending, PRODUCERS, from),
  }
}
