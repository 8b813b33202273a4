/**
 * Replays stored examples, files of `props/sim/examples`, and prints what each ends in as JSON:
 *
 *     node --conditions=millrace:sim dist/props/sim/scenarios/replay.js props/sim/examples/*.json
 */
import { readFileSync } from 'node:fs'
import type { Scenario, Schedule, ViolationKind } from '../scenario.js'
import { ScheduleRunner } from '../schedule.js'
import { explorationsFrom } from './all.js'
import { STARTS, type Start } from './log-world.js'
import { toys } from './toys.js'

/** A schedule that failed once. */
interface Example {
  readonly about: string
  readonly scenario: string
  readonly schedule: Schedule
  /** What it must end in: null where the defect is mended, a kind of violation for a canary. */
  readonly ends: ViolationKind | null
}

function outcomeOf<World>(scenario: Scenario<World>, schedule: Schedule): ViolationKind | null {
  return new ScheduleRunner(scenario).run(schedule).violation?.kind ?? null
}

function replay({ scenario: name, schedule }: Example): ViolationKind | null {
  const toy = toys().find((candidate) => candidate.name === name)
  if (toy !== undefined) return outcomeOf(toy, schedule)
  const explorations = (Object.keys(STARTS) as Start[]).flatMap(explorationsFrom)
  const exploration = explorations.find(({ scenario }) => scenario.name === name)
  if (exploration === undefined) throw new Error(`no scenario '${name}'`)
  return outcomeOf(exploration.scenario, schedule)
}

for (const path of process.argv.slice(2)) {
  const example = JSON.parse(readFileSync(path, 'utf8')) as Example
  console.log(
    JSON.stringify({ about: example.about, expected: example.ends, ends: replay(example) }),
  )
}
