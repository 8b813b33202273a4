import { unpackAirport, unpackRoute } from './airport-code.js'
import { allocateTally, Tally, type TallyMemory } from './tally.js'
import type { AirportDelays, Totals } from './totals.js'

/** What the group `delays` counts for each airport: positions of its counters in the tally. */
export const DELAYS = {
  flights: 0,
  delaySumMinutes: 1,
  lateFlights: 2,
  longestDelayMinutes: 3,
  /** Departure of the flight counted last, in minutes since 1970. */
  lastMinute: 4,
  /** Flights that departed before the one counted before them: 0 if the order per key was kept. */
  outOfOrder: 5,
} as const

/** What the group `routes` counts for each pair of airports. */
export const ROUTES = { flights: 0 } as const

/** Powers of two, twice what the 229 airports and 3,399 routes need if all share a partition. */
const AIRPORTS_PER_PARTITION = 512
const ROUTES_PER_PARTITION = 8192

/** The shared memory that the workers of both groups write their results to. */
export interface ResultsMemory {
  readonly delays: TallyMemory
  readonly routes: TallyMemory
}

/** What both groups found, read when they are closed. */
export interface Results {
  readonly totals: Totals
  /** Flights in each partition, as the group `routes` saw them. */
  readonly flightsPerPartition: readonly number[]
  readonly outOfOrder: number
  /** Airports whose flights were in more than one partition: none, if the key decides. */
  readonly scatteredAirports: readonly string[]
}

/** Room for the results of all partitions. */
export function allocateResults(partitions: number): ResultsMemory {
  return {
    delays: allocateTally(partitions, AIRPORTS_PER_PARTITION, Object.keys(DELAYS).length),
    routes: allocateTally(partitions, ROUTES_PER_PARTITION, Object.keys(ROUTES).length),
  }
}

/**
 * Adds up what the workers counted. Only after their consumers are closed.
 *
 * @param refused the flights found in the dead letters
 */
export function readResults(memory: ResultsMemory, refused: readonly string[]): Results {
  const airports = readDelays(memory.delays)
  const routes = readRoutes(memory.routes)
  return {
    totals: {
      airports: airports.delays,
      routes: routes.flights,
      refused: refused.toSorted(),
    },
    flightsPerPartition: routes.flightsPerPartition,
    outOfOrder: airports.outOfOrder,
    scatteredAirports: airports.scattered,
  }
}

function readDelays(memory: TallyMemory) {
  const delays = new Map<string, AirportDelays>()
  const scattered: string[] = []
  let outOfOrder = 0
  for (const { key, counters } of new Tally(memory).entries()) {
    const airport = unpackAirport(key)
    if (delays.has(airport)) scattered.push(airport)
    delays.set(airport, {
      flights: counters[DELAYS.flights] as number,
      delaySumMinutes: counters[DELAYS.delaySumMinutes] as number,
      lateFlights: counters[DELAYS.lateFlights] as number,
      longestDelayMinutes: counters[DELAYS.longestDelayMinutes] as number,
    })
    outOfOrder += counters[DELAYS.outOfOrder] as number
  }
  return { delays, scattered, outOfOrder }
}

function readRoutes(memory: TallyMemory) {
  const flights = new Map<string, number>()
  const flightsPerPartition = new Array<number>(memory.partitions).fill(0)
  for (const { partition, key, counters } of new Tally(memory).entries()) {
    const count = counters[ROUTES.flights] as number
    const route = unpackRoute(key)
    flights.set(route, (flights.get(route) ?? 0) + count)
    flightsPerPartition[partition] = (flightsPerPartition[partition] as number) + count
  }
  return { flights, flightsPerPartition }
}
