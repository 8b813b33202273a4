import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Schedule, Violation, ViolationKind } from '../scenario.js'

/** A schedule that failed once. */
export interface Example {
  readonly about: string
  readonly scenario: string
  readonly schedule: Schedule
  /** What it must end in: null where the defect is mended, a kind of violation for a canary. */
  readonly ends: ViolationKind | null
}

const FOLDER = fileURLToPath(new URL('../../../../props/sim/examples/', import.meta.url))

export function readExample(path: string): Example {
  return JSON.parse(readFileSync(path, 'utf8')) as Example
}

/** The stored examples of a scenario. */
export function examplesOf(scenario: string): Example[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => readExample(`${FOLDER}${file}`))
    .filter((example) => example.scenario === scenario)
}

/**
 * Stores a schedule that fails, to be replayed for ever after. It must end well once the defect is
 * mended.
 *
 * @returns the file's path
 */
export function storeExample(
  scenario: string,
  { message, schedule }: Violation & { readonly schedule: Schedule },
): string {
  const [firstLine = ''] = message.split('\n')
  const example: Example = { about: firstLine, scenario, schedule, ends: null }
  const name =
    `${scenario} ${firstLine}`
      .toLowerCase()
      .match(/[a-z0-9]+/g)
      ?.join('-') ?? ''
  const path = `${FOLDER}${name.slice(0, NAME_LENGTH_MAX)}.json`
  writeFileSync(path, `${JSON.stringify(example, null, 2)}\n`)
  return path
}

const NAME_LENGTH_MAX = 80
