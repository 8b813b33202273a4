import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Figures, formatReport, slowestAirports } from './report.js'

const FIGURES: Figures = {
  flights: 3_000_000,
  workersPerGroup: 2,
  loadMs: 2350,
  runMs: 6000,
  directMs: 300,
  flightsPerSecond: 500_000,
  flightsPerPartition: [1_000_000, 2_000_000],
  groups: {
    delays: { counted: 2_999_850, redelivered: 812, deadLetters: 150, crashes: 1 },
    routes: { counted: 3_000_000, redelivered: 0, deadLetters: 0, crashes: 0 },
  },
  killedWorker: { group: 'delays', afterFlights: 1_500_000 },
  airports: 229,
  routes: 3399,
  slowestAirports: [{ airport: 'ACK', flights: 1200, meanDelayMinutes: 21.25, latePercent: 12 }],
  differences: [],
}

describe('the report', () => {
  it('shows the figures in tables', () => {
    const report = formatReport(FIGURES)
    assert.match(
      report,
      /^3,000,000 flights to 2 groups of 2 workers in 6\.0 s: 500,000 flights\/s/,
    )
    assert.match(report, /1,000,000 deliveries\/s/)
    assert.match(report, /\npartition {4}flights\n─{9} {2}─{9}\n0 {10}1,000,000\n1 {10}2,000,000\n/)
    assert.match(report, /\ndelays +2,999,850 +812 +150 +1\nroutes +3,000,000 +0 +0 +0\n/)
    assert.match(report, /\nACK +1,200 +21\.3 min +12\.0 %\n/)
    assert.match(
      report,
      /\nCheck: equal .* \(229 airports, 3,399 routes, and every refused flight\)$/,
    )
  })

  it('shows the first differences and how many there are', () => {
    const differences = Array.from({ length: 1500 }, (_, number) => `difference ${number}`)
    const report = formatReport({ ...FIGURES, differences })
    assert.match(report, /\nCheck: NOT EQUAL, 1,500 differences\n {2}difference 0\n/)
    assert.match(report, /\n {2}difference 19\n {2}and 1,480 more$/)
  })
})

describe('the slowest airports', () => {
  const delays = (flights: number, delaySumMinutes: number) => ({
    flights,
    delaySumMinutes,
    lateFlights: flights / 4,
    longestDelayMinutes: 100,
  })

  it('are those with the highest mean delay, ten at most, without the tiny ones', () => {
    const airports = new Map([
      ['TNY', delays(1, 1000)],
      ...Array.from(
        { length: 12 },
        (_, number) => [`A${number}`, delays(1000, 1000 * number)] as const,
      ),
    ])
    const slowest = slowestAirports({ airports, routes: new Map(), refused: [] })
    assert.equal(slowest.length, 10)
    assert.deepEqual(slowest[0], {
      airport: 'A11',
      flights: 1000,
      meanDelayMinutes: 11,
      latePercent: 25,
    })
    assert.equal(slowest[9]?.airport, 'A2')
  })
})
