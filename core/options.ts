import { MillraceError } from './errors.js'

/** What one option may be: its part of an error's message, such as `a whole number from 1 to 8`. */
type Expectation = string

/** The largest delay that Node's timers take, in milliseconds: about 24.8 days. */
export const TIMEOUT_MS_MAX = 2 ** 31 - 1

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}
const SIZE_TEXT = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB)$/

/** The error of an option that is there but cannot be used: names field, value and limit. */
export function invalidOption(
  field: string,
  expected: Expectation,
  received: unknown,
): MillraceError {
  const message = `${field} must be ${expected}, but is ${describeValue(received)}`
  return new MillraceError('INVALID_OPTION', message, { field, expected, received })
}

/**
 * Checks that a value is an object whose keys are all known.
 *
 * @param field what the caller passed the object as, for the message
 * @throws MillraceError `INVALID_OPTION` for anything but an object, `UNKNOWN_OPTION` for an unknown
 *   key; it names the key and those that are allowed
 */
export function checkOptions(value: unknown, field: string, allowed: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidOption(field, 'an object', value)
  }
  for (const name in value) if (!allowed.has(name)) throw unknownOption(field, name, allowed)
}

function unknownOption(field: string, name: string, allowed: ReadonlySet<string>): MillraceError {
  const names = [...allowed]
  const message = `${field}.${name} is not an option; allowed are ${names.join(', ')}`
  return new MillraceError('UNKNOWN_OPTION', message, { field: `${field}.${name}`, allowed: names })
}

/** @throws MillraceError `INVALID_OPTION` unless it is a whole number from `min` to `max` */
export function checkInteger(value: unknown, field: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value
  }
  throw invalidOption(field, `a whole number from ${min} to ${max}`, value)
}

/** @throws MillraceError `INVALID_OPTION` unless it is a number from `min` to `max` */
export function checkNumber(value: unknown, field: string, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw invalidOption(field, `a number from ${min} to ${max}`, value)
}

/**
 * Checks a time to wait; no value means for ever.
 *
 * @returns milliseconds, 0 to {@link TIMEOUT_MS_MAX}, or Infinity
 * @throws MillraceError `INVALID_OPTION`
 */
export function checkTimeout(value: unknown, field: string): number {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  if (typeof value === 'number' && value >= 0 && value <= TIMEOUT_MS_MAX) return value
  throw invalidOption(field, `milliseconds from 0 to ${TIMEOUT_MS_MAX}, or Infinity`, value)
}

/** @throws MillraceError `INVALID_OPTION` unless it is an AbortSignal or undefined */
export function checkSignal(value: unknown, field: string): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw invalidOption(field, 'an AbortSignal', value)
}

/**
 * Reads a size: a number of bytes, or a text of a number and one of the units B, KiB, MiB and GiB
 * (powers of 1,024).
 *
 * @returns whole bytes, 0 or more
 * @throws MillraceError `INVALID_OPTION`
 * @example
 * parseSize('64MiB', 'memory') // 67_108_864
 */
export function parseSize(value: unknown, field: string): number {
  const sizeBytes = typeof value === 'string' ? parseSizeText(value) : value
  if (typeof sizeBytes === 'number' && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0) {
    return sizeBytes
  }
  throw invalidOption(field, "whole bytes, such as 65536, '512KiB', '64MiB' or '1GiB'", value)
}

function parseSizeText(text: string): number | undefined {
  const [, amount, unit] = SIZE_TEXT.exec(text) ?? []
  if (amount === undefined || unit === undefined) return undefined
  return Number(amount) * (SIZE_UNITS[unit] as number)
}

/** A value in a message: short, and never calling code of the value's owner. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
