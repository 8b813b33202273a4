import { type Codec, defineCodec, MillraceError } from '../../workers/index.js'
import { packLetters, unpackAirport } from './airport-code.js'
import type { Flight } from './flights.js'

/*
 *      0               8       10      12          15          18
 *     +---------------+-------+-------+-----------+-----------+
 *     | date          | delay | miles | origin    | destin.   |
 *     +---------------+-------+-------+-----------+-----------+
 *       float64         int16   int16   3 letters   3 letters     little-endian
 */
const DATE = 0
const DELAY = 8
const DISTANCE = 10
const ORIGIN = 12
const DESTINATION = 15
const SIZE_BYTES = 18

/** 18 bytes for a flight; as JSON it takes about 95. */
const flightCodec: Codec<Flight> = defineCodec<Flight>({
  name: 'flight',
  module: import.meta.url,

  encode(flight, target) {
    target.ensure(SIZE_BYTES)
    const { bytes, position } = target
    bytes.writeDoubleLE(flight.dateMs, position + DATE)
    bytes.writeInt16LE(flight.delayMinutes, position + DELAY)
    bytes.writeInt16LE(flight.distanceMiles, position + DISTANCE)
    writeAirport(flight.origin, bytes, position + ORIGIN)
    writeAirport(flight.destination, bytes, position + DESTINATION)
    target.position += SIZE_BYTES
  },

  decode(source, from, to) {
    if (to - from !== SIZE_BYTES) throw undecodable(`${to - from} bytes are no flight`)
    return {
      dateMs: source.readDoubleLE(from + DATE),
      delayMinutes: source.readInt16LE(from + DELAY),
      distanceMiles: source.readInt16LE(from + DISTANCE),
      origin: readAirport(source, from + ORIGIN),
      destination: readAirport(source, from + DESTINATION),
    }
  },
})

export default flightCodec

function writeAirport(code: string, bytes: Buffer, at: number): void {
  const first = code.charCodeAt(0)
  const second = code.charCodeAt(1)
  const third = code.charCodeAt(2)
  if (code.length !== 3 || !areLetters(first, second, third)) {
    const message = `an airport code has three letters A to Z, but this one is '${code}'`
    throw new MillraceError('INVALID_VALUE', message, { code })
  }
  bytes[at] = first
  bytes[at + 1] = second
  bytes[at + 2] = third
}

/** Codes that were read before, by their packed form: a few hundred strings for millions of reads. */
const knownCodes: (string | undefined)[] = []

function readAirport(source: Buffer, at: number): string {
  const first = source[at] as number
  const second = source[at + 1] as number
  const third = source[at + 2] as number
  if (!areLetters(first, second, third)) throw undecodable('an airport code has other letters')
  const packed = packLetters(first, second, third)
  let code = knownCodes[packed]
  if (code === undefined) {
    code = unpackAirport(packed)
    knownCodes[packed] = code
  }
  return code
}

function areLetters(first: number, second: number, third: number): boolean {
  return isLetter(first) && isLetter(second) && isLetter(third)
}

function isLetter(character: number): boolean {
  return character >= 65 && character <= 90
}

function undecodable(reason: string): MillraceError {
  return new MillraceError('UNDECODABLE_VALUE', `codec flight cannot read a value: ${reason}`)
}
