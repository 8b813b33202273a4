import { parseArgs } from 'node:util'

const ROUNDS_DEFAULT = 7

export interface Options {
  /** Names, or parts of names, of what to run; empty for everything. */
  readonly only: readonly string[]
  /** How often each row runs, 1 or more. */
  readonly rounds: number
}

/** @throws with a text for the user if the arguments make no sense */
export function parseOptions(parameters: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: String(ROUNDS_DEFAULT) },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`--rounds must be a whole number of 1 or more, but is ${values.rounds}`)
  }
  return { only: values.only.flatMap((names) => names.split(',')), rounds }
}

/** Whether `--only` lets this name through. */
export function isWanted(name: string, { only }: Options): boolean {
  return only.length === 0 || only.some((part) => name.includes(part))
}
