/**
 * Makes the core wrong in every way there is, one at a time, and shows that the explorer finds it:
 *
 *     node --conditions=millrace:sim dist/props/sim/teeth/main.js              everything
 *     node --conditions=millrace:sim dist/props/sim/teeth/main.js --canaries   the known-bad variants
 *     node --conditions=millrace:sim dist/props/sim/teeth/main.js --sample     some mutants only
 *     node --conditions=millrace:sim dist/props/sim/teeth/main.js --only tail  those whose name has it
 *
 * One line of JSON on stdout for each
 *
 *     canary    {canary, scenario, expected, kind, message, states, decisions, schedule, repeats,
 *               elapsedMs}; `repeats`: the stored schedule still ends like that
 *     mutant    {mutant, function, caller, operation, fault, killedBy, kind, decisions, states,
 *               elapsedMs}; or {..., survived, reason}: why it is equivalent; or
 *               {..., survived, killedElsewhere}: what finds it instead of a scenario
 *     unreached {unreached, reason}: an operation of the core that no scenario comes by
 *     error     {error}: a reason whose mutant was killed, or that names nothing; a scenario that
 *               fails although nothing is made wrong
 *
 * Exits with 1 if a canary lives, if a mutant survives that is in neither list, if an operation is unreached
 * without one, and if a reason is out of date.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { sitesNamed } from './call-sites.js'
import { CANARIES } from './canaries.js'
import { EQUIVALENT, KILLED_ELSEWHERE, UNREACHED } from './equivalent.js'
import { Fleet } from './fleet.js'
import { type NamedMutant, nameOf, surveyAll } from './mutants.js'
import { SAMPLE } from './sample.js'

/** States that are explored in each scenario, in the first round and in those after it. */
const LIMITS = [1_000, 8_000, 60_000]
/** The same for a mutant that is held to be equivalent. */
const LIMITS_OF_EQUIVALENT = [1_000, 8_000]

const { values: options } = parseArgs({
  options: {
    canaries: { type: 'boolean', default: false },
    sample: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
})
const fleet = new Fleet(availableParallelism())

function report(line: object, isGood: boolean): void {
  console.log(JSON.stringify(line))
  if (!isGood) process.exitCode = 1
}

async function runCanary(name: string): Promise<void> {
  const bite = await fleet.run({ kind: 'canary', name })
  report(bite, bite.kind === bite.expected && bite.repeats)
}

async function runMutant(mutant: NamedMutant): Promise<void> {
  const { sites, visits, fault, ...names } = mutant
  const reason = EQUIVALENT.get(nameOf(mutant))
  const killedElsewhere = KILLED_ELSEWHERE.get(nameOf(mutant))
  const mayLive = reason !== undefined || killedElsewhere !== undefined
  const limits = mayLive ? LIMITS_OF_EQUIVALENT : LIMITS
  const verdict = await fleet.run({ kind: 'hunt', mutant: { sites, visits, fault }, limits })
  const survived = verdict.killedBy === undefined
  const line = { mutant: nameOf(mutant), ...names, fault, ...verdict }
  report(survived ? { ...line, survived, reason, killedElsewhere } : line, survived === mayLive)
  if (!survived && mayLive) report({ error: `${line.mutant} is said to survive` }, false)
}

async function runMutants(): Promise<void> {
  const { mutants, unreached, broken } = await surveyAll(fleet)
  for (const error of broken) report({ error }, false)
  const chosen = mutants.filter((mutant) => nameOf(mutant).includes(options.only))
  await Promise.all(chosen.map((mutant) => runMutant(mutant)))
  for (const name of unreached) {
    const reason = UNREACHED.get(name)
    report({ unreached: name, reason }, reason !== undefined)
  }
  const names = new Set([...mutants.map(nameOf), ...unreached])
  const named = [...EQUIVALENT.keys(), ...KILLED_ELSEWHERE.keys(), ...UNREACHED.keys()]
  for (const name of named) {
    if (!names.has(name)) report({ error: `a reason names nothing: ${name}` }, false)
  }
}

async function runSample(): Promise<void> {
  const mutants = SAMPLE.map(([site, operation, caller, fault, scenario]) => ({
    sites: sitesNamed(site, operation, caller),
    visits: [{ scenario }],
    fault,
    function: site,
    caller,
    operation,
  }))
  await Promise.all(mutants.map((mutant) => runMutant(mutant)))
}

if (options.only === '') await Promise.all(CANARIES.map(({ name }) => runCanary(name)))
if (options.sample) await runSample()
else if (!options.canaries) await runMutants()
fleet.close()
