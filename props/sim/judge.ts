import { Status } from './execution.js'
import type { Ending, Scenario, Violation } from './scenario.js'

/** What is wrong with an ending, when nobody can go on. The world shows the memory at the end. */
export function judge<World>(
  scenario: Scenario<World>,
  world: World,
  names: readonly string[],
  ending: Ending,
): Violation | undefined {
  const isBlocked = names.some((name) => BLOCKED.has(ending.status(name)))
  try {
    if (isBlocked && scenario.mayBlock?.(world, ending) !== true) {
      return { kind: 'deadlock', message: `nobody can go on; ${standings(names, ending)}` }
    }
    scenario.check(world, ending)
  } catch (error) {
    return { kind: 'check', message: error instanceof Error ? error.message : String(error) }
  }
  return undefined
}

const BLOCKED: ReadonlySet<Status> = new Set([Status.SLEEPING, Status.SPINNING])

function standings(names: readonly string[], ending: Ending): string {
  const words = Object.keys(Status)
  return names.map((name) => `${name} is ${words[ending.status(name)]?.toLowerCase()}`).join(', ')
}
