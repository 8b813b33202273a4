/**
 * The states that were explored, by a hash of 64 bits, each with the number of preemptions that
 * were left when it was. Two states with one hash would hide one of them: with a million states,
 * the chance that there is such a pair is about one in 40 million.
 */
export class StateTable {
  #capacity = 1 << 14
  #low = new Int32Array(this.#capacity)
  #high = new Int32Array(this.#capacity)
  /** Preemptions left, plus one; 0 marks a vacant place. */
  #budgets = new Uint8Array(this.#capacity)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a state; returns false if it has been explored with this budget or a larger one. */
  add(low: number, high: number, budget: number): boolean {
    const place = this.#find(low, high)
    const known = this.#budgets[place] as number
    if (known > budget) return false
    this.#budgets[place] = budget + 1
    if (known === 0) {
      this.#low[place] = low
      this.#high[place] = high
      this.#size++
      if (this.#size * 2 > this.#capacity) this.#grow()
    }
    return true
  }

  #find(low: number, high: number): number {
    const mask = this.#capacity - 1
    let place = (low ^ (high >>> 11)) & mask
    while (this.#budgets[place] !== 0) {
      if (this.#low[place] === low && this.#high[place] === high) return place
      place = (place + 1) & mask
    }
    return place
  }

  #grow(): void {
    const [lows, highs, budgets] = [this.#low, this.#high, this.#budgets]
    this.#capacity *= 2
    this.#low = new Int32Array(this.#capacity)
    this.#high = new Int32Array(this.#capacity)
    this.#budgets = new Uint8Array(this.#capacity)
    for (let old = 0; old < budgets.length; old++) {
      if (budgets[old] === 0) continue
      const place = this.#find(lows[old] as number, highs[old] as number)
      this.#low[place] = lows[old] as number
      this.#high[place] = highs[old] as number
      this.#budgets[place] = budgets[old] as number
    }
  }
}
