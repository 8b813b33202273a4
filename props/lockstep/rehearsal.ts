import { type ActorLog, Operation } from '../sim/actor-log.js'
import type { Status, Witness } from '../sim/execution.js'
import type { Scenario, Schedule, Violation } from '../sim/scenario.js'
import { ScheduleRunner } from '../sim/schedule.js'
import type { SharedState } from '../sim/shared-state.js'
import { ofBytes, ofEvent } from './fingerprint.js'
import { hasAddress, isOfDoubles, isOfLongs, StepLog } from './step-log.js'

/** What one actor does before another does anything, or its death. */
export interface Turn {
  readonly actor: number
  readonly isDeath: boolean
  /** Number of its first step, counted over all actors. */
  readonly first: number
  count: number
}

/** An execution in the simulation, which the real threads repeat. */
export interface Play {
  readonly turns: readonly Turn[]
  readonly steps: number
  readonly bytes: Buffer
  readonly statuses: readonly Status[]
  readonly events: readonly (readonly unknown[])[]
  readonly violation: Violation | undefined
}

const STEPS_MAX = 1 << 16

/** Runs a scenario in the simulation and notes every step. */
export class Rehearsal<World> implements Witness {
  readonly runner: ScheduleRunner<World>
  readonly log = StepLog.create(STEPS_MAX)
  #turns: Turn[] = []
  #steps = 0

  constructor(scenario: Scenario<World>) {
    this.runner = new ScheduleRunner(scenario, { witness: this })
  }

  perform(schedule: Schedule): Play {
    this.#turns = []
    this.#steps = 0
    const { violation } = this.runner.run(schedule)
    const { simulation } = this.runner
    const { machine, names } = simulation
    const ending = simulation.ending()
    return {
      turns: this.#turns,
      steps: this.#steps,
      bytes: Buffer.from(machine.state.bytes),
      statuses: names.map((name) => ending.status(name)),
      events: names.map((name) => ending.events(name)),
      violation,
    }
  }

  operation(state: SharedState, actor: number, log: ActorLog, place: number): void {
    const kind = log.kinds[place] as number
    const address = log.addresses[place] as number
    const returned = returnedBy(kind, log, place)
    this.log.put(this.#steps, kind, address, returned, leftBy(kind, state, address))
    const turn = this.#turns.at(-1)
    if (turn?.actor === actor && !turn.isDeath && !this.#endsTurn(this.#steps - 1)) turn.count++
    else this.#turns.push({ actor, isDeath: false, first: this.#steps, count: 1 })
    this.#steps++
  }

  /** Whom a notify woke is looked at before anything else happens. */
  #endsTurn(step: number): boolean {
    return this.log.kindAt(step) === Operation.notify
  }

  death(actor: number): void {
    this.#turns.push({ actor, isDeath: true, first: this.#steps, count: 0 })
  }
}

function returnedBy(kind: number, log: ActorLog, place: number): number | bigint {
  if (kind === Operation.loadLong || kind === Operation.compareExchangeLong) {
    return log.payloads[place] as bigint
  }
  if (kind === Operation.copyOut || kind === Operation.observe) {
    return ofBytes(log.payloads[place] as Buffer)
  }
  if (kind === Operation.record) return ofEvent(log.payloads[place])
  return log.values[place] as number
}

function leftBy(kind: number, state: SharedState, address: number): number | bigint {
  if (!hasAddress(kind)) return 0
  if (isOfLongs(kind)) return state.longs[address / 2] as bigint
  if (isOfDoubles(kind)) return state.doubles[address / 2] as number
  return state.cells[address] as number
}
