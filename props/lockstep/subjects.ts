import type { Scenario } from '../sim/scenario.js'
import { explorationsFrom } from '../sim/scenarios/all.js'
import { STARTS, type Start } from '../sim/scenarios/log-world.js'
import { toys } from '../sim/scenarios/toys.js'
import { everyOperation } from './every-operation.js'

/** Passes a scenario on with the type of its world. */
type Use<Result> = <World>(scenario: Scenario<World>) => Result

interface Subject {
  readonly name: string
  use<Result>(use: Use<Result>): Result
}

function subject<World>(scenario: Scenario<World>): Subject {
  return { name: scenario.name, use: (use) => use(scenario) }
}

/** Every scenario there is: of the log, from all its starts, and the small ones. */
export function subjects(): Subject[] {
  const starts = Object.keys(STARTS) as Start[]
  return [
    subject(everyOperation()),
    ...toys().map((toy) => subject(toy)),
    ...starts.flatMap(explorationsFrom).map(({ scenario }) => subject(scenario)),
  ]
}

export function subjectNamed(name: string): Subject {
  const found = subjects().find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no scenario '${name}'`)
  return found
}
