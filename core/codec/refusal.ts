import { MillraceError } from '../errors.js'

/** The error of a codec that was given a value it cannot hold. */
export function invalidValue(
  codec: string,
  expected: string,
  value: unknown,
  cause?: unknown,
): MillraceError {
  const received = typeName(value)
  const message = `codec ${codec} takes ${expected}, but the value is ${received}`
  return new MillraceError('INVALID_VALUE', message, { codec, received }, cause)
}

/** The error of a value in which one field is not what the codec can hold there. */
export function invalidField(
  codec: string,
  field: string,
  expected: string,
  received: string,
): MillraceError {
  const message = `codec ${codec} takes ${expected} in field ${field}, but it is ${received}`
  return new MillraceError('INVALID_VALUE', message, { codec, field, expected, received })
}

/** The error of a codec that was given bytes it did not write. */
export function undecodable(
  codec: string,
  expected: string,
  sizeBytes: number,
  cause?: unknown,
): MillraceError {
  const message = `codec ${codec} reads ${expected}, but the ${sizeBytes} bytes are not`
  return new MillraceError('UNDECODABLE_VALUE', message, { codec, sizeBytes }, cause)
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1)
  } catch {
    return 'object' // A revoked proxy throws whatever one asks of it.
  }
}
