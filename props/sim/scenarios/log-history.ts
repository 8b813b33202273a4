import { assertClean } from '../../history/checker.js'
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
  assertClean(fromSimulation(ending, cast), { drained })
  if (known.size >= KNOWN_MAX) known.clear()
  known.add(key)
}
