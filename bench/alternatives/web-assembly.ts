import { Appender, type FrameContent } from '../../core/log/appender.js'
import * as layout from '../../core/log/layout.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { RecordFrame } from '../log/record-frame.js'
import { type Alternative, type Producer, type Shared, writeHeader } from './alternative.js'
import { measureAlternative } from './alternative-row.js'
import { createMemory, createMemoryCopy, type MemoryCopy } from './memory-copy.js'

/** Room behind the log for the records that are being collected. */
const STAGING_BYTES = 65_536

/** The memory of the one log of this process: an instance takes the object, not its buffer. */
let memory = createMemory(0)
let logBytes = 0

/**
 * The log in a WebAssembly memory, with the batch behind it in the same one, so that a frame is
 * copied by `memory.copy`. Claim and publish are the log's own.
 */
class WebAssemblyProducer extends Appender implements Producer {
  private readonly target: PartitionLog
  private readonly copy: MemoryCopy

  constructor({ log, threads }: Shared) {
    super(log, threads, threads.takeSlot())
    this.target = log
    this.copy = createMemoryCopy(memory)
  }

  override fill(content: FrameContent): void {
    const start = this.target.dataByte(this.claimedPosition)
    writeHeader(this.target, start, this.claimedOffset, content)
    this.copy(start + layout.FRAME_HEADER_BYTES, content.from, content.to - content.from)
  }

  createFrame(valueBytes: number, countMax: number): RecordFrame {
    return new RecordFrame(valueBytes, countMax, memory.buffer, logBytes)
  }
}

export const alternative: Alternative = {
  createLog(geometry) {
    const { buffer } = PartitionLog.create(geometry).region
    logBytes = buffer.byteLength
    memory = createMemory(logBytes + STAGING_BYTES)
    new Uint8Array(memory.buffer).set(new Uint8Array(buffer))
    return memory.buffer
  },
  offsetsArePositions: false,
  join: (shared) => new WebAssemblyProducer(shared),
}

export const measure = measureAlternative(import.meta.url, alternative)
