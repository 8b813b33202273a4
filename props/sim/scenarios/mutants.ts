/**
 * Makes each shared operation of the log wrong in turn and shows which scenario finds it, as a
 * Markdown table:
 *
 *     node --conditions=millrace:sim dist/props/sim/scenarios/mutants.js > mutants.md
 *     node --conditions=millrace:sim dist/props/sim/scenarios/mutants.js openSegment 500000
 */
import { explore, sitesOf } from '../explorer.js'
import { type Fault, faultsOf } from '../mutant-machine.js'
import { type Exploration, explorationsFrom } from './all.js'

/** Enough to come by every operation once. */
const SITES_STATES_MAX = 10_000

/** A scenario that comes by an operation, and on which words. */
interface Visit {
  readonly exploration: Exploration
  readonly addresses: ReadonlySet<number>
}

/** A part of the sites' names, and how many states of each scenario are explored at most. */
const [filter = '', statesMax = '60000'] = process.argv.slice(2)

function allSites(): Map<string, Visit[]> {
  const sites = new Map<string, Visit[]>()
  for (const exploration of explorationsFrom('from 0')) {
    if (exploration.finds !== undefined) continue
    const bounds = { ...exploration.bounds, statesMax: SITES_STATES_MAX }
    for (const [site, addresses] of sitesOf(exploration.scenario, bounds)) {
      if (site === '' || !site.includes(filter)) continue
      sites.set(site, [...(sites.get(site) ?? []), { exploration, addresses }])
    }
  }
  return new Map([...sites].sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** The scenario that finds the fault, and how. */
function find(site: string, fault: Fault, visits: readonly Visit[]): string | undefined {
  for (const { exploration, addresses } of visits) {
    const { scenario, bounds } = exploration
    const mutation = { site, fault, addresses }
    const report = explore(scenario, { ...bounds, statesMax: Number(statesMax), mutation })
    if (report.violation !== undefined) return `${report.violation.kind} in ${scenario.name}`
  }
  return undefined
}

let found = 0
let total = 0
console.log('| operation | fault | found as |\n|---|---|---|')
for (const [site, visits] of allSites()) {
  for (const fault of faultsOf(site)) {
    const verdict = find(site, fault, visits)
    total++
    if (verdict !== undefined) found++
    console.log(`| ${site} | ${fault} | ${verdict ?? '**not found**'} |`)
  }
}
console.log(`\n${found} of ${total} found`)
