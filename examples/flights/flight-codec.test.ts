import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from '../../core/codec/byte-writer.js'
import { packAirport, packRoute, unpackAirport, unpackRoute } from './airport-code.js'
import flightCodec from './flight-codec.js'
import type { Flight } from './flights.js'

const LAST_MS = Date.UTC(2100, 0)

const airport = fc.stringMatching(/^[A-Z]{3}$/)
const anyFlight: fc.Arbitrary<Flight> = fc.record(
  {
    dateMs: fc.integer({ min: 0, max: LAST_MS }),
    delayMinutes: fc.integer({ min: -32_768, max: 32_767 }),
    distanceMiles: fc.integer({ min: 0, max: 32_767 }),
    origin: airport,
    destination: airport,
  },
  { noNullPrototype: true },
)

const FLIGHT: Flight = {
  dateMs: Date.UTC(2001, 0, 1, 0, 1),
  delayMinutes: -14,
  distanceMiles: 2176,
  origin: 'LAS',
  destination: 'PHL',
}

describe('the codec of flights', () => {
  it('gives back what it was given, from wherever it was written', () => {
    fc.assert(
      fc.property(anyFlight, fc.nat(100), (flight, start) => {
        const writer = new ByteWriter(8)
        writer.blob(Buffer.alloc(start, 0xff))
        flightCodec.encode(flight, writer)
        assert.equal(writer.position, start + 18)
        assert.deepEqual(flightCodec.decode(writer.bytes, start, start + 18), flight)
      }),
    )
  })

  for (const change of [
    { origin: 'LA' },
    { origin: 'LASX' },
    { destination: 'phl' },
    { destination: 'ÅHL' },
  ]) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      assert.throws(() => flightCodec.encode({ ...FLIGHT, ...change }, new ByteWriter()), {
        code: 'INVALID_VALUE',
      })
    })
  }

  it('refuses a number that its field cannot hold', () => {
    const flight = { ...FLIGHT, delayMinutes: 32_768 }
    assert.throws(() => flightCodec.encode(flight, new ByteWriter()), { code: 'ERR_OUT_OF_RANGE' })
  })

  it('refuses bytes it did not write', () => {
    const junk = Buffer.alloc(18)
    assert.throws(() => flightCodec.decode(junk, 0, 17), { code: 'UNDECODABLE_VALUE' })
    assert.throws(() => flightCodec.decode(junk, 0, 18), { code: 'UNDECODABLE_VALUE' })
  })
})

describe('packed airport codes', () => {
  it('are positive and unpack to the same letters', () => {
    fc.assert(
      fc.property(airport, airport, (origin, destination) => {
        assert.equal(unpackAirport(packAirport(origin)), origin)
        const route = packRoute(origin, destination)
        assert.ok(route > 0 && route < 2 ** 30)
        assert.equal(unpackRoute(route), `${origin}-${destination}`)
      }),
    )
  })
})
