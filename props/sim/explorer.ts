import { type Scheduler, Stop } from './execution.js'
import { MutantMachine, type Mutation } from './mutant-machine.js'
import {
  type Decision,
  type Scenario,
  type Schedule,
  takeMarks,
  type Violation,
} from './scenario.js'
import { minimize, ScheduleRunner } from './schedule.js'
import * as shared from './shared-state.js'
import { NOBODY, Simulation, type SimulationOptions, START } from './simulation.js'
import { StateTable } from './state-table.js'

export interface Bounds {
  /** How often an actor that could go on may be interrupted; Infinity for all interleavings. */
  readonly preemptions: number
  /** How many actors may die. */
  readonly crashes: number
  /** Where the exploration gives up. Default: 20 million. */
  readonly statesMax?: number
  /** Whether `fill` writes its upper half first. */
  readonly fillsDescending?: boolean
  /**
   * Nobody dies between two plain writes, only before the first and after the last: in between only
   * the bytes of an unfinished frame differ.
   */
  readonly hasCoarseDeaths?: boolean
  /**
   * States that hold the same are one, whatever led there, see `SharedState.stateHashLow`. Every
   * such state is explored, but races are looked for only on the ways that come to it first.
   */
  readonly mergesByContent?: boolean
  /** One operation of the core is wrong: this should be found. */
  readonly mutation?: Mutation
}

export interface FoundViolation extends Violation {
  /** The shortest schedule that was found to fail in the same way. */
  readonly schedule: Schedule
  readonly trace: readonly string[]
}

export interface Report {
  readonly name: string
  /** Different states at points of decision. */
  readonly states: number
  /** Executions, of which those that came to a known state were cut off there. */
  readonly executions: number
  /** Executions that ended in a new state, which was checked. */
  readonly endings: number
  /** Whether everything within the bounds was explored. */
  readonly complete: boolean
  readonly elapsedMs: number
  /** Marks that were reached, see `sometimes`. */
  readonly marks: readonly string[]
  readonly violation?: FoundViolation
}

const STATES_MAX = 20_000_000
const UNBOUNDED = 254

/** What the frames' `chosen` means besides an actor. */
const DEFAULT = -1
const CRASH = -2

/** A point of decision on the present path to which the exploration returns. */
interface Frame {
  who: number
  step: number
  /** Switching away from here interrupts the actor. */
  isPreemption: boolean
  /** Actors, as bits, and the death of this one: what has not been tried yet. */
  others: number
  mayCrash: boolean
  chosen: number
  trailLength: number
  registers: Int32Array
}

/**
 * Explores the interleavings and deaths of a scenario, depth first, without repeating a state.
 *
 * The bound on preemptions is that of CHESS (Musuvathi and Qadeer, 2007): a switch where the actor
 * blocks, ends or dies is free. Most defects need one or two.
 */
class Explorer<World> implements Scheduler {
  private readonly simulation: Simulation<World>
  private readonly bounds: Bounds
  private states = new StateTable()
  private readonly statesMax: number
  private readonly isBounded: boolean
  private readonly frames: Frame[] = []
  private depth = 0
  private executions = 0
  private endings = 0
  private isExhausted = true
  private violation: Violation | undefined

  constructor(scenario: Scenario<World>, bounds: Bounds, collectsSites = false) {
    const { hasCoarseDeaths = false, mergesByContent = false } = bounds
    const options = {
      ...simulationOptions(bounds),
      skipsConstants: true,
      collectsSites,
      hasCoarseDeaths,
      mergesByContent,
    }
    this.simulation = new Simulation(scenario, this, options)
    this.statesMax = bounds.statesMax ?? STATES_MAX
    this.isBounded = bounds.preemptions < UNBOUNDED
    this.bounds = bounds
  }

  /**
   * Explores until everything is done or something is wrong. Which words are constants is found
   * out on the way: whenever one turns out not to be, the exploration begins again.
   */
  explore(): Violation | undefined {
    const { state } = this.simulation.machine
    for (;;) {
      this.begin()
      const violation = this.exploreAll()
      if (!state.wasMistaken) return violation
    }
  }

