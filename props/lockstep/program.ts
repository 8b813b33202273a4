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
  /** Deaths at operations that are drawn at random. */
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

/** One actor dies, at any of the operations that it does without interruptions. */
function drawDeaths<World>(
  scenario: Scenario<World>,
  stepsOf: (actor: string) => number,
  { seed, deaths }: ProgramOptions,
): Schedule[] {
  const mortal = scenario.mortal ?? Object.keys(scenario.actors)
  if (scenario.repair === undefined || mortal.length === 0 || deaths === 0) return []
  const steps = new Map(mortal.map((actor) => [actor, Math.max(1, stepsOf(actor))]))
  const death = fc
    .constantFrom(...mortal)
    .chain((who) =>
      fc
        .integer({ min: 1, max: steps.get(who) as number })
        .map((at): Schedule => [{ who, at, crash: true }]),
    )
  return fc.sample(death, { seed, numRuns: deaths })
}
