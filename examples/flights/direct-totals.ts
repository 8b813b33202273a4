import { type FlightColumns, flightAt } from './flights.js'
import { type AirportDelays, describeFlight, type Totals } from './totals.js'

/**
 * The same results in one plain loop over the columns: no engine, no threads, and on purpose not a
 * line shared with the handlers, so that a mistake in them cannot hide in here as well.
 */
export function directTotals(columns: FlightColumns): Totals {
  const airports = new Map<string, AirportDelays>()
  const routes = new Map<string, number>()
  const refused: string[] = []
  for (let row = 0; row < columns.count; row++) {
    const delay = columns.delayMinutes[row] as number
    const origin = columns.airports[columns.origin[row] as number] as string
    const destination = columns.airports[columns.destination[row] as number] as string

    const route = `${origin}-${destination}`
    routes.set(route, (routes.get(route) ?? 0) + 1)

    if (delay < -60 || delay > 1440) {
      refused.push(describeFlight(flightAt(columns, row)))
      continue
    }
    let airport = airports.get(origin)
    if (airport === undefined) {
      airport = { flights: 0, delaySumMinutes: 0, lateFlights: 0, longestDelayMinutes: -60 }
      airports.set(origin, airport)
    }
    airport.flights++
    airport.delaySumMinutes += delay
    if (delay >= 60) airport.lateFlights++
    if (delay > airport.longestDelayMinutes) airport.longestDelayMinutes = delay
  }
  return { airports, routes, refused: refused.sort() }
}
