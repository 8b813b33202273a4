/**
 * Replays stored examples, files of `props/sim/examples`, and prints what each ends in as JSON:
 *
 *     node --conditions=millrace:sim dist/props/sim/scenarios/replay.js props/sim/examples/*.json
 */
import type { Scenario, Schedule, ViolationKind } from '../scenario.js'
import { ScheduleRunner } from '../schedule.js'
import { explorationsFrom } from './all.js'
import { type Example, readExample } from './examples.js'
import { STARTS, type Start } from './log-world.js'
import { toys } from './toys.js'

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
  const example = readExample(path)
  console.log(
    JSON.stringify({ about: example.about, expected: example.ends, ends: replay(example) }),
  )
}
