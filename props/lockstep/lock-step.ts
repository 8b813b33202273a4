import { isDeepStrictEqual } from 'node:util'
import { Operation } from '../sim/actor-log.js'
import { Status } from '../sim/execution.js'
import type { Scenario, Schedule, Violation } from '../sim/scenario.js'
import { Player, type Told } from './player.js'
import { type Play, Rehearsal, type Turn } from './rehearsal.js'
import { firstDifference, SharedMemory } from './shared-memory.js'
import { wakeAll } from './sleepers.js'
import type { Thread } from './thread.js'
import type { Troupe } from './troupe.js'

/** How one schedule went. */
export interface Performance {
  /** Operations in the simulation, all of which the real threads did, too, unless they differ. */
  readonly operations: number
  /** Threads that were killed on the way. */
  readonly crashes: number
  /** Where the real threads first did other than the simulated ones. */
  readonly difference: string | undefined
}

/** Reality departs from the simulation. */
class Difference extends Error {}

/**
 * Performs a scenario's schedules twice: in the simulation, and then in real threads, one for each
 * actor, in the same order and with the same deaths, on real shared memory.
 */
export class LockStep<World> {
  readonly rehearsal: Rehearsal<World>
  readonly #name: string
  readonly #troupe: Troupe
  readonly #memory: SharedMemory
  /** Content of the memory after the setup. */
  readonly #initial: Buffer

  constructor(scenario: Scenario<World>, troupe: Troupe) {
    this.#name = scenario.name
    this.#troupe = troupe
    this.rehearsal = new Rehearsal(scenario)
    const { initial, sizes } = this.rehearsal.runner.simulation.regions
    this.#memory = new SharedMemory(sizes)
    this.#initial = Buffer.from(initial.buffer, 0, initial.byteLength)
  }

