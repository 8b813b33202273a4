import { type Scheduler, Stop } from './execution.js'
import type { Decision, Scenario, Schedule, Violation } from './scenario.js'
import { CRASHES_LEFT, STEP } from './shared-state.js'
import { NOBODY, Simulation, type SimulationOptions, START } from './simulation.js'

export interface Outcome {
  readonly violation: Violation | undefined
  /** What happened, in order, if the execution is traced. */
  readonly trace: readonly string[]
}

const CRASHES_MAX = 1 << 20

/**
 * Runs one scenario under schedules. Without any decision each actor runs until it blocks or ends,
 * then the next. So a decision less is a preemption or a death less, and a schedule that fails can
 * be made smaller by leaving decisions out. Decisions that never come up are ignored.
 */
export class ScheduleRunner<World> implements Scheduler {
  readonly simulation: Simulation<World>
  private readonly decisions = new Map<number, Decision>()
  /** Who goes on after a suspension; NOBODY if the actor was suspended to die. */
  private next = NOBODY

  constructor(scenario: Scenario<World>, options: SimulationOptions = {}) {
    this.simulation = new Simulation(scenario, this, options)
  }

  get actorNames(): readonly string[] {
    return this.simulation.names
  }

  /** Decision points that an actor came to in the last run. */
  stepsOf(actor: string): number {
    return this.simulation.machine.state.get(this.simulation.names.indexOf(actor), STEP)
  }

  run(schedule: Schedule): Outcome {
    const { simulation } = this
    simulation.restart()
    simulation.machine.state.registers[CRASHES_LEFT] = CRASHES_MAX
    this.decisions.clear()
    for (const decision of schedule) {
      const who = decision.who === START ? NOBODY : simulation.names.indexOf(decision.who)
      this.decisions.set(key(who, decision.at), decision)
    }
    return { violation: this.execute(), trace: [...simulation.machine.trace] }
  }

  private execute(): Violation | undefined {
    const { simulation } = this
    let actor = this.choose(NOBODY, 0)
    while (actor !== NOBODY) {
      const stop = simulation.run(actor)
      if (stop === Stop.FAILED) return simulation.failure()
      const isInterrupted = stop === Stop.SUSPENDED && this.next !== NOBODY
      actor = isInterrupted ? this.next : this.choose(actor, this.stepOf(actor))
    }
    return simulation.judge()
  }

  private stepOf(actor: number): number {
    return this.simulation.machine.state.get(actor, STEP)
  }

  beforeAtomic(actor: number): void {
    const step = this.stepOf(actor)
    const decision = this.decisions.get(key(actor, step))
    if (decision === undefined) return
    const { simulation } = this
    const others = simulation.runnable() & ~(1 << actor)
    if (decision.crash === true && simulation.canCrash(actor)) {
      this.next = NOBODY
      simulation.machine.suspend()
    }
    const to = decision.to === undefined ? NOBODY : simulation.names.indexOf(decision.to)
    if (to === NOBODY || (others & (1 << to)) === 0) return
    this.next = to
    simulation.machine.suspend()
  }

  beforeWrite(actor: number): void {
    if (this.decisions.get(key(actor, this.stepOf(actor)))?.crash === true) this.beforeAtomic(actor)
  }

  /** Who goes on where the actor cannot, or must not because it dies here. */
  private choose(actor: number, step: number): number {
    const { simulation } = this
    const decision = this.decisions.get(key(actor, step))
    if (decision?.crash === true && actor !== NOBODY && simulation.canCrash(actor)) {
      simulation.machine.crash(actor)
    }
    const bits = simulation.runnable()
    if (bits === 0) return simulation.idleTurn(actor)
    const to = decision?.to === undefined ? NOBODY : simulation.names.indexOf(decision.to)
    return to !== NOBODY && (bits & (1 << to)) !== 0 ? to : simulation.firstAfter(actor, bits)
  }
}

function key(actor: number, step: number): number {
  return (actor + 1) * 2 ** 20 + step
}

/** Leaves decisions out of a failing schedule as long as it fails in the same way. */
export function minimize<World>(
  scenario: Scenario<World>,
  schedule: Schedule,
  options: SimulationOptions = {},
): Schedule {
  const runner = new ScheduleRunner(scenario, options)
  const kind = runner.run(schedule).violation?.kind
  if (kind === undefined) return schedule
  let smallest = schedule
  for (let at = smallest.length - 1; at >= 0; at--) {
    const without = smallest.toSpliced(at, 1)
    if (runner.run(without).violation?.kind === kind) smallest = without
  }
  return smallest
}
