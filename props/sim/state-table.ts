/**
 * The states that were explored, by a hash of 64 bits, each with the number of preemptions that
 * were left when it was. Two states with one hash would hide one of them: with a million states,
 * the chance that there is such a pair is about one in 40 million, with 100 million one in 4,000.
 *
 * A table of open addressing in two typed arrays: 9 bytes for a place, of which seven in eight are
 * used at most. 230 million states take 2.4 GB, and half as much again while the table grows.
 */
export class StateTable {
  #capacity = 1 << 14
  /** Low and high half of each place's hash; both 0 where it is vacant. */
  #keys = new Int32Array(2 * this.#capacity)
  #budgets = new Uint8Array(this.#capacity)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a state; returns false if it has been explored with this budget or a larger one. */
  add(low: number, high: number, budget: number): boolean {
    const key = (low | high) === 0 ? 1 : low
    const place = this.#find(key, high)
    const isVacant = this.#keys[2 * place] === 0 && this.#keys[2 * place + 1] === 0
    if (!isVacant && (this.#budgets[place] as number) >= budget) return false
    this.#budgets[place] = budget
    if (!isVacant) return true
    this.#keys[2 * place] = key
    this.#keys[2 * place + 1] = high
    this.#size++
    if (this.#size * 8 > this.#capacity * 7) this.#grow()
    return true
  }

  /** The place of a hash, or the vacant one where it belongs. */
  #find(low: number, high: number): number {
    const keys = this.#keys
    const mask = this.#capacity - 1
    let place = (low ^ (high >>> 11)) & mask
    for (;;) {
      const foundLow = keys[2 * place] as number
      const foundHigh = keys[2 * place + 1] as number
      if (foundLow === low && foundHigh === high) return place
      if (foundLow === 0 && foundHigh === 0) return place
      place = (place + 1) & mask
    }
  }

  #grow(): void {
    const [keys, budgets] = [this.#keys, this.#budgets]
    this.#capacity *= 2
    this.#keys = new Int32Array(2 * this.#capacity)
    this.#budgets = new Uint8Array(this.#capacity)
    for (let old = 0; old < budgets.length; old++) {
      const low = keys[2 * old] as number
      const high = keys[2 * old + 1] as number
      if (low === 0 && high === 0) continue
      const place = this.#find(low, high)
      this.#keys[2 * place] = low
      this.#keys[2 * place + 1] = high
      this.#budgets[place] = budgets[old] as number
    }
  }
}
