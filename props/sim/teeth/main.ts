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
 *               elapsedMs}; without `killedBy` it survived, and `reason` says why it may
 *     unreached {unreached, reason}: an operation of the core that no scenario comes by
 *     error     {error}: a reason whose mutant was killed, or that names nothing
 *
 * Exits with 1 if a canary lives, if a mutant survives without a reason or an operation is unreached
 * without one, and if a reason is out of date.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { CANARIES } from './canaries.js'
import { EQUIVALENT, UNREACHED } from './equivalent.js'
import { Fleet } from './fleet.js'
import { type NamedMutant, nameOf, surveyAll } from './mutants.js'

/** States that are explored in each scenario, in the first round and in those after it. */
const LIMITS = [1_000, 8_000]
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
  const { site, visits, fault, ...names } = mutant
  const name = nameOf(mutant)
  const reason = EQUIVALENT.get(name)
  const limits = reason === undefined ? LIMITS : LIMITS_OF_EQUIVALENT
  const verdict = await fleet.run({ kind: 'hunt', mutant: { site, visits, fault }, limits })
  const line = { mutant: name, ...names, fault, ...verdict }
  const isKilled = verdict.killedBy !== undefined
  report(reason === undefined ? line : { ...line, reason }, isKilled !== (reason !== undefined))
}

async function runMutants(): Promise<void> {
  const { mutants, unreached } = await surveyAll(fleet)
  const chosen = mutants.filter((mutant) => nameOf(mutant).includes(options.only))
  await Promise.all(chosen.map(runMutant))
  for (const call of unreached) {
    const name = `${call.site}: ${call.callee}`
    const reason = UNREACHED.get(call.site)
    report({ unreached: name, reason }, reason !== undefined)
  }
}

if (options.only === '') await Promise.all(CANARIES.map(({ name }) => runCanary(name)))
if (!options.canaries) await runMutants()
fleet.close()
