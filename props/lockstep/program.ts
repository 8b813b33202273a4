import fc from 'fast-check'
import { schedules } from '../sim/guided.js'
import type { Scenario, Schedule } from '../sim/scenario.js'
import { examplesOf } from '../sim/scenarios/examples.js'
import { LockStep } from './lock-step.js'
import type { Troupe } from './troupe.js'

const DECISIONS_MAX = 12
const CRASHES_MAX = 2

export interface ProgramOptions {
  /** Schedules drawn at random. */
  readonly schedules: number
  /** Deaths at operations that are drawn at random; Infinity for a death at each. */
  readonly deaths: number
  readonly seed: number
}

export interface Report {
  readonly scenario: string
  readonly seed: number
  readonly schedules: number
  readonly operations: number
  readonly crashes: number
  readonly differences: readonly { readonly schedule: Schedule; readonly message: string }[]
}

/** Performs a scenario without interruptions, under its stored examples, and under drawn schedules. */
export async function performAll<World>(
  scenario: Scenario<World>,
  troupe: Troupe,
  options: ProgramOptions,
): Promise<Report> {
  const lockStep = new LockStep(scenario, troupe)
  const program = programOf(scenario, lockStep, options)
  const differences: { schedule: Schedule; message: string }[] = []
  let [operations, crashes] = [0, 0]
  for (const schedule of program) {
    const performance = await lockStep.perform(schedule)
    operations += performance.operations
    crashes += performance.crashes
    if (performance.difference === undefined) continue
    differences.push({ schedule, message: performance.difference })
  }
  const { seed } = options
  return {
    scenario: scenario.name,
    seed,
    schedules: program.length,
    operations,
    crashes,
    differences,
  }
}

function programOf<World>(
  scenario: Scenario<World>,
  { rehearsal: { runner } }: LockStep<World>,
  options: ProgramOptions,
): Schedule[] {
  const crashes = scenario.repair === undefined ? 0 : CRASHES_MAX
  const arbitrary = schedules(runner, { decisions: DECISIONS_MAX, crashes })
  const { seed } = options
  return [
    [],
    ...examplesOf(scenario.name).map(({ schedule }) => schedule),
    ...fc.sample(arbitrary, { seed, numRuns: options.schedules }),
    ...drawDeaths(scenario, (actor) => runner.stepsOf(actor), options),
  ]
}

/** One actor dies, at an operation that it does without interruptions: at some, or at each. */
function drawDeaths<World>(
  scenario: Scenario<World>,
  stepsOf: (actor: string) => number,
  { seed, deaths }: ProgramOptions,
): Schedule[] {
  if (scenario.repair === undefined) return []
  const mortal = scenario.mortal ?? Object.keys(scenario.actors)
  const all = mortal.flatMap((who) =>
    Array.from(
      { length: stepsOf(who) },
      (_, step): Schedule => [{ who, at: step + 1, crash: true }],
    ),
  )
  if (all.length <= deaths) return all
  return fc.sample(fc.constantFrom(...all), { seed, numRuns: deaths })
}