  private begin(): void {
    const { machine } = this.simulation
    this.simulation.restart()
    machine.state.wasMistaken = false
    machine.state.registers[shared.PREEMPTIONS_LEFT] = Math.min(this.bounds.preemptions, UNBOUNDED)
    machine.state.registers[shared.CRASHES_LEFT] = this.bounds.crashes
    this.states = new StateTable()
    this.depth = 0
    this.executions = 0
    this.endings = 0
    this.isExhausted = true
    this.violation = undefined
  }

  private exploreAll(): Violation | undefined {
    const { simulation } = this
    const { state } = simulation.machine
    let actor = this.choose(NOBODY, false)
    for (;;) {
      while (actor !== NOBODY) {
        const stop = simulation.run(actor)
        if (stop === Stop.FAILED) return simulation.failure()
        if (state.wasMistaken) break
        actor = stop === Stop.SUSPENDED ? NOBODY : this.choose(actor, stop === Stop.FINISHED)
      }
      this.executions++
      if (state.wasMistaken) return undefined
      if (this.violation !== undefined) return this.violation
      const frame = this.unfinishedFrame()
      if (frame === undefined || !this.isExhausted) return undefined
      actor = this.tryNext(frame)
    }
  }

  /** What was explored, and the decisions of the present path. */
  result() {
    const { states, executions, endings, isExhausted } = this
    return { states: states.size, executions, endings, complete: isExhausted }
  }

  sites(): ReadonlyMap<string, ReadonlySet<number>> {
    const { machine } = this.simulation
    return machine instanceof MutantMachine ? machine.sites : new Map()
  }

  schedule(): Schedule {
    const schedule: Decision[] = []
    for (const frame of this.frames.slice(0, this.depth)) {
      if (frame.chosen === DEFAULT) continue
      const who = frame.who === NOBODY ? START : (this.simulation.names[frame.who] as string)
      const last = schedule.at(-1)
      if (frame.chosen === CRASH) {
        schedule.push({ who, at: frame.step, crash: true })
      } else if (last?.crash === true && last.who === who && last.at === frame.step) {
        const to = this.simulation.names[frame.chosen] as string
        schedule[schedule.length - 1] = { ...last, to }
      } else {
        schedule.push({ who, at: frame.step, to: this.simulation.names[frame.chosen] as string })
      }
    }
    return schedule
  }

  // -------------------------------------------------------------------------------------------
  // Points of decision
  // -------------------------------------------------------------------------------------------

  beforeAtomic(actor: number, onlyReads: boolean): void {
    const { simulation } = this
    if (!this.isNew(actor)) simulation.machine.suspend()
    const mayCrash = !onlyReads && simulation.canCrash(actor)
    const { registers } = simulation.machine.state
    const mayInterrupt = (registers[shared.PREEMPTIONS_LEFT] as number) > 0
    const others = mayInterrupt ? simulation.runnable() & ~(1 << actor) : 0
    this.push(actor, others, mayCrash, true)
  }

  beforeWrite(actor: number): void {
    if (this.simulation.canCrash(actor)) this.push(actor, 0, true, true)
  }

  /** Who goes on where the actor cannot; NOBODY at the end of an execution. */
  private choose(actor: number, mayCrash: boolean): number {
    const { simulation } = this
    if (!this.isNew(NOBODY)) return NOBODY
    const bits = simulation.runnable()
    const crashes = mayCrash && simulation.canCrash(actor)
    if (bits === 0) {
      if (crashes) this.push(actor, 0, true, false)
      const spinner = simulation.idleTurn(actor)
      if (spinner !== NOBODY) return spinner
      this.endings++
      this.violation = simulation.judge()
      return NOBODY
    }
    const next = simulation.firstAfter(actor, bits)
    this.push(actor, bits & ~(1 << next), crashes, false)
    return next
  }

  private isNew(current: number): boolean {
    const { state } = this.simulation.machine
    let low = state.stateHashLow()
    let high = state.stateHashHigh()
    if (this.isBounded) {
      low = shared.mixLow(low, current)
      high = shared.mixHigh(high, current)
    }
    const budget = state.registers[shared.PREEMPTIONS_LEFT] as number
    if (!this.states.add(low, high, budget)) return false
    if (this.states.size >= this.statesMax) this.isExhausted = false
    return this.isExhausted
  }

