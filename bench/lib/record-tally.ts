import type { Tally } from './lane.js'

/**
 * For the rows without a codec: a record begins with its number, the rest is arbitrary. The
 * receiver reads the number of every record.
 */
export class RecordTally implements Tally {
  count = 0
  /** Not a field: some tiers of V8 allocate for each store of a number into a field. */
  readonly #sum = new Float64Array(1)

  add(number: number): void {
    this.#sum[0] = (this.#sum[0] as number) + number
    this.count++
  }

  /** Throws unless the sum is that of the records 0 to count - 1. Starts again from 0. */
  settle(): void {
    const expected = (this.count * (this.count - 1)) / 2
    if (this.#sum[0] !== expected) {
      throw new Error(`the ${this.count} records received are not the ones that were sent`)
    }
    this.count = 0
    this.#sum[0] = 0
  }
}
