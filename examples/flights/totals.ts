/** What the job computes about one airport, from the flights that leave it. */
export interface AirportDelays {
  flights: number
  delaySumMinutes: number
  /** Flights that came an hour late, or later. */
  lateFlights: number
  longestDelayMinutes: number
}

/** The results of the job, however they were computed. */
export interface Totals {
  /** By the code of the airport, without the refused flights. */
  readonly airports: ReadonlyMap<string, AirportDelays>
  /** Flights by `origin-destination`, all of them. */
  readonly routes: ReadonlyMap<string, number>
  /** The flights whose delay cannot be true, as {@link describeFlight} puts them, sorted. */
  readonly refused: readonly string[]
}

/** One line that says which flight this is. */
export function describeFlight(flight: {
  readonly dateMs: number
  readonly delayMinutes: number
  readonly origin: string
  readonly destination: string
}): string {
  const date = new Date(flight.dateMs).toISOString().slice(0, 16)
  return `${date} ${flight.origin}-${flight.destination} ${flight.delayMinutes} min`
}

/**
 * Every difference between two sets of totals, one line each; none if they are equal.
 *
 * @example
 * compareTotals(totals, totals) // []
 */
export function compareTotals(actual: Totals, expected: Totals): string[] {
  return [
    ...compareMaps('airport', actual.airports, expected.airports, describeDelays),
    ...compareMaps('route', actual.routes, expected.routes, String),
    ...compareMaps('refused', occurrences(actual.refused), occurrences(expected.refused), String),
  ]
}

function compareMaps<Value>(
  what: string,
  actual: ReadonlyMap<string, Value>,
  expected: ReadonlyMap<string, Value>,
  describe: (value: Value) => string,
): string[] {
  const differences: string[] = []
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    const found = actual.get(key)
    const wanted = expected.get(key)
    const foundText = found === undefined ? 'nothing' : describe(found)
    const wantedText = wanted === undefined ? 'nothing' : describe(wanted)
    if (foundText !== wantedText) {
      differences.push(`${what} ${key}: ${foundText} instead of ${wantedText}`)
    }
  }
  return differences
}

function describeDelays(delays: AirportDelays): string {
  return (
    `${delays.flights} flights, ${delays.delaySumMinutes} min in all, ` +
    `${delays.lateFlights} late, at most ${delays.longestDelayMinutes} min`
  )
}

function occurrences(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}
