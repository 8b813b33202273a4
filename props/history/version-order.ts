import type { Value } from './history.js'

/** Of what was passed over, so many values are told. */
export const SKIPPED_MAX = 32

/** What one partition's log holds, as far as it is known. Gaps are left out of its indexes. */
export class VersionOrder {
  private readonly valueAt = new Map<number, Value>()
  private readonly offsetOf = new Map<Value, number>()
  /** Further values of an offset, and further offsets of a value: none, if all is well. */
  private readonly otherValues = new Map<number, Set<Value>>()
  private readonly otherOffsets = new Map<Value, Set<number>>()
  private offsets: readonly number[] = []
  private readonly lastIndex = new Map<Value, number>()

  add(offset: number, value: Value): void {
    const known = this.valueAt.get(offset)
    if (known === undefined) this.valueAt.set(offset, value)
    else if (known !== value) addTo(this.otherValues, offset, value)
    const place = this.offsetOf.get(value)
    if (place === undefined) this.offsetOf.set(value, offset)
    else if (place !== offset) addTo(this.otherOffsets, value, offset)
  }

  /** After the last `add`. */
  close(): void {
    this.offsets = [...this.valueAt.keys()].sort((a, b) => a - b)
    this.offsets.forEach((offset, index) => {
      for (const value of this.valuesAt(offset)) this.lastIndex.set(value, index)
    })
  }

  get length(): number {
    return this.offsets.length
  }

  offset(index: number): number {
    return this.offsets[index] as number
  }

  value(index: number): Value {
    return this.valueAt.get(this.offset(index)) as Value
  }

  /** Of a value at several places, the last one. */
  indexOf(value: Value): number | undefined {
    return this.lastIndex.get(value)
  }

  firstIndexOf(value: Value): number | undefined {
    const offsets = this.offsetsOf(value)
    return offsets.length === 0 ? undefined : this.indexFrom(offsets[0] as number)
  }

  /** Index of the first known record at an offset or behind it. */
  indexFrom(offset: number): number {
    let [low, high] = [0, this.offsets.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.offset(middle) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** How many records further the second value is; undefined if one has no known place. */
  steps(from: Value, to: Value): number | undefined {
    const [first, second] = [this.lastIndex.get(from), this.lastIndex.get(to)]
    return first === undefined || second === undefined ? undefined : second - first
  }

  /** The first values between two others. */
  between(from: Value, to: Value, countMax: number): Value[] {
    const first = (this.lastIndex.get(from) ?? 0) + 1
    const end = Math.min(this.lastIndex.get(to) ?? 0, first + countMax)
    return this.offsets.slice(first, end).map((offset) => this.valueAt.get(offset) as Value)
  }

  valuesAt(offset: number): Value[] {
    const first = this.valueAt.get(offset)
    return first === undefined ? [] : [first, ...(this.otherValues.get(offset) ?? [])]
  }

  /** Ascending. */
  offsetsOf(value: Value): number[] {
    const first = this.offsetOf.get(value)
    if (first === undefined) return []
    return [first, ...(this.otherOffsets.get(value) ?? [])].sort((a, b) => a - b)
  }

  /** Offsets that have several values. */
  conflicts(): number[] {
    return [...this.otherValues.keys()].sort((a, b) => a - b)
  }

  /** Values that have several offsets. */
  duplicates(): Value[] {
    return [...this.otherOffsets.keys()]
  }
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([value]))
  else set.add(value)
}
