import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { packAirport, packRoute } from './airport-code.js'
import { allocateResults, DELAYS, type ResultsMemory, ROUTES, readResults } from './results.js'
import { Tally, type TallyMemory } from './tally.js'

function countOnce(memory: TallyMemory, partition: number, key: number, counters: number[]): void {
  const tally = new Tally(memory)
  const at = tally.open(partition, key, 0)
  tally.counters.set(counters, at)
  tally.commit(at, 0)
}

function countDelays(memory: ResultsMemory, partition: number, airport: string): void {
  const counters: number[] = []
  counters[DELAYS.flights] = 3
  counters[DELAYS.delaySumMinutes] = -20
  counters[DELAYS.lateFlights] = 1
  counters[DELAYS.longestDelayMinutes] = 70
  counters[DELAYS.lastMinute] = 16_305_121
  counters[DELAYS.outOfOrder] = 2
  countOnce(memory.delays, partition, packAirport(airport), counters)
}

function countRoute(memory: ResultsMemory, partition: number, from: string, to: string, n: number) {
  const counters: number[] = []
  counters[ROUTES.flights] = n
  countOnce(memory.routes, partition, packRoute(from, to), counters)
}

describe('the results', () => {
  it('are added up over the partitions', () => {
    const memory = allocateResults(2)
    countDelays(memory, 0, 'ORD')
    countDelays(memory, 1, 'LAS')
    countRoute(memory, 0, 'ORD', 'LAS', 5)
    countRoute(memory, 1, 'LAS', 'ORD', 6)
    countRoute(memory, 1, 'LAS', 'PHL', 7)
    const results = readResults(memory, ['b', 'a'])
    const delays = { flights: 3, delaySumMinutes: -20, lateFlights: 1, longestDelayMinutes: 70 }
    assert.deepEqual(Object.fromEntries(results.totals.airports), { ORD: delays, LAS: delays })
    assert.deepEqual(Object.fromEntries(results.totals.routes), {
      'ORD-LAS': 5,
      'LAS-ORD': 6,
      'LAS-PHL': 7,
    })
    assert.deepEqual(results.totals.refused, ['a', 'b'])
    assert.deepEqual(results.flightsPerPartition, [5, 13])
    assert.equal(results.outOfOrder, 4)
    assert.deepEqual(results.scatteredAirports, [])
  })

  it('name airports that were in more than one partition', () => {
    const memory = allocateResults(2)
    countDelays(memory, 0, 'ORD')
    countDelays(memory, 1, 'ORD')
    assert.deepEqual(readResults(memory, []).scatteredAirports, ['ORD'])
  })
})
