import { explore, sitesOf } from '../explorer.js'
import type { Fault } from '../mutant-machine.js'
import type { ViolationKind } from '../scenario.js'
import { subjectNamed } from './subjects.js'

/** Enough states to come by every operation of a scenario, and to see that it is right. */
const SURVEY_STATES_MAX = 8_000

/** What can be done to find a mutant in one scenario. */
export interface Visit {
  readonly scenario: string
  /** Words that the operation touches there; default: not known. */
  readonly addresses?: readonly number[]
}

/** One operation of the core made wrong, and where it is come by, the smallest scenario first. */
export interface Mutant {
  /** As the machine names it. */
  readonly sites: readonly string[]
  readonly fault: Fault
  readonly visits: readonly Visit[]
}

export interface Verdict {
  /** The scenario in which the fault showed, and how; absent if it survived. */
  readonly killedBy?: string
  readonly kind?: ViolationKind
  /** Decisions in the shrunk schedule. */
  readonly decisions?: number
  /** States that were explored until then, in all scenarios. */
  readonly states: number
  readonly elapsedMs: number
}

/** What a scenario is like while nothing is made wrong. */
export interface Survey {
  readonly states: number
  /** The operations that it comes by, each with the words that it touches. */
  readonly sites: readonly (readonly [string, readonly number[]])[]
  /** What it finds all the same: then it proves nothing. */
  readonly violation?: string
}

export function survey(name: string): Survey {
  const { scenario, bounds } = subjectNamed(name)
  const sites = [...sitesOf(scenario, { ...bounds, statesMax: SURVEY_STATES_MAX })]
  const { states, violation } = explore(scenario, { ...bounds, statesMax: SURVEY_STATES_MAX })
  return {
    states,
    sites: sites.map(([site, addresses]) => [site, [...addresses]] as const),
    ...(violation === undefined ? {} : { violation: violation.message }),
  }
}

/**
 * Looks for the mutant in every scenario that comes by it, at first in few states of each: most
 * faults show soon, if they show at all.
 */
export function hunt(mutant: Mutant, limits: readonly number[]): Verdict {
  const start = performance.now()
  let states = 0
  let visits = mutant.visits
  for (const statesMax of limits) {
    const left: Visit[] = []
    for (const visit of visits) {
      const report = attack(mutant, visit, statesMax)
      states += report.states
      if (report.violation !== undefined) {
        const { kind, schedule } = report.violation
        const elapsedMs = Math.round(performance.now() - start)
        return { killedBy: visit.scenario, kind, decisions: schedule.length, states, elapsedMs }
      }
      if (!report.complete) left.push(visit)
    }
    visits = left
  }
  return { states, elapsedMs: Math.round(performance.now() - start) }
}

function attack({ sites, fault }: Mutant, { scenario: name, addresses }: Visit, statesMax: number) {
  const { scenario, bounds } = subjectNamed(name)
  const known = addresses === undefined ? {} : { addresses: new Set(addresses) }
  return explore(scenario, { ...bounds, statesMax, mutation: { sites, fault, ...known } })
}
