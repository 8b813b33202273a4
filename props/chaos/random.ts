/**
 * A source of chance that a seed determines: what was drawn can be drawn again.
 *
 * Algorithm: Marsaglia's xorshift with the triple 13, 17, 5 ("Xorshift RNGs", 2003).
 */
export class Random {
  private state: number

  /** @param seed a whole number; neighbours give unrelated sequences */
  constructor(seed: number) {
    this.state = Math.imul(seed ^ 0x2545f491, 0x9e3779b1) || 1
    for (let turn = 0; turn < 8; turn++) this.next()
  }

  /** 0 to 2^32 - 1. */
  private next(): number {
    let { state } = this
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.state = state
    return state >>> 0
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + (this.next() % (max - min + 1))
  }

  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32
  }

  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new RangeError('nothing to pick from')
    return values[this.integer(0, values.length - 1)] as T
  }
}
