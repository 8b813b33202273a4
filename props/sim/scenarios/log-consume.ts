import assert from 'node:assert/strict'
import {
  acquire,
  activateGate,
  commit,
  committedOffset,
  fence,
  hold,
  holderOf,
} from '../../../core/group/cursor.js'
import * as layout from '../../../core/log/layout.js'
import type { LogGeometry } from '../../../core/log/partition-log.js'
import { Reader } from '../../../core/log/reader.js'
import type { Place } from '../../../core/log/tail.js'
import { Status } from '../execution.js'
import { type Ending, type Scenario, settle, sometimes } from '../scenario.js'
import { view } from './log-marks.js'
import {
  appenderOf,
  appendOrSleep,
  checkContent,
  contentOf,
  createWorld,
  fill,
  frame,
  isFull,
  type LogWorld,
  onlySleep,
  readFrame,
  repair,
  STARTS,
  type Start,
  seenBy,
  sleepUntil,
  slotOf,
} from './log-world.js'

const GATE = 0

export interface ConsumeOptions {
  readonly segmentCount: number
  readonly segmentGranules: number
  readonly start: Start
  /** Frames of one record that each producer sends. */
  readonly frames: readonly number[]
  /** Granules of each frame: those that do not fill a segment leave pads. Default: 1. */
  readonly granules?: number
  readonly mortal: readonly string[]
  /** Such frames that are in the log before the actors begin. */
  readonly before?: number
  /** A canary: the consumer enlists and then reads its signal. */
  readonly fault?: 'signal read late'
}

/**
 * Producers that sleep while the log is full, and one consumer that sleeps while it is empty and
 * holds the log by its commits.
 */
export function consuming(name: string, options: ConsumeOptions): Scenario<LogWorld> {
  const { segmentCount, segmentGranules, start, frames, before = 0, granules = 1 } = options
  const geometry: LogGeometry = { segmentCount, segmentGranules, ...STARTS[start] }
  const producers = frames.map((_, index) => `producer${index + 1}`)
  const total = frames.reduce((sum, count) => sum + count, before)
  return {
    name: `consume: ${name}, ${start}`,
    setup() {
      const world = createWorld(geometry, [...producers, 'consumer', 'before'])
      fill(world, 'before', before, { granules })
      activateGate(world.log, GATE, STARTS[start].startOffset)
      return world
    },
    actors: {
      ...Object.fromEntries(
        frames.map((count, index) => [
          producers[index],
          (world: LogWorld) =>
            produce(world, producers[index] as string, index + 1, count, granules),
        ]),
      ),
      consumer(world) {
        const { startPosition: position, startOffset: offset } = STARTS[start]
        consume(world, { position, offset }, total, options.fault)
      },
    },
    mortal: options.mortal,
    repair: repairConsumed,
    ...view,
    mayBlock: (world, ending) => endsWaiting(world, ending, producers, STARTS[start].startOffset),
    check: (world, ending) => checkConsumed(world, ending, producers, STARTS[start].startOffset),
  }
}

/** What the supervisor does after a death: the consumer's partition is free. */
export function repairConsumed(world: LogWorld, dead: string): void {
  fence(world.log, GATE, slotOf(world, dead))
  settle(0)
  repair(world, dead)
}

/**
 * Whether it is right that actors sleep for ever: the consumer waits for records that a dead
 * producer owes, or the others for the commits of a dead consumer.
 *
 * @param from offset where the consumer began
 */
export function endsWaiting(
  world: LogWorld,
  ending: Ending,
  producers: readonly string[],
  from: number,
): boolean {
  if (!onlySleep(ending, [...producers, 'consumer'])) return false
  if (ending.status('consumer') === Status.CRASHED) return isFull(world.log, GATE)
  const content = contentOf(world.log)
  const gaps = content.endOffset - content.beginOffset - content.records.length
  const isCaughtUp = seenBy(ending, 'consumer').length === content.endOffset - from - gaps
  const hasDead = producers.some((producer) => ending.status(producer) === Status.CRASHED)
  const isProducing = producers.some((producer) => ending.status(producer) === Status.SLEEPING)
  return hasDead && isCaughtUp && !isProducing
}

function produce(
  world: LogWorld,
  producer: string,
  sender: number,
  frames: number,
  granules: number,
): void {
  const appender = appenderOf(world, producer)
  for (let number = 1; number <= frames; number++) {
    const content = frame(sender, number, 1, granules)
    appendOrSleep(world, appender, producer, sender, content, number)
  }
}

/** Reads a number of frames from a place on, and commits each of them. */
export function consume(
  world: LogWorld,
  from: Place,
  frames: number,
  fault?: 'signal read late',
): void {
  const { log, threads } = world
  const slot = slotOf(world, 'consumer')
  const ownership = acquire(log, GATE, slot)
  assert.ok(ownership !== undefined, 'nobody else wants the partition')
  const { epoch } = ownership
  let { committed } = ownership
  assert.equal(committed, from.offset)
  const reader = new Reader(log, from.position | 0, from.offset)
  for (let read = 0; read < frames; ) {
    settle(read, reader, epoch, committed)
    if (!reader.next()) {
      sleepUntil(world, 'consumer', layout.DATA_WAITERS_WORD, () => reader.hasNext(), fault)
      continue
    }
    hold(log, GATE, reader.offset)
    readFrame(reader)
    read++
    assert.ok(commit(log, threads, GATE, epoch, committed, reader.offset), 'the epoch goes on')
    committed = reader.offset
  }
}

/** @param from offset where the consumer began */
export function checkConsumed(
  world: LogWorld,
  ending: Ending,
  producers: readonly string[],
  from: number,
): void {
  const content = checkContent(world, ending, producers, { members: ['consumer'], from })
  const consumed = seenBy(ending, 'consumer')
  if (content.abortedFrames > 0) sometimes('gap')
  for (let index = 1; index < consumed.length; index++) {
    const [before, seen] = [consumed[index - 1], consumed[index]]
    assert.ok(before !== undefined && seen !== undefined && seen.offset > before.offset)
  }
  assert.equal(new Set(consumed.map(({ name }) => name)).size, consumed.length, 'none twice')
  const committed = committedOffset(world.log, GATE)
  assert.ok(content.beginOffset <= committed, 'what is not committed is not recycled')
  if (ending.status('consumer') === Status.CRASHED) {
    assert.equal(holderOf(world.log, GATE), 0, 'the dead do not hold the partition')
    return
  }
  const offsets = new Map(consumed.map(({ name, offset }) => [name, offset]))
  for (const producer of producers) {
    for (const { name, offset } of seenBy(ending, producer)) {
      assert.equal(offsets.get(name), offset, `record ${name} was acknowledged and consumed`)
    }
  }
  for (const { name, offset } of content.records) {
    if (offset >= from) assert.ok(offsets.has(name), `record ${name} is consumed`)
  }
}
