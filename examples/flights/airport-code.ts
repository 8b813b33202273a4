/**
 * Airport codes as numbers: five bits a letter, A is 1, so that a code takes 15 bits and is never 0
 * (a key of a tally), and a route takes 30 bits.
 */

const LETTER_BITS = 5
const CODE_BITS = 3 * LETTER_BITS
const BEFORE_A = 64

/** @param code three letters A to Z */
export function packAirport(code: string): number {
  return packLetters(code.charCodeAt(0), code.charCodeAt(1), code.charCodeAt(2))
}

/** The same from the three letters' character codes. */
export function packLetters(first: number, second: number, third: number): number {
  return (
    ((first - BEFORE_A) << (2 * LETTER_BITS)) |
    ((second - BEFORE_A) << LETTER_BITS) |
    (third - BEFORE_A)
  )
}

/** The three letters of a packed code. */
export function unpackAirport(packed: number): string {
  return String.fromCharCode(
    BEFORE_A + (packed >> (2 * LETTER_BITS)),
    BEFORE_A + ((packed >> LETTER_BITS) & 31),
    BEFORE_A + (packed & 31),
  )
}

/** Two airports as one number. */
export function packRoute(origin: string, destination: string): number {
  return (packAirport(origin) << CODE_BITS) | packAirport(destination)
}

/** `origin-destination` of a packed route. */
export function unpackRoute(packed: number): string {
  const destination = packed & ((1 << CODE_BITS) - 1)
  return `${unpackAirport(packed >> CODE_BITS)}-${unpackAirport(destination)}`
}
