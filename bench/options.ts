import { parseArgs } from 'node:util'

const ROUNDS_DEFAULT = 7
const PATIENCE_DEFAULT_SECONDS = 120

export interface Options {
  /** Names, or parts of names, of what to run; empty for everything. */
  readonly only: readonly string[]
  /** How often each row runs, 1 or more. */
  readonly rounds: number
  /** Seconds that may be spent on waiting for others, and on repeating runs that they disturbed. */
  readonly patienceSeconds: number
}

/** @throws with a text for the user if the arguments make no sense */
export function parseOptions(parameters: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: String(ROUNDS_DEFAULT) },
      patience: { type: 'string', default: String(PATIENCE_DEFAULT_SECONDS) },
    },
  })
  return {
    only: values.only.flatMap((names) => names.split(',')),
    rounds: wholeNumber('--rounds', values.rounds, 1),
    patienceSeconds: wholeNumber('--patience', values.patience, 0),
  }
}

function wholeNumber(option: string, text: string, min: number): number {
  if (/^\d+$/.test(text) && Number(text) >= min) return Number(text)
  throw new RangeError(`${option} must be a whole number of ${min} or more, but is '${text}'`)
}

/** Whether `--only` lets this name through. */
export function isWanted(name: string, { only }: Options): boolean {
  return only.length === 0 || only.some((part) => name.includes(part))
}
