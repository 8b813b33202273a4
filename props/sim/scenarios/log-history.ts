import { assertClean, saysSomething } from '../../history/checker.js'
import { type Cast, fromSimulation } from '../../history/from-simulation.js'
import { Status } from '../execution.js'
import type { Ending } from '../scenario.js'

/** Histories that were found clean: many executions end with the same one. */
const known = new Set<string>()
const KNOWN_MAX = 10_000

/** Lets the checker of histories judge what the actors of a scenario recorded. */
export function checkHistory(ending: Ending, cast: Cast): void {
  const { senders = [], members = [], readers = [] } = cast
  const actors = [...senders, ...members, ...readers]
  const statuses = actors.map((actor) => ending.status(actor))
  const events =
    cast.isOrdered === true ? ending.history() : actors.map((name) => ending.events(name))
  const key = JSON.stringify([cast, statuses, events])
  if (known.has(key)) return
  // Whatever was sent has been read then.
  const drained = members.length > 0 && statuses.every((status) => status === Status.FINISHED)
  const history = fromSimulation(ending, cast)
  // All of them may have died before they did anything.
  const areAllDead = statuses.every((status) => status === Status.CRASHED)
  if (saysSomething(history) || !areAllDead) assertClean(history, { drained })
  if (known.size >= KNOWN_MAX) known.clear()
  known.add(key)
}
