/** What an operation in an actor's log is. */
export const Operation = {
  load: 1,
  store: 2,
  compareExchange: 3,
  exchange: 4,
  add: 5,
  or: 6,
  and: 7,
  loadLong: 8,
  storeLong: 9,
  compareExchangeLong: 10,
  wait: 11,
  notify: 12,
  pause: 13,
  fill: 14,
  read: 15,
  write: 16,
  readDouble: 17,
  writeDouble: 18,
  copyIn: 19,
  copyOut: 20,
  observe: 21,
  record: 22,
  death: 23,
  mutated: 24,
  settle: 25,
  begin: 26,
  repaired: 27,
} as const

const NAMES: readonly string[] = Object.keys(Operation)

export function operationName(kind: number): string {
  return NAMES[kind - 1] as string
}

/** The operation of a name, or 0. */
export function kindNamed(name: string | undefined): number {
  return name === undefined ? 0 : NAMES.indexOf(name) + 1
}

/**
 * What one actor has done, with what it saw: the answers of its next replay. Entries are only ever
 * cut off at the end, so going back means restoring the length.
 */
export class ActorLog {
  kinds = new Uint8Array(256)
  addresses = new Int32Array(256)
  /** What the operation returned, where that is a number. */
  values = new Float64Array(256)
  /** The write that an atomic read saw, see `eventOf`. */
  sources = new Int32Array(256)
  /** What it returned otherwise: a bigint, a copy of bytes, a recorded event. */
  readonly payloads: unknown[] = []

  put(place: number, kind: number, address: number, value: number, source: number): void {
    if (place === this.kinds.length) this.#grow()
    this.kinds[place] = kind
    this.addresses[place] = address
    this.values[place] = value
    this.sources[place] = source
  }

  #grow(): void {
    const length = this.kinds.length * 2
    const [kinds, addresses, values, sources] = [
      this.kinds,
      this.addresses,
      this.values,
      this.sources,
    ]
    this.kinds = new Uint8Array(length)
    this.addresses = new Int32Array(length)
    this.values = new Float64Array(length)
    this.sources = new Int32Array(length)
    this.kinds.set(kinds)
    this.addresses.set(addresses)
    this.values.set(values)
    this.sources.set(sources)
  }
}

/** A word's content after exchange, add, or, and. */
export function modified(kind: number, found: number, operand: number): number {
  if (kind === Operation.exchange) return operand
  if (kind === Operation.add) return (found + operand) | 0
  return kind === Operation.or ? found | operand : found & operand
}
