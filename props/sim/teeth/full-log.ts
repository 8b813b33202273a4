import type { LogGeometry } from '../../../core/log/partition-log.js'
import { record } from '../scenario.js'
import {
  append,
  appenderOf,
  createWorld,
  frame,
  type LogWorld,
  STARTS,
  type Start,
} from '../scenarios/log-world.js'

/** A full log of four segments, one record in each granule. Threads of these names have slots. */
export function fullLog(
  actors: readonly string[],
  segmentGranules: number,
  start: Start = 'from 0',
): LogWorld {
  const geometry: LogGeometry = { segmentCount: 4, segmentGranules, ...STARTS[start] }
  const world = createWorld(geometry, [...actors, 'before'])
  const appender = appenderOf(world, 'before')
  for (let number = 0; number < 4 * segmentGranules; number++) {
    appender.append(frame(0, number, 1))
  }
  return world
}

/** Appends one record, if there is room. */
export function appendOne(world: LogWorld, producer: string): void {
  if (!append(appenderOf(world, producer), 1, frame(1, 1, 1), 1)) record('full')
}
