import { type Exploration, explorationsFrom } from '../scenarios/all.js'
import { attemptDuels } from './attempt-duels.js'
import { coordinatorDuels } from './coordinator-duels.js'
import { groupDuels } from './group-duels.js'
import { letterDuels } from './letter-duels.js'
import { logDuels } from './log-duels.js'
import { threadDuels } from './thread-duels.js'
import { variants } from './variants.js'

/** A scenario, and how far it is explored. */
export type Subject = Pick<Exploration, 'scenario' | 'bounds'>

/**
 * The explorations that a fault of the core must show in. Those that merge states by what they hold
 * are left out: a write that is held back is in no word yet.
 */
export function subjects(): Subject[] {
  const right = explorationsFrom('from 0').filter(({ finds }) => finds === undefined)
  return [
    ...right.filter(({ bounds }) => bounds.mergesByContent !== true),
    ...variants(),
    ...groupDuels(),
    ...logDuels(),
    ...threadDuels(),
    ...letterDuels(),
    ...attemptDuels(),
    ...coordinatorDuels(),
  ]
}

export function subjectNamed(name: string): Subject {
  const found = subjects().find(({ scenario }) => scenario.name === name)
  if (found === undefined) throw new Error(`no scenario '${name}'`)
  return found
}
