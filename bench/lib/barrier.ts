/** Words that a barrier occupies in shared memory. */
export const BARRIER_WORDS = 2

const ARRIVED = 0
const GENERATION = 1

/**
 * A meeting point that a fixed number of threads passes together, as often as they like.
 *
 * The last one to arrive resets the count, then starts the next generation; the reset comes first,
 * so a thread that runs ahead to the next meeting finds a count of 0.
 */
export class Barrier {
  readonly #words: Int32Array
  readonly #parties: number

  /**
   * @param words shared, {@link BARRIER_WORDS} long, zero at first
   * @param parties threads that meet, the same number in every thread
   */
  constructor(words: Int32Array, parties: number) {
    this.#words = words
    this.#parties = parties
  }

  /** Blocks this thread until all parties have arrived. */
  arrive(): void {
    const generation = Atomics.load(this.#words, GENERATION)
    if (Atomics.add(this.#words, ARRIVED, 1) + 1 === this.#parties) {
      Atomics.store(this.#words, ARRIVED, 0)
      Atomics.add(this.#words, GENERATION, 1)
      Atomics.notify(this.#words, GENERATION)
      return
    }
    while (Atomics.load(this.#words, GENERATION) === generation) {
      Atomics.wait(this.#words, GENERATION, generation)
    }
  }
}
