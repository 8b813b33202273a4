import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { explore } from '../explorer.js'
import type { Mutation } from '../mutant-machine.js'
import type { Schedule, ViolationKind } from '../scenario.js'
import { ScheduleRunner } from '../schedule.js'
import { sitesNamed } from './call-sites.js'
import { CANARIES, type Canary } from './canaries.js'

/** How a canary was caught. */
export interface Bite {
  readonly canary: string
  readonly scenario: string
  readonly expected: ViolationKind
  /** What the exploration found; null if nothing. */
  readonly kind: ViolationKind | null
  readonly message: string
  readonly states: number
  /** Decisions in the shrunk schedule. */
  readonly decisions: number
  readonly schedule: Schedule
  /** Whether the stored schedule still ends like that. */
  readonly repeats: boolean
  readonly elapsedMs: number
}

const STORED = fileURLToPath(new URL('../../../../props/sim/teeth/canaries.json', import.meta.url))

/** Explores a canary, and repeats its stored schedule. */
export function bite(name: string): Bite {
  const canary = CANARIES.find((candidate) => candidate.name === name)
  if (canary === undefined) throw new Error(`no canary '${name}'`)
  const { scenario, bounds } = canary.subject()
  const mutation = mutationOf(canary)
  const options = mutation === undefined ? bounds : { ...bounds, mutation }
  const { violation, states, elapsedMs } = explore(scenario, options)
  const stored = JSON.parse(readFileSync(STORED, 'utf8')) as Record<string, Schedule>
  const again = new ScheduleRunner(scenario, options).run(stored[name] ?? []).violation
  return {
    canary: name,
    scenario: scenario.name,
    expected: canary.finds,
    kind: violation?.kind ?? null,
    message: violation?.message ?? '',
    states,
    decisions: violation?.schedule.length ?? 0,
    schedule: violation?.schedule ?? [],
    repeats: stored[name] !== undefined && again?.kind === canary.finds,
    elapsedMs: Math.round(elapsedMs),
  }
}

function mutationOf({ operations, fault }: Canary): Mutation | undefined {
  if (operations.length === 0) return undefined
  return { sites: operations.flatMap((operation) => sitesNamed(...operation)), fault }
}
