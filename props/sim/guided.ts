import fc from 'fast-check'
import { explain, type FoundViolation } from './explorer.js'
import type { Decision, Scenario, Schedule } from './scenario.js'
import { ScheduleRunner } from './schedule.js'

export interface SearchOptions {
  readonly runs: number
  /** Decisions in a schedule, at most. */
  readonly decisions: number
  /** Deaths in a schedule, at most. */
  readonly crashes: number
  /** Repeats a search; by default a new one each time. */
  readonly seed?: number
  /** Where in that search, as an earlier one printed it. */
  readonly path?: string
}

export interface SearchReport {
  readonly runs: number
  readonly seed: number
  /** The smallest schedule that fails, and where the search came upon it. */
  readonly violation?: FoundViolation & { readonly path: string }
}

/**
 * Runs a scenario under schedules that fast-check draws: deeper than exploring everything can go,
 * and without a bound on preemptions, but not complete. A schedule that fails is shrunk by leaving
 * out decisions and moving them to the front.
 */
export function search<World>(scenario: Scenario<World>, options: SearchOptions): SearchReport {
  const runner = new ScheduleRunner(scenario)
  const property = fc.property(schedules(runner, options), (schedule) => {
    return runner.run(schedule).violation === undefined
  })
  const { runs, seed, path } = options
  const details = fc.check(property, {
    numRuns: runs,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  })
  const report = { runs: details.numRuns, seed: details.seed }
  if (!details.failed) return report
  const found = explain(scenario, details.counterexample?.[0] ?? [])
  if (found === undefined) return report
  return { ...report, violation: { ...found, path: details.counterexamplePath ?? '' } }
}

/** Schedules as fast-check draws them. */
export function schedules<World>(
  runner: ScheduleRunner<World>,
  { decisions, crashes }: Pick<SearchOptions, 'decisions' | 'crashes'>,
): fc.Arbitrary<Schedule> {
  const names = runner.actorNames
  runner.run([])
  // An actor that is interrupted takes other ways, which may be longer.
  const steps = names.map((name) => Math.max(10, 2 * runner.stepsOf(name)))
  const decision = fc.nat(names.length - 1).chain((who) =>
    fc.record({
      who: fc.constant(names[who] as string),
      at: fc.nat(steps[who] as number),
      to: fc.option(fc.constantFrom(...names), { nil: undefined }),
    }),
  )
  return fc.array(decision, { maxLength: decisions }).map((drawn) => withDeaths(drawn, crashes))
}

/** The first decisions that name nobody to go on are deaths, as many as there may be. */
function withDeaths(
  drawn: readonly { who: string; at: number; to: string | undefined }[],
  crashes: number,
): Decision[] {
  let left = crashes
  return drawn.flatMap(({ who, at, to }): Decision[] => {
    if (to !== undefined) return [{ who, at, to }]
    return left-- > 0 ? [{ who, at, crash: true }] : []
  })
}
