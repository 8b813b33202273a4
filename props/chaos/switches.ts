import * as memory from '#memory'

const DEATH = 0
const THROWS_PER_MILLION = 1
const SPIN_MICROSECONDS = 2
const WORDS = 16

/** How a handler ends its own thread. */
export const DEATHS = ['exit', 'uncaught', 'rejection'] as const
export type Death = (typeof DEATHS)[number]

/** What the trial asks of handlers while they run, in shared memory. */
export class Switches {
  readonly buffer: SharedArrayBuffer
  private readonly words: Int32Array

  constructor(buffer?: SharedArrayBuffer) {
    const region = buffer === undefined ? memory.allocate(WORDS * 4) : memory.attach(buffer)
    this.buffer = region.buffer
    this.words = region.words
  }

  /** The next handler that looks ends its thread. */
  askForDeath(death: Death): void {
    memory.store(this.words, DEATH, DEATHS.indexOf(death) + 1)
  }

  /** For the one handler that gets it. */
  takeDeath(): Death | undefined {
    if (memory.load(this.words, DEATH) === 0) return undefined
    return DEATHS[memory.exchange(this.words, DEATH, 0) - 1]
  }

  /** How many of a million first attempts throw. */
  get throwsPerMillion(): number {
    return memory.load(this.words, THROWS_PER_MILLION)
  }

  set throwsPerMillion(count: number) {
    memory.store(this.words, THROWS_PER_MILLION, count)
  }

  /** How long a handler is busy with one record. */
  get spinMicroseconds(): number {
    return memory.load(this.words, SPIN_MICROSECONDS)
  }

  set spinMicroseconds(time: number) {
    memory.store(this.words, SPIN_MICROSECONDS, time)
  }
}
