import assert from 'node:assert/strict'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import { Status } from '../execution.js'
import { record, type Scenario, sometimes } from '../scenario.js'
import { view } from './log-marks.js'
import {
  append,
  appenderOf,
  checkContent,
  createWorld,
  fill,
  frame,
  type LogWorld,
  repair,
  type Seen,
  STARTS,
  type Start,
} from './log-world.js'

/** One frame to send: how many records, in how many granules. */
interface Shipment {
  readonly count: number
  readonly granules: number
}

export interface AppendOptions {
  readonly segmentCount: number
  readonly segmentGranules: number
  readonly start: Start
  /** What each producer sends. */
  readonly shipments: readonly (readonly Shipment[])[]
  /** Frames of one record that are in the log before the actors begin. */
  readonly before?: number
  /** An unfinished frame of one producer may keep the others out. */
  readonly mayBeFull?: boolean
}

/**
 * Producers append to one log without any group or reader, so that what is oldest gives way: claims,
 * pads, new segments, recycling.
 */
export function appending(name: string, options: AppendOptions): Scenario<LogWorld> {
  const { segmentCount, segmentGranules, shipments } = options
  const producers = shipments.map((_, index) => `producer${index + 1}`)
  const geometry: LogGeometry = { segmentCount, segmentGranules, ...STARTS[options.start] }
  return {
    name: `append: ${name}, ${options.start}`,
    setup() {
      const world = createWorld(geometry, [...producers, 'before'])
      // As long as can be, so that later frames begin where records lay.
      fill(world, 'before', options.before ?? 0, { granules: segmentGranules })
      return world
    },
    actors: Object.fromEntries(
      producers.map((producer, index) => [
        producer,
        (world: LogWorld) => produce(world, producer, index + 1, shipments[index] ?? []),
      ]),
    ),
    repair,
    ...view,
    check(world, ending) {
      const content = checkContent(world, ending, producers)
      if (content.pads > 0) sometimes('padded')
      if (content.beginOffset > STARTS[options.start].startOffset) sometimes('recycled')
      for (const producer of producers) {
        if (ending.status(producer) === Status.CRASHED || options.mayBeFull === true) continue
        assert.ok(!ending.events(producer).includes('full'), `${producer} found room`)
      }
    },
  }
}

function produce(
  world: LogWorld,
  producer: string,
  sender: number,
  shipments: readonly Shipment[],
): void {
  const appender = appenderOf(world, producer)
  let number = 1
  for (const { count, granules } of shipments) {
    if (!append(appender, sender, frame(sender, number, count, granules), number)) record('full')
    number += count
  }
}

/** Invariant 3: if one append returned before another began, its offset is lower. */
export function realTimeOrder(start: Start): Scenario<LogWorld> {
  const geometry: LogGeometry = { segmentCount: 4, segmentGranules: 2, ...STARTS[start] }
  const produceAndTell =
    (producer: string, sender: number, frames: number) => (world: LogWorld) => {
      const appender = appenderOf(world, producer)
      for (let number = 1; number <= frames; number++) {
        record('call')
        append(appender, sender, frame(sender, number, 1), number)
      }
    }
  return {
    name: `real-time order, ${start}`,
    setup: () => createWorld(geometry, ['producer1', 'producer2']),
    ordersEvents: true,
    ...view,
    actors: {
      producer1: produceAndTell('producer1', 1, 2),
      producer2: produceAndTell('producer2', 2, 1),
    },
    check(world, ending) {
      checkContent(world, ending, ['producer1', 'producer2'])
      let highest = -1
      const floors = new Map<string, number>()
      for (const { actor, event } of ending.history()) {
        if (event === 'call') {
          floors.set(actor, highest)
          continue
        }
        const { offset } = event as Seen
        assert.ok(offset > (floors.get(actor) as number), `${actor} got offset ${offset} late`)
        highest = Math.max(highest, offset)
      }
    },
  }
}
