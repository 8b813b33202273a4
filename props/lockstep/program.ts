import fc from 'fast-check'
import { schedules } from '../sim/guided.js'
import type { Decision, Scenario, Schedule } from '../sim/scenario.js'
import { examplesOf } from '../sim/scenarios/examples.js'
import { LockStep } from './lock-step.js'
import type { Troupe } from './troupe.js'

const DECISIONS_MAX = 12
const CRASHES_MAX = 2
/** Within so many steps of a repair another death is drawn. */
const REPAIR_STEPS = 60

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

/**
 * One actor dies, at an operation that it does without interruptions: at some, or at each. Where
 * there is another one to repair, the first that repairs dies in the middle, too, another time.
 */
function drawDeaths<World>(
  scenario: Scenario<World>,
  stepsOf: (actor: string) => number,
  { seed, deaths }: ProgramOptions,
): Schedule[] {
  if (scenario.repair === undefined || deaths === 0) return []
  const mortal = scenario.mortal ?? Object.keys(scenario.actors)
  const all = mortal.flatMap((who) =>
    Array.from(
      { length: stepsOf(who) },
      (_, step): Decision => ({ who, at: step + 1, crash: true }),
    ),
  )
  if (all.length === 0) return []
  const drawn = () => fc.sample(fc.constantFrom(...all), { seed, numRuns: deaths })
  const singles = (deaths < all.length ? drawn() : all).map((death) => [death])
  if ((scenario.repairers ?? 1) === 1) return singles
  const places = fc.sample(fc.integer({ min: 1, max: REPAIR_STEPS }), {
    seed,
    numRuns: singles.length,
  })
  const doubles = singles.map((single, index): Schedule => {
    return [...single, { who: 'repair', at: places[index] as number, crash: true }]
  })
  return [...singles, ...doubles]
}
