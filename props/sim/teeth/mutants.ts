import { type Fault, faultsOf } from '../mutant-machine.js'
import {
  type CallSite,
  callerOf,
  callSites,
  isOperation,
  kindOf,
  operationOf,
} from './call-sites.js'
import type { Fleet } from './fleet.js'
import type { Mutant, Visit } from './hunt.js'
import { subjects } from './subjects.js'

/** A mutant by names that stay while lines come and go. */
export interface NamedMutant extends Mutant {
  /** `core/log/tail.ts readTail` */
  readonly function: string
  /** Which call of that function, where it is the core that calls: `Appender.restart`. */
  readonly caller: string
  /** `load`, or `load 2` of several. */
  readonly operation: string
}

export interface FullSurvey {
  readonly mutants: readonly NamedMutant[]
  /** Operations of the core that no scenario comes by: `core/log/wait-set.ts hasSleepers: load`. */
  readonly unreached: readonly string[]
  /** Scenarios that fail although nothing is made wrong. */
  readonly broken: readonly string[]
}

/** One line that names a mutant. */
export function nameOf(mutant: Omit<NamedMutant, keyof Mutant> & { fault: Fault }): string {
  const caller = mutant.caller === '' ? '' : ` < ${mutant.caller}`
  return `${mutant.function}${caller}: ${mutant.operation} ${mutant.fault}`
}

/** Finds out which scenario comes by which operation, and what can be wrong there. */
export async function surveyAll(fleet: Fleet): Promise<FullSurvey> {
  const names = subjects().map(({ scenario }) => scenario.name)
  const surveys = await Promise.all(
    names.map(async (scenario) => ({
      scenario,
      ...(await fleet.run({ kind: 'survey', scenario })),
    })),
  )
  const visits = new Map<string, Visit[]>()
  for (const { scenario, sites } of surveys.sort((one, other) => one.states - other.states)) {
    for (const [site, addresses] of sites) {
      if (site === '') continue
      visits.set(site, [...(visits.get(site) ?? []), { scenario, addresses }])
    }
  }
  const calls = callSites()
  const mutants = [...visits].flatMap(([site, known]) => mutantsOf(site, known, calls))
  const reached = new Set([...visits.keys()].map((site) => site.split(' ')[0]))
  const unreached = [...calls.values()]
    .filter(
      (call) => isOperation(call) && faultsOf(kindOf(call)).length > 0 && !reached.has(call.place),
    )
    .map((call) => `${call.site}: ${operationOf(call)}`)
  return {
    mutants: mutants.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1)),
    unreached,
    broken: surveys.flatMap(({ scenario, violation }) => {
      return violation === undefined ? [] : [`${scenario} fails by itself: ${violation}`]
    }),
  }
}

function mutantsOf(
  site: string,
  visits: readonly Visit[],
  calls: ReadonlyMap<string, CallSite>,
): NamedMutant[] {
  const [place, , callerPlace] = site.split(' ')
  const call = calls.get(place as string)
  if (call === undefined) throw new Error(`the sources have no operation at ${place}`)
  const caller = site.includes(' < ') ? calls.get(callerPlace as string) : undefined
  return faultsOf(site).map((fault) => ({
    sites: [site],
    fault,
    visits,
    function: call.site,
    caller: caller === undefined ? '' : callerOf(caller),
    operation: operationOf(call),
  }))
}
