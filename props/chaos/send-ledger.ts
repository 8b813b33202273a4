import * as memory from '../../core/memory.js'

/** Samples that one producer thread sends at most; then another one takes its place. */
export const SEQUENCES_MAX = 2 ** 14
/** Producer threads of a trial, one after the other. */
export const PRODUCERS_MAX = 160

const STOP = 0
const ACKNOWLEDGED = 1
const HEADER_WORDS = 16

/** How far the producers of a trial are, in shared memory, so that it outlives them. */
export class SendLedger {
  readonly buffer: SharedArrayBuffer
  private readonly words: Int32Array

  constructor(buffer?: SharedArrayBuffer) {
    const region =
      buffer === undefined
        ? memory.allocate((HEADER_WORDS + PRODUCERS_MAX) * 4)
        : memory.attach(buffer)
    this.buffer = region.buffer
    this.words = region.words
  }

  get isStopping(): boolean {
    return memory.load(this.words, STOP) !== 0
  }

  /** Producers finish the send they are in, and end. */
  stop(): void {
    memory.store(this.words, STOP, 1)
  }

  /** Samples that the engine has acknowledged to any producer, dead or alive. */
  get acknowledged(): number {
    return memory.load(this.words, ACKNOWLEDGED)
  }

  addAcknowledged(count: number): void {
    memory.add(this.words, ACKNOWLEDGED, count)
  }

  /** Whether the producer waits for space in a full log. */
  isWaiting(producer: number): boolean {
    return memory.load(this.words, HEADER_WORDS + producer) !== 0
  }

  setWaiting(producer: number, isWaiting: boolean): void {
    memory.store(this.words, HEADER_WORDS + producer, isWaiting ? 1 : 0)
  }
}
