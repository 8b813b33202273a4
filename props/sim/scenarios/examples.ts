import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Schedule, ViolationKind } from '../scenario.js'

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
