import { parseArgs } from 'node:util'

export interface Options {
  /** Names of parts; all if empty. */
  readonly only: readonly string[]
  /** Whether to run the parts that take long, too. */
  readonly deep: boolean
  /** The drawn parts are repeated until this time is over; once if 0. */
  readonly hours: number
  readonly seed: number
}

const SEED_MAX = 2 ** 31 - 1

/**
 * @param drawSeed for when none is given
 * @throws RangeError for a value that is none
 */
export function parseOptions(parameters: readonly string[], drawSeed: () => number): Options {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      deep: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      hours: { type: 'string', default: '0' },
      seed: { type: 'string' },
    },
  })
  return {
    only: values.only.split(',').filter((name) => name !== ''),
    deep: values.deep,
    hours: numberBetween('--hours', values.hours, 0, 1_000),
    seed:
      values.seed === undefined ? drawSeed() : integerBetween('--seed', values.seed, 0, SEED_MAX),
  }
}

/** A seed for a run that names none. */
export function randomSeed(): number {
  return Math.floor(Math.random() * SEED_MAX)
}

function numberBetween(name: string, text: string, min: number, max: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= min && value <= max) return value
  throw new RangeError(`${name} is a number from ${min} to ${max}, but it is '${text}'`)
}

function integerBetween(name: string, text: string, min: number, max: number): number {
  const value = numberBetween(name, text, min, max)
  if (Number.isInteger(value)) return value
  throw new RangeError(`${name} is a whole number, but it is '${text}'`)
}
