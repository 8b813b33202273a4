import { defineHandler, UnrecoverableError } from '../../workers/worker.js'
import { packAirport } from './airport-code.js'
import type { Flight } from './flights.js'
import { DELAYS } from './results.js'
import { COUNTED, Tally, type TallyMemory } from './tally.js'

/** A delay outside of these cannot be true: nobody lands an hour early or a day late. */
const EARLIEST_MINUTES = -60
const LATEST_MINUTES = 1440

const LATE_MINUTES = 60
const MINUTE_MS = 60_000

let tally: Tally

/** The group `delays`: how late the flights of each airport are. */
export default defineHandler<Flight>({
  onStart({ workerData }) {
    tally = new Tally(workerData as TallyMemory)
  },

  eachMessage({ partition, message }) {
    const flight = message.value
    if (flight.delayMinutes < EARLIEST_MINUTES || flight.delayMinutes > LATEST_MINUTES) {
      throw new UnrecoverableError(`a delay of ${flight.delayMinutes} minutes cannot be true`)
    }
    const at = tally.open(partition, packAirport(flight.origin), message.offset)
    if (at === COUNTED) return // by a worker that died before it could say so
    addFlight(tally.counters, at, flight)
    tally.commit(at, message.offset)
  },
})

function addFlight(counters: Int32Array, at: number, flight: Flight): void {
  const delay = flight.delayMinutes
  const minute = flight.dateMs / MINUTE_MS
  const flightsBefore = counters[at + DELAYS.flights] as number
  const longest =
    flightsBefore === 0 ? delay : (counters[at + DELAYS.longestDelayMinutes] as number)

  add(counters, at + DELAYS.flights, 1)
  add(counters, at + DELAYS.delaySumMinutes, delay)
  if (delay >= LATE_MINUTES) add(counters, at + DELAYS.lateFlights, 1)
  counters[at + DELAYS.longestDelayMinutes] = Math.max(longest, delay)
  if (minute < (counters[at + DELAYS.lastMinute] as number))
    add(counters, at + DELAYS.outOfOrder, 1)
  counters[at + DELAYS.lastMinute] = minute
}

function add(counters: Int32Array, at: number, amount: number): void {
  counters[at] = (counters[at] as number) + amount
}
