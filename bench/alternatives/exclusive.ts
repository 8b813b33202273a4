import type { FrameContent } from '../../core/log/appender.js'
import * as layout from '../../core/log/layout.js'
import type { PartitionLog } from '../../core/log/partition-log.js'
import { Opening, openSegment } from '../../core/log/recycler.js'
import type { ThreadTable } from '../../core/thread-table.js'
import {
  type Alternative,
  createFrame,
  createLog,
  granulesOf,
  type Producer,
  roomAt,
  type Shared,
  wakeAll,
  writeFrame,
} from './alternative.js'
import { measureAlternative } from './alternative-row.js'

/**
 * The only producer there is: it knows where the end is, claims nothing, and publishes by a store.
 */
export class ExclusiveProducer implements Producer {
  readonly createFrame = createFrame
  private readonly log: PartitionLog
  private readonly threads: ThreadTable
  private readonly slot: number
  private readonly publish: Publish
  private position = 0
  private offset = 0

  constructor({ log, threads }: Shared, publish: Publish) {
    this.log = log
    this.threads = threads
    this.slot = threads.takeSlot()
    this.publish = publish
  }

  append(content: FrameContent): boolean {
    const { log } = this
    const granules = granulesOf(log, content)
    if (!this.enterSegment()) return false
    const room = roomAt(log, this.position)
    if (granules > room) {
      Atomics.store(log.words, log.tagWord(this.position), layout.padTag(room))
      this.position = (this.position + room) | 0
      if (!this.enterSegment()) return false
    }
    writeFrame(log, this.position, this.offset, content)
    const tag = layout.publishedTag(granules, content.count)
    this.publish(log.words, log.tagWord(this.position), tag)
    this.position = (this.position + granules) | 0
    this.offset += content.count
    wakeAll(log, this.threads)
    return true
  }

  private enterSegment(): boolean {
    const { log, position } = this
    if (!log.isSegmentStart(position) || log.isOpen(position)) return true
    return openSegment(log, this.slot, position, this.offset) === Opening.OPEN
  }
}

type Publish = (words: Int32Array, word: number, tag: number) => void

export function storeTag(words: Int32Array, word: number, tag: number): void {
  Atomics.store(words, word, tag)
}

export const alternative: Alternative = {
  createLog,
  offsetsArePositions: false,
  join: (shared) => new ExclusiveProducer(shared, storeTag),
}

export const measure = measureAlternative(import.meta.url, alternative)