  async perform(schedule: Schedule): Promise<Performance> {
    const play = this.rehearsal.perform(schedule)
    const crashes = play.turns.filter(({ isDeath }) => isDeath).length
    const difference = await this.#repeat(play).catch((error: unknown) => {
      if (error instanceof Difference) return error.message
      throw error
    })
    return { operations: play.steps, crashes, difference }
  }

  async #repeat(play: Play): Promise<undefined> {
    const players: Player[] = []
    for (const [actor, name] of this.rehearsal.runner.actorNames.entries()) {
      players.push(new Player(name, await this.#thread(actor)))
    }
    const isCut = play.violation?.kind === 'race' || play.violation?.kind === 'error'
    const history: Told[] = []
    this.#memory.write(this.#initial)
    try {
      for (const { name, thread } of players) thread.begin({ act: name })
      for (const player of players) await player.settle(history)
      await this.#act(play, players, history)
      this.#compareMemory(play.bytes, 'at the end')
      this.#compareEvents(play, players, history)
      if (isCut) return
      this.#compareStatuses(play, players)
    } finally {
      for (const address of sleepersOf(players).keys()) this.#wakeAll(address)
      for (const player of players) await player.leave(history)
    }
    await this.#judge(play, history)
  }

  // -------------------------------------------------------------------------------------------
  // Before: threads that know the scenario
  // -------------------------------------------------------------------------------------------

  /** A thread for the actor. What its setup makes of the memory is compared. */
  async #thread(actor: number): Promise<Thread> {
    const thread = this.#troupe.member(actor)
    if (thread.scenario === this.#name) return thread
    const held = this.#memory.content()
    this.#memory.write(Buffer.alloc(held.length))
    const answer = await thread.ask({ setUp: this.#name, buffers: this.#memory.buffers })
    if ('failed' in answer) throw new Difference(`the setup fails in a thread: ${answer.failed}`)
    this.#compareMemory(this.#initial, 'after the setup')
    this.#memory.write(held)
    thread.scenario = this.#name
    return thread
  }

  // -------------------------------------------------------------------------------------------
  // Turn by turn
  // -------------------------------------------------------------------------------------------

  async #act(play: Play, players: readonly Player[], history: Told[]): Promise<void> {
    let [deaths, repaired] = [0, 0]
    for (const turn of play.turns) {
      const player = players[turn.actor] as Player
      if (turn.isDeath) {
        await this.#troupe.kill(turn.actor)
        player.isDead = true
        deaths++
        for (const { thread } of players) thread.control.addDeath(deaths, turn.actor)
        continue
      }
      const done = player.thread.control.done
      await player.go(turn.count, history)
      this.#compareSteps(turn, player, done)
      this.#compareWoken(turn)
      repaired += this.#repairedBy(turn)
      for (const { thread } of players) thread.control.setRepaired(repaired)
    }
  }

  #compareSteps(turn: Turn, player: Player, from: number): void {
    const { control, log } = player.thread
    for (let step = 0; step < turn.count; step++) {
      const expected = turn.first + step
      const isDone = from + step < control.done
      if (isDone && this.rehearsal.log.equals(expected, log, from + step)) continue
      const nameOf = this.#nameOf
      const real = isDone ? log.describe(from + step, nameOf) : 'nothing'
      const simulated = this.rehearsal.log.describe(expected, nameOf)
      const failure = player.failure === undefined ? '' : `, and fails: ${player.failure}`
      throw new Difference(
        `step ${expected}, operation ${from + step} of ${player.name}: ` +
          `in the simulation ${simulated}; in a thread ${real}${failure}`,
      )
    }
  }

  /** After a notify of the simulation, no waiter of that word is left in reality. */
  #compareWoken({ first, count }: Turn): void {
    const last = first + count - 1
    if (this.rehearsal.log.kindAt(last) !== Operation.notify) return
    const address = this.rehearsal.log.addressAt(last)
    const left = this.#wakeAll(address)
    if (left > 0) {
      const word = this.#nameOf(address)
      throw new Difference(`step ${last}: notify ${word} leaves ${left} threads asleep`)
    }
  }

  /** How many repairs were completed in a turn. */
  #repairedBy({ first, count }: Turn): number {
    const steps = Array.from({ length: count }, (_, step) =>
      this.rehearsal.log.kindAt(first + step),
    )
    return steps.filter((kind) => kind === Operation.repaired).length
  }

  #wakeAll(address: number): number {
    const { words, index } = this.#memory.find(address)
    return wakeAll(words, index)
  }

  readonly #nameOf = (address: number): string => {
    return this.rehearsal.runner.simulation.regions.describe(address)
  }

  // -------------------------------------------------------------------------------------------
  // At the end
  // -------------------------------------------------------------------------------------------

  #compareMemory(expected: Buffer, when: string): void {
    const content = this.#memory.content()
    const word = firstDifference(expected, content)
    if (word < 0) return
    const at = word * 4
    const [simulated, real] = [expected, content].map((bytes) => bytes.toString('hex', at, at + 4))
    throw new Difference(
      `${when} ${this.#nameOf(word)} is ${simulated} in the simulation and ${real} in threads`,
    )
  }

  #compareEvents(play: Play, players: readonly Player[], history: readonly Told[]): void {
    for (const [actor, { name }] of players.entries()) {
      const told = history.filter((entry) => entry.actor === name).map(({ event }) => event)
      if (isDeepStrictEqual(told, play.events[actor])) continue
      throw new Difference(`${name} recorded other events: ${JSON.stringify(told)}`)
    }
  }

  #compareStatuses(play: Play, players: readonly Player[]): void {
    for (const [actor, player] of players.entries()) {
      const [expected, status] = [play.statuses[actor], player.status()]
      if (status === expected) continue
      const [simulated, real] = [expected, status].map((value) => statusName(value))
      const failure = player.failure === undefined ? '' : `: ${player.failure}`
      throw new Difference(
        `${player.name} is ${simulated} in the simulation, but ${real} in a thread${failure}`,
      )
    }
    for (const [address, count] of sleepersOf(players)) {
      const found = this.#wakeAll(address)
      if (found === count) continue
      throw new Difference(`${count} threads sleep on ${this.#nameOf(address)}, but ${found} wait`)
    }
  }

  /** The scenario's own check, on the real memory, in a real thread. */
  async #judge(play: Play, history: readonly Told[]): Promise<undefined> {
    const names = this.rehearsal.runner.actorNames
    const thread = await this.#thread(names.length - 1)
    const answer = await thread.ask({ judge: { names, statuses: play.statuses, history } })
    const verdict = 'verdict' in answer ? answer.verdict : undefined
    if (isDeepStrictEqual(verdict, play.violation)) return
    const [simulated, real] = [play.violation, verdict].map(describeVerdict)
    throw new Difference(`judged in the simulation: ${simulated}; in threads: ${real}`)
  }
}

/** On which words how many threads sleep. */
function sleepersOf(players: readonly Player[]): Map<number, number> {
  const sleepers = new Map<number, number>()
  for (const player of players) {
    if (player.status() !== Status.SLEEPING) continue
    const { control, log } = player.thread
    const address = log.addressAt(control.done - 1)
    sleepers.set(address, (sleepers.get(address) ?? 0) + 1)
  }
  return sleepers
}

function statusName(status: Status | undefined): string {
  const name = Object.keys(Status).find((key) => Status[key as keyof typeof Status] === status)
  return (name ?? 'nowhere').toLowerCase()
}

function describeVerdict(violation: Violation | undefined): string {
  return violation === undefined ? 'right' : `${violation.kind}: ${violation.message}`
}
