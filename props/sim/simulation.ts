import {
  type ExecutionOptions,
  type Scheduler,
  Status,
  type Stop,
  type Witness,
} from './execution.js'
import { judge } from './judge.js'
import { Machine } from './machine.js'
import { useMachine } from './memory.js'
import { MutantMachine, type Mutation } from './mutant-machine.js'
import { beginRegions, endRegions, type RegionTable } from './regions.js'
import { type Ending, type Scenario, sometimes, useRecorder, type Violation } from './scenario.js'
import { CRASHES_LEFT, RaceError } from './shared-state.js'

export interface SimulationOptions {
  /** One operation of the core is wrong. */
  readonly mutation?: Mutation
  /** Note where operations are called, instead. */
  readonly collectsSites?: boolean
  /** Keep a readable trace. */
  readonly tracing?: boolean
  /** Whether `fill` writes its upper half first. */
  readonly fillsDescending?: boolean
  /** Whether loads of words that nobody writes to are no points of decision. */
  readonly skipsConstants?: boolean
  /** Sees what is done. */
  readonly witness?: Witness
  /** Whether nobody dies between two plain writes, only before the first and after the last. */
  readonly hasCoarseDeaths?: boolean
  /** Whether states that hold the same are one, whatever led there. */
  readonly mergesByContent?: boolean
}

/** The index of nobody: before the first actor runs. */
export const NOBODY = -1

export const START = 'start'

/** A scenario that has been set up and can be run under any scheduler. */
export class Simulation<World> {
  readonly machine: Machine
  /** Actors by index; the repair comes last. */
  readonly names: readonly string[]
  private readonly scenario: Scenario<World>
  private readonly world: World
  readonly regions: RegionTable
  private readonly mortal: boolean[]
  private readonly initialRegisters: Int32Array
  private isShown = true

  constructor(scenario: Scenario<World>, scheduler: Scheduler, options: SimulationOptions = {}) {
    beginRegions()
    this.scenario = scenario
    this.world = scenario.setup()
    this.regions = endRegions(
      (region, word) => scenario.describe?.(this.world, region, word) ?? `word ${word}`,
    )
    const bodies = Object.values(scenario.actors).map((actor) => () => actor(this.world))
    const names = Object.keys(scenario.actors)
    this.mortal = names.map((name) => scenario.mortal?.includes(name) ?? true)
    const repair = names.length
    const repairers = scenario.repair === undefined ? 0 : (scenario.repairers ?? 1)
    for (let number = 1; number <= repairers; number++) {
      names.push(number === 1 ? 'repair' : `repair${number}`)
      bodies.push(() => this.repairAll(repair))
      this.mortal.push(number < repairers)
    }
    this.names = names
    this.machine = machineFor(options, {
      initial: this.regions.initial,
      names,
      bodies,
      repair,
      repairers,
      scheduler,
      describe: (address) => this.regions.describe(address),
      tracing: options.tracing ?? false,
      fillsDescending: options.fillsDescending ?? false,
      skipsConstants: options.skipsConstants ?? false,
      hasCoarseDeaths: options.hasCoarseDeaths ?? false,
      ordersEvents: scenario.ordersEvents ?? false,
      witness: options.witness,
      mergesByContent: options.mergesByContent ?? false,
    })
    this.regions.each((region, word, address) => {
      this.machine.watch(address, scenario.watch?.(this.world, region, word))
      if (scenario.isCounter?.(this.world, region, word)) this.machine.state.setCounter(address)
    })
    this.initialRegisters = this.machine.state.registers.slice()
  }

  private repairAll(repair: number): void {
    const { machine } = this
    for (let count = machine.firstDeath(); ; count++) {
      if (machine.isSuccessor) sometimes('repair begun again')
      const dead = machine.death(count)
      // One that repairs leaves nothing behind but the work that its successor does again.
      if (dead < repair) this.scenario.repair?.(this.world, this.names[dead] as string)
      machine.repaired(count)
    }
  }

  /** Goes back to the state after the setup. */
  restart(): void {
    const { state, trace } = this.machine
    state.undoTo(0)
    state.registers.set(this.initialRegisters)
    trace.length = 0
  }

  run(actor: number): Stop {
    if (this.isShown) this.regions.hide()
    else this.machine.hideObserved()
    this.isShown = false
    useMachine(this.machine)
    useRecorder(this.machine)
    try {
      return this.machine.run(actor)
    } finally {
      useMachine(undefined)
      useRecorder(undefined)
    }
  }

  /** Whether the actor may die now. */
  canCrash(actor: number): boolean {
    const left = this.machine.state.registers[CRASHES_LEFT] as number
    return left > 0 && this.mortal[actor] === true
  }

  /** The actors that can go on, as bits. */
  runnable(): number {
    let bits = 0
    for (let actor = 0; actor < this.names.length; actor++) {
      if (this.machine.isRunnable(actor)) bits |= 1 << actor
    }
    return bits
  }

  /** The first of some actors, given as bits, that comes after this one in turn. */
  firstAfter(actor: number, bits: number): number {
    const count = this.names.length
    for (let step = 1; step <= count; step++) {
      const candidate = (actor + step + count) % count
      if ((bits & (1 << candidate)) !== 0) return candidate
    }
    return NOBODY
  }

  /** A spinning actor that gets one more turn because nobody else can move, or NOBODY. */
  idleTurn(after: number): number {
    const { machine } = this
    let spinning = 0
    for (let actor = 0; actor < this.names.length; actor++) {
      if (machine.status(actor) === Status.SPINNING) spinning |= 1 << actor
    }
    const next = this.firstAfter(after, spinning)
    return next !== NOBODY && machine.allowIdleTurn(next) ? next : NOBODY
  }

  /** What is wrong after an actor failed. */
  failure(): Violation {
    const error = this.machine.failure as Error
    const kind = error instanceof RaceError ? 'race' : 'error'
    return { kind, message: error.message }
  }

  /** What is wrong when nobody can go on. */
  judge(): Violation | undefined {
    this.regions.show(this.machine.state.bytes)
    this.isShown = true
    return judge(this.scenario, this.world, this.names, this.ending())
  }

  ending(): Ending {
    const { machine, names } = this
    const indexOf = (name: string) => {
      const index = names.indexOf(name)
      if (index < 0) throw new Error(`the scenario has no actor ${name}`)
      return index
    }
    return {
      status: (name) => machine.status(indexOf(name)),
      events: (name) => machine.eventsOf(indexOf(name)).map(({ event }) => event),
      history: () =>
        names
          .flatMap((actor, index) => machine.eventsOf(index).map((entry) => ({ actor, ...entry })))
          .sort((one, other) => one.order - other.order)
          .map(({ actor, event }) => ({ actor, event })),
    }
  }
}

function machineFor(options: SimulationOptions, execution: ExecutionOptions): Machine {
  const { mutation, collectsSites = false } = options
  if (mutation === undefined && !collectsSites) return new Machine(execution)
  return new MutantMachine(execution, mutation)
}
