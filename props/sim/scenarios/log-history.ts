import assert from 'node:assert/strict'
import { checkHistory } from '../../history/checker.js'
import { type Cast, fromSimulation } from '../../history/from-simulation.js'
import type { Ending } from '../scenario.js'
import type { LogContent, Seen } from './log-world.js'

/** Who reads the log of a scenario, besides the check itself. */
export type Audience = Pick<Cast, 'members' | 'readers' | 'from'>

/** What was found to be right: most executions end like another one did. */
const judged = new Set<string>()
const JUDGED_MAX = 10_000

/** What all actors did, judged as one history: by the checker that judges real threads, too. */
export function checkLogHistory(
  ending: Ending,
  senders: readonly string[],
  audience: Audience,
  content: LogContent,
): void {
  const actors = [...senders, ...(audience.members ?? []), ...(audience.readers ?? [])]
  const known = actors.map((actor) => [ending.status(actor), ending.events(actor)])
  const key = JSON.stringify([senders, audience, known, content])
  if (judged.has(key)) return
  if (judged.size >= JUDGED_MAX) judged.clear()
  const events = actors.flatMap((actor) => ending.events(actor).filter(isSeen))
  const before = [...content.records, ...events].filter(({ name }) => name < 1000)
  const firsts = new Map(before.map((seen) => [seen.name, seen]).reverse() as [number, Seen][])
  const history = fromSimulation(ending, {
    senders,
    ...audience,
    before: [...firsts.values()].sort((one, other) => one.offset - other.offset),
    left: content,
  })
  assert.deepEqual(checkHistory(history), {})
  judged.add(key)
}

function isSeen(event: unknown): event is Seen {
  return typeof event === 'object' && event !== null && 'offset' in event && 'name' in event
}
