import { allocate, attach } from '../../core/memory.js'
import { Operation, operationName } from '../sim/actor-log.js'

/** Words of one entry: kind, address, what it returned (2), what it left (2), vacant (2). */
const ENTRY_WORDS = 8
const RETURNED = 2
const LEFT = 4

/**
 * What was done, step by step: the kind and the address of an operation, what it returned, and
 * what it left at its address. The simulation and the real threads write the same entries, so that
 * two steps are the same if their words are.
 */
export class StepLog {
  readonly buffer: SharedArrayBuffer
  readonly capacity: number
  readonly #words: Int32Array
  readonly #longs: BigInt64Array
  readonly #doubles: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    const { words, longs, doubles } = attach(buffer)
    this.buffer = buffer
    this.capacity = words.length / ENTRY_WORDS
    this.#words = words
    this.#longs = longs
    this.#doubles = doubles
  }

  static create(capacity: number): StepLog {
    return new StepLog(allocate(capacity * ENTRY_WORDS * 4).buffer)
  }

  put(
    place: number,
    kind: number,
    address: number,
    returned: number | bigint,
    left: number | bigint,
  ): void {
    if (place >= this.capacity) throw new Error(`more than ${this.capacity} steps`)
    const at = place * ENTRY_WORDS
    this.#words[at] = kind
    this.#words[at + 1] = address
    this.#putValue(at + RETURNED, kind, returned)
    this.#putValue(at + LEFT, kind, left)
  }

  #putValue(at: number, kind: number, value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#longs[at / 2] = value
    } else if (isOfDoubles(kind)) {
      this.#doubles[at / 2] = value
    } else {
      this.#words[at] = value
      this.#words[at + 1] = 0
    }
  }

  kindAt(place: number): number {
    return this.#words[place * ENTRY_WORDS] as number
  }

  addressAt(place: number): number {
    return this.#words[place * ENTRY_WORDS + 1] as number
  }

  #valueAt(place: number, field: number): number | bigint {
    const at = place * ENTRY_WORDS + field
    if (isOfDoubles(this.kindAt(place))) return this.#doubles[at / 2] as number
    return isOfLongs(this.kindAt(place))
      ? (this.#longs[at / 2] as bigint)
      : (this.#words[at] as number)
  }

  /** Whether the step here is the same as the one there. */
  equals(place: number, other: StepLog, otherPlace: number): boolean {
    for (let word = 0; word < LEFT + 2; word++) {
      const here = this.#words[place * ENTRY_WORDS + word]
      if (here !== other.#words[otherPlace * ENTRY_WORDS + word]) return false
    }
    return true
  }

  describe(place: number, nameOf: (address: number) => string): string {
    const kind = this.kindAt(place)
    const operation = operationName(kind)
    const address = hasAddress(kind) ? ` ${nameOf(this.addressAt(place))}` : ''
    const [returned, left] = [this.#valueAt(place, RETURNED), this.#valueAt(place, LEFT)]
    return `${operation}${address}: returns ${returned}, leaves ${left}`
  }
}

const PLACELESS: ReadonlySet<number> = new Set([
  Operation.record,
  Operation.pause,
  Operation.death,
  Operation.begin,
  Operation.repaired,
])

export function hasAddress(kind: number): boolean {
  return !PLACELESS.has(kind)
}

export function isOfLongs(kind: number): boolean {
  return (
    kind === Operation.loadLong ||
    kind === Operation.storeLong ||
    kind === Operation.compareExchangeLong
  )
}

export function isOfDoubles(kind: number): boolean {
  return kind === Operation.readDouble || kind === Operation.writeDouble
}
