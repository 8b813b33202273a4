import type { Totals } from './totals.js'

/**
 * Figures of the whole data set that were computed outside of this project: the totals with awk and
 * sort from the file as CSV, the partitions with kafkajs 2.2.4, which spreads keys as Kafka's
 * default partitioner does. They hold for all 3,000,000 flights, not for a part of them.
 */
const KNOWN = {
  routes: 3399,
  airports: 229,
  refused: 150,
  flightsOfTopAirports: { ORD: 166_341, DFW: 157_162, ATL: 124_711 },
}

const KAFKA_PARTITION_COUNTS: Record<number, readonly number[]> = {
  4: [673_791, 922_063, 481_756, 922_390],
  6: [325_859, 806_103, 472_169, 695_973, 357_519, 342_377],
  8: [385_678, 714_559, 273_710, 581_763, 288_113, 207_504, 208_046, 340_627],
  12: [
    218_666, 459_063, 167_690, 472_522, 150_646, 239_549, 107_193, 347_040, 304_479, 223_451,
    206_873, 102_828,
  ],
  16: [
    165_864, 228_948, 122_245, 483_583, 66_030, 115_581, 123_907, 174_000, 219_814, 485_611,
    151_465, 98_180, 222_083, 91_923, 84_139, 166_627,
  ],
}

/** How totals of all flights differ from the known figures, one line each. */
export function compareWithKnownTotals(totals: Totals): string[] {
  const differences = [
    ...difference('routes', totals.routes.size, KNOWN.routes),
    ...difference('airports', totals.airports.size, KNOWN.airports),
    ...difference('refused flights', totals.refused.length, KNOWN.refused),
  ]
  const flights = new Map<string, number>()
  for (const [route, count] of totals.routes) {
    const origin = route.slice(0, 3)
    flights.set(origin, (flights.get(origin) ?? 0) + count)
  }
  for (const [airport, known] of Object.entries(KNOWN.flightsOfTopAirports)) {
    differences.push(...difference(`flights from ${airport}`, flights.get(airport), known))
  }
  return differences
}

/** How the flights per partition differ from what Kafka would have done, if that is known. */
export function compareWithKafkaPartitions(counts: readonly number[]): string[] {
  const known = KAFKA_PARTITION_COUNTS[counts.length] ?? counts
  return counts.flatMap((count, partition) =>
    difference(`messages in partition ${partition}`, count, known[partition]),
  )
}

function difference(what: string, found: number | undefined, known: number | undefined): string[] {
  return found === known ? [] : [`${what}: ${found} instead of ${known}`]
}
