import { Appender, type FrameContent } from '../../core/log/appender.js'
import * as layout from '../../core/log/layout.js'
import type { PartitionLog } from '../../core/log/partition-log.js'
import {
  type Alternative,
  createFrame,
  createLog,
  type Producer,
  type Shared,
  writeHeader,
} from './alternative.js'
import { measureAlternative } from './alternative-row.js'

/** Every frame is copied by `Buffer.copy`, whatever its size. */
class BufferCopyProducer extends Appender implements Producer {
  readonly createFrame = createFrame
  private readonly target: PartitionLog

  constructor({ log, threads }: Shared) {
    super(log, threads, threads.takeSlot())
    this.target = log
  }

  override fill(content: FrameContent): void {
    const { target } = this
    const start = target.dataByte(this.claimedPosition)
    writeHeader(target, start, this.claimedOffset, content)
    const records = start + layout.FRAME_HEADER_BYTES
    content.bytes.copy(target.bytes, records, content.from, content.to)
  }
}

export const alternative: Alternative = {
  createLog,
  offsetsArePositions: false,
  join: (shared) => new BufferCopyProducer(shared),
}

export const measure = measureAlternative(import.meta.url, alternative)