  private push(who: number, others: number, mayCrash: boolean, isPreemption: boolean): void {
    if (others === 0 && !mayCrash) return
    const { state } = this.simulation.machine
    let frame = this.frames[this.depth]
    if (frame === undefined) {
      frame = emptyFrame(state.registers.length)
      this.frames.push(frame)
    }
    this.depth++
    frame.who = who
    frame.step = who === NOBODY ? 0 : state.get(who, shared.STEP)
    frame.isPreemption = isPreemption
    frame.others = others
    frame.mayCrash = mayCrash
    frame.chosen = DEFAULT
    frame.trailLength = state.trailLength
    frame.registers.set(state.registers)
  }

  /** The last point on the path where something is left to try. */
  private unfinishedFrame(): Frame | undefined {
    for (; this.depth > 0; this.depth--) {
      const frame = this.frames[this.depth - 1] as Frame
      if (frame.others !== 0 || frame.mayCrash) return frame
    }
    return undefined
  }

  /** Goes back to the frame and takes its next choice; returns who goes on. */
  private tryNext(frame: Frame): number {
    const { state } = this.simulation.machine
    state.undoTo(frame.trailLength)
    state.registers.set(frame.registers)
    if (frame.mayCrash) {
      frame.mayCrash = false
      frame.chosen = CRASH
      this.simulation.machine.crash(frame.who)
      return this.choose(frame.who, false)
    }
    const next = this.simulation.firstAfter(frame.who, frame.others)
    frame.others &= ~(1 << next)
    frame.chosen = next
    if (frame.isPreemption && this.isBounded) {
      const left = state.registers[shared.PREEMPTIONS_LEFT] as number
      state.registers[shared.PREEMPTIONS_LEFT] = left - 1
    }
    return next
  }
}

function emptyFrame(registerCount: number): Frame {
  return {
    who: NOBODY,
    step: 0,
    isPreemption: false,
    others: 0,
    mayCrash: false,
    chosen: DEFAULT,
    trailLength: 0,
    registers: new Int32Array(registerCount),
  }
}

function simulationOptions(bounds: Bounds): SimulationOptions {
  const { fillsDescending = false, mutation } = bounds
  return mutation === undefined ? { fillsDescending } : { fillsDescending, mutation }
}

/**
 * Where the core calls shared operations in a scenario, and on which words, as far as this
 * exploration comes.
 */
export function sitesOf<World>(
  scenario: Scenario<World>,
  bounds: Bounds,
): ReadonlyMap<string, ReadonlySet<number>> {
  const explorer = new Explorer(scenario, bounds, true)
  explorer.explore()
  return explorer.sites()
}

/** Explores a scenario within bounds, until the first violation. */
export function explore<World>(scenario: Scenario<World>, bounds: Bounds): Report {
  takeMarks()
  const start = performance.now()
  const explorer = new Explorer(scenario, bounds)
  const violation = explorer.explore()
  const result = explorer.result()
  const elapsedMs = performance.now() - start
  const report = { name: scenario.name, ...result, elapsedMs, marks: takeMarks() }
  if (violation === undefined) return report
  const schedule = explorer.schedule()
  const explained = explain(scenario, schedule, simulationOptions(bounds))
  // An actor that catches its suspension fails only where the exploration cut it off.
  return {
    ...report,
    complete: false,
    violation: explained ?? { ...violation, schedule, trace: [] },
  }
}

/**
 * Replays a failing schedule, made as small as possible, with a trace.
 *
 * @returns undefined if nothing is wrong under this schedule
 */
export function explain<World>(
  scenario: Scenario<World>,
  schedule: Schedule,
  options: SimulationOptions = {},
): FoundViolation | undefined {
  const smallest = minimize(scenario, schedule, options)
  const runner = new ScheduleRunner(scenario, { ...options, tracing: true })
  const { violation, trace } = runner.run(smallest)
  return violation === undefined ? undefined : { ...violation, schedule: smallest, trace }
}
