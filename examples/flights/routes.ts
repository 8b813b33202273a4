import { defineHandler } from '../../workers/worker.js'
import { packRoute } from './airport-code.js'
import type { Flight } from './flights.js'
import { ROUTES } from './results.js'
import { COUNTED, Tally, type TallyMemory } from './tally.js'

let tally: Tally

/** The group `routes`: how many flights go from where to where. */
export default defineHandler<Flight>({
  onStart({ workerData }) {
    tally = new Tally(workerData as TallyMemory)
  },

  eachBatch({ partition, batch }) {
    while (batch.next()) {
      const { origin, destination } = batch.value
      const at = tally.open(partition, packRoute(origin, destination), batch.offset)
      if (at === COUNTED) continue // by a worker that died before it could say so
      const counter = at + ROUTES.flights
      tally.counters[counter] = (tally.counters[counter] as number) + 1
      tally.commit(at, batch.offset)
    }
  },
})
