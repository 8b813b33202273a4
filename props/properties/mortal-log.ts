import type { Region } from '#memory'
import { Death } from '../../core/log/frames.test.helper.js'
import { PartitionLog } from '../../core/log/partition-log.js'

/**
 * The life of a thread: it can be stopped or killed before any of its accesses to shared memory,
 * in whatever log, and once it is dead, nothing that it still runs reaches that memory.
 */
export class Life {
  /** Killed. What code of it still runs, runs on copies. */
  isDead = false
  private stepsLeft = Number.POSITIVE_INFINITY
  private action: () => void = () => {}

  /** Acts once, before the given access from here on, 1 being the next. */
  before(step: number, action: () => void): void {
    this.stepsLeft = step
    this.action = action
  }

  /** Whether the action was taken. */
  get isTaken(): boolean {
    return this.stepsLeft <= 0
  }

  /** From here on nothing stops it. */
  release(): void {
    if (!this.isTaken) this.stepsLeft = Number.POSITIVE_INFINITY
  }

  die(): never {
    this.isDead = true
    throw new Death('this thread is dead')
  }

  step(): void {
    if (!this.isDead && --this.stepsLeft === 0) this.action()
  }
}

/** A mortal thread's view of a log. */
export class MortalLog extends PartitionLog {
  private readonly life: Life
  private ghost: Region | undefined

  constructor(log: PartitionLog, life: Life) {
    super(log.region)
    this.life = life
    const { region } = log
    const view = (name: 'words' | 'longs') => ({
      get: () => {
        life.step()
        return this.alive(region)[name]
      },
    })
    Object.defineProperties(this, { words: view('words'), longs: view('longs') })
  }

  private alive(region: Region): Region {
    if (!this.life.isDead) return region
    this.ghost ??= ghostOf(region)
    return this.ghost
  }

  // Steps of those who took the words once and use them several times.

  override isOpen(position: number): boolean {
    this.life.step()
    return super.isOpen(position)
  }

  override tagWord(position: number): number {
    this.life?.step()
    return super.tagWord(position)
  }

  override segmentOf(position: number): number {
    this.life.step()
    return super.segmentOf(position)
  }

  override dataByte(position: number): number {
    this.life.step()
    return super.dataByte(position)
  }
}

function ghostOf({ buffer }: Region): Region {
  const copy = buffer.slice(0)
  return {
    buffer: copy,
    words: new Int32Array(copy),
    longs: new BigInt64Array(copy),
    doubles: new Float64Array(copy),
    bytes: Buffer.from(copy),
  }
}
