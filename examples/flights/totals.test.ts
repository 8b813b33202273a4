import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { directTotals } from './direct-totals.js'
import { type FlightColumns, flightAt, loadFlights } from './flights.js'
import { compareTotals, type Totals } from './totals.js'

const LIMIT = 300_000

let columns: FlightColumns
let totals: Totals

before(async () => {
  columns = await loadFlights(LIMIT)
  totals = directTotals(columns)
})

describe('the flights', () => {
  it('are as many as asked for, over the border of a row group', () => {
    assert.equal(columns.count, LIMIT)
    assert.equal(columns.dateMs.length, LIMIT)
    assert.ok(columns.dateMs.every((date) => date >= Date.UTC(2001, 0, 1)))
  })

  it('are those of the file', () => {
    assert.deepEqual(flightAt(columns, 0), {
      dateMs: Date.UTC(2001, 0, 1, 0, 1),
      delayMinutes: 33,
      distanceMiles: 2176,
      origin: 'LAS',
      destination: 'PHL',
    })
  })

  it('come in order of departure', () => {
    assert.ok(
      columns.dateMs.every((date, row) => row === 0 || date >= (columns.dateMs[row - 1] ?? 0)),
    )
  })
})

describe('the totals', () => {
  it('count every flight once', () => {
    const onRoutes = [...totals.routes.values()].reduce((sum, flights) => sum + flights, 0)
    const atAirports = [...totals.airports.values()].reduce((sum, { flights }) => sum + flights, 0)
    assert.equal(onRoutes, LIMIT)
    assert.equal(atAirports + totals.refused.length, LIMIT)
    assert.ok(totals.refused.length > 0)
  })

  it('are equal to themselves', () => {
    assert.deepEqual(compareTotals(totals, directTotals(columns)), [])
  })

  it('differ by one lost flight', () => {
    const without = directTotals({ ...columns, count: LIMIT - 1 })
    const { origin, destination } = flightAt(columns, LIMIT - 1)
    const differences = compareTotals(without, totals)
    assert.equal(differences.length, 2)
    assert.match(
      differences[0] ?? '',
      new RegExp(`^airport ${origin}: \\d+ flights, .* instead of`),
    )
    assert.match(differences[1] ?? '', new RegExp(`^route ${origin}-${destination}: `))
  })

  it('differ by one that was refused twice, or not at all', () => {
    const [first = '', ...others] = totals.refused
    const twice = compareTotals({ ...totals, refused: [first, ...totals.refused] }, totals)
    assert.deepEqual(twice, [`refused ${first}: 2 instead of 1`])
    const missing = compareTotals({ ...totals, refused: others }, totals)
    assert.deepEqual(missing, [`refused ${first}: nothing instead of 1`])
  })
})
