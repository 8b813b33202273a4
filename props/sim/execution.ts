import { ActorLog, Operation, operationName } from './actor-log.js'
import * as shared from './shared-state.js'
import { SharedState } from './shared-state.js'

/** What an actor is about to do, or why it does not. */
export const Status = {
  RUNNABLE: 0,
  FINISHED: 1,
  CRASHED: 2,
  /** In `wait`, not notified yet. */
  SLEEPING: 3,
  /** In `pause`: one more turn makes sense only if another actor changed what it looks at. */
  SPINNING: 4,
  /** The repair, while nobody has died. */
  IDLE: 5,
} as const
export type Status = (typeof Status)[keyof typeof Status]

/** How a run of an actor ended. */
export const Stop = {
  FINISHED: 0,
  /** It sleeps, spins or idles. */
  BLOCKED: 1,
  /** The scheduler took the processor away. */
  SUSPENDED: 2,
  FAILED: 3,
} as const
export type Stop = (typeof Stop)[keyof typeof Stop]

/** Decides at every point where the order of operations could matter. */
export interface Scheduler {
  /**
   * The actor is about to do an atomic operation. A death before one that only reads is the same
   * as one before the next that writes, sleeps or wakes.
   */
  beforeAtomic(actor: number, onlyReads: boolean): void
  /** The actor is about to write plainly: only a crash could make a difference. */
  beforeWrite(actor: number): void
}

/** Sees each operation once it is done, and each death, in the order of time. */
export interface Witness {
  /** @param place where in the actor's log the operation is */
  operation(state: SharedState, actor: number, log: ActorLog, place: number): void
  death(actor: number): void
}

export interface ExecutionOptions {
  /** Content of the memory after the setup. */
  readonly initial: Int32Array
  readonly names: readonly string[]
  readonly bodies: readonly (() => void)[]
  /** Index of the first actor that repairs; the others follow it, each for the death of the last. */
  readonly repair: number
  /** How many of them there are. */
  readonly repairers: number
  readonly scheduler: Scheduler
  /** Says what a word is, for messages. */
  readonly describe: (address: number) => string
  /** Keep a readable trace. */
  readonly tracing: boolean
  /** Whether `fill` writes its upper half first. */
  readonly fillsDescending: boolean
  /** Whether loads of words that nobody writes to are no points of decision. */
  readonly skipsConstants: boolean
  /** Whether nobody dies between two plain writes, only before the first and after the last. */
  readonly hasCoarseDeaths: boolean
  /** Whether the order of recorded events across actors is part of the state. */
  readonly ordersEvents: boolean
  readonly witness: Witness | undefined
  /** Whether states that hold the same are one, whatever led there. */
  readonly mergesByContent: boolean
}

/** Thrown through the actor's stack. Preallocated: a stack trace would cost more than the step. */
const SUSPEND = new Error('the simulation suspends this actor: nobody may catch this')

/** Turns of a spin loop that nobody can interrupt, after which it is held to be endless. */
const IDLE_TURNS_MAX = 200

/** How many of them a trace shows. */
const IDLE_TURNS_SHOWN = 2

/** Operations of one actor: far more than any scenario needs that comes to an end. */
const LOG_LENGTH_MAX = 20_000

/**
 * Runs actors one at a time, suspends them by a throw and resumes them by a replay.
 *
 * An actor is a plain synchronous function. To suspend it, an operation throws; to resume it, it
 * is run again from its start, and the operations that it has already done are answered from its
 * log, without being done again. So it may hold no state that outlives it but the simulated memory.
 */
export abstract class Execution {
  readonly state: SharedState
  /** What happened, in order, if the execution is traced. */
  readonly trace: string[] = []
  /** Why the last run failed. */
  failure: Error | undefined
  protected readonly options: ExecutionOptions
  protected readonly tracing: boolean
  protected readonly logs: readonly ActorLog[]
  /** The running actor, its log, and where it is in it. */
  protected actor = 0
  protected log: ActorLog
  protected cursor = 0
  protected length = 0
  /** The next atomic operation has been decided for. */
  private isGranted = false
  private isSuspended = false

  constructor(options: ExecutionOptions) {
    this.options = options
    this.tracing = options.tracing
    this.logs = options.bodies.map(() => new ActorLog())
    this.log = this.logs[0] as ActorLog
    this.state = new SharedState(options.initial, options.bodies.length, options.mergesByContent)
    this.state.describe = options.describe
    this.state.actorNames = options.names
    for (const repairer of this.repairers()) this.state.put(repairer, shared.STATUS, Status.IDLE)
  }

  /** Runs an actor from its start through its log and on, until it ends or is stopped. */
  run(actor: number): Stop {
    const { state } = this
    this.actor = actor
    this.log = this.logs[actor] as ActorLog
    this.length = state.get(actor, shared.LENGTH)
    this.cursor = 0
    this.isGranted = true
    this.isSuspended = false
    this.failure = undefined
    state.race = undefined
    state.registers[shared.CURRENT] = actor
    if (this.status(actor) === Status.SPINNING) this.beginTurn(actor)
    state.put(actor, shared.STATUS, Status.RUNNABLE)
    return this.execute(actor)
  }

  private beginTurn(actor: number): void {
    if (this.hasNews(actor)) this.state.put(actor, shared.IDLE_TURNS, 0)
    this.state.put(actor, shared.TURN_START, this.length)
  }

  private execute(actor: number): Stop {
    let thrown: unknown
    try {
      this.perform(actor)
    } catch (error) {
      thrown = error
    }
    this.failure ??= this.state.race ?? this.failureOf(thrown)
    if (this.failure !== undefined) {
      if (this.tracing) this.note(`FAILS: ${this.failure.message}`)
      return Stop.FAILED
    }
    if (this.isSuspended && this.status(actor) === Status.RUNNABLE) return Stop.SUSPENDED
    this.countStep()
    if (this.isSuspended) return Stop.BLOCKED
    this.state.put(actor, shared.STATUS, Status.FINISHED)
    if (this.options.mergesByContent) this.state.forget(actor)
    if (this.tracing) this.note('returns')
    return Stop.FINISHED
  }

  protected perform(actor: number): void {
    ;(this.options.bodies[actor] as () => void)()
  }

  private failureOf(thrown: unknown): Error | undefined {
    if (thrown === SUSPEND) return undefined
    if (thrown instanceof Error) return thrown
    if (thrown !== undefined) return new Error(`thrown: ${String(thrown)}`)
    if (this.isSuspended) return new Error('an actor caught the exception that suspends it')
    return this.cursor === this.length ? undefined : this.divergence('its end')
  }

  /** Takes the processor from the running actor. */
  suspend(): never {
    this.isSuspended = true
    throw SUSPEND
  }

  status(actor: number): Status {
    return this.state.get(actor, shared.STATUS) as Status
  }

  /** Ends an actor for ever, wherever it is. */
  crash(actor: number): void {
    const { state } = this
    const deaths = (state.registers[shared.DEATHS] as number) + 1
    state.registers[shared.DEATHS] = deaths
    state.registers[shared.CRASHES_LEFT] = (state.registers[shared.CRASHES_LEFT] as number) - 1
    state.put(actor, shared.STATUS, Status.CRASHED)
    state.put(actor, shared.DEATH, deaths)
    if (this.options.mergesByContent) state.forget(actor)
    if (this.tracing) this.trace.push(`${this.options.names[actor]} CRASHES`)
    this.options.witness?.death(actor)
    const repairer = this.repairers().find((one) => this.status(one) !== Status.CRASHED)
    if (repairer !== undefined && this.status(repairer) === Status.IDLE) {
      state.put(repairer, shared.STATUS, Status.RUNNABLE)
    }
  }

  protected repairers(): number[] {
    const { repair, repairers } = this.options
    return Array.from({ length: repairers }, (_, index) => repair + index)
  }

  /**
   * Whether running an actor now can change anything: it is runnable, or it spins and what it
   * looked at in its last turn is not what it saw there.
   */
  isRunnable(actor: number): boolean {
    const status = this.status(actor)
    return status === Status.RUNNABLE || (status === Status.SPINNING && this.hasNews(actor))
  }

  private hasNews(actor: number): boolean {
    const { state } = this
    const log = this.logs[actor] as ActorLog
    const length = state.get(actor, shared.LENGTH)
    for (let at = state.get(actor, shared.TURN_START); at < length; at++) {
      const kind = log.kinds[at] as number
      const address = log.addresses[at] as number
      if (kind === Operation.loadLong || kind === Operation.compareExchangeLong) {
        if (state.longs[address / 2] !== log.payloads[at]) return true
      } else if (kind <= Operation.and && kind !== Operation.store) {
        if (state.cells[address] !== log.values[at]) return true
      }
    }
    return false
  }

  /** For a spinning actor when no other can move: one more turn, for its loop may have an end. */
  allowIdleTurn(actor: number): boolean {
    const turns = this.state.get(actor, shared.IDLE_TURNS) + 1
    this.state.put(actor, shared.IDLE_TURNS, turns)
    return turns <= IDLE_TURNS_MAX
  }

  /** The recorded events of an actor, in its order. */
  eventsOf(actor: number): { event: unknown; order: number }[] {
    const log = this.logs[actor] as ActorLog
    const events: { event: unknown; order: number }[] = []
    for (let at = 0; at < this.state.get(actor, shared.LENGTH); at++) {
      if (log.kinds[at] !== Operation.record) continue
      events.push({ event: log.payloads[at], order: log.values[at] as number })
    }
    return events
  }

  // -------------------------------------------------------------------------------------------
  // For the operations
  // -------------------------------------------------------------------------------------------

  /** Whether the operation has been done before; then its entry is the one before the cursor. */
  protected replays(kind: number, address: number): boolean {
    if (this.cursor === this.length) {
      if (this.isSuspended) throw SUSPEND
      return false
    }
    const at = this.cursor
    if (this.log.kinds[at] !== kind || this.log.addresses[at] !== address) {
      this.failure ??= this.divergence(`${operationName(kind)} ${this.state.describe(address)}`)
      throw this.failure
    }
    this.cursor = at + 1
    return true
  }

  private divergence(now: string): Error {
    const at = this.cursor
    const kind = operationName(this.log.kinds[at] as number)
    const address = this.state.describe(this.log.addresses[at] as number)
    return new Error(
      `${this.options.names[this.actor]} is not deterministic: operation ${at} was ${kind} ` +
        `${address} and is now ${now}; an actor may keep nothing outside of simulated memory`,
    )
  }

  protected append(kind: number, address: number, value: number, source: number): void {
    if (this.length === LOG_LENGTH_MAX) throw new Error('this actor does not come to an end')
    this.log.put(this.length, kind, address, value, source)
    const seen = this.options.mergesByContent ? this.contentOf(kind, address, value) : source
    this.state.hashOperation(this.actor, kind, seen)
    this.options.witness?.operation(this.state, this.actor, this.log, this.length)
    this.length++
    this.cursor++
    this.state.put(this.actor, shared.LENGTH, this.length)
  }

  /** A number for what the operation that is being done returns. */
  private contentOf(kind: number, address: number, value: number): number {
    if (kind === Operation.wait) this.state.forgetCounter(this.actor)
    else if (this.state.isCounter(address)) {
      if (kind === Operation.load) this.state.readCounter(this.actor, address)
      return 0
    }
    const payload = this.log.payloads[this.length]
    if (kind === Operation.loadLong || kind === Operation.compareExchangeLong) {
      const long = payload as bigint
      return shared.mixLow(Number(BigInt.asIntN(32, long)), Number(BigInt.asIntN(32, long >> 32n)))
    }
    if (kind === Operation.observe || kind === Operation.copyOut)
      return hashBytes(payload as Buffer)
    return Number.isInteger(value) ? value : hashBytes(Buffer.from(String(value)))
  }

  /** A point where another actor could go first, or this one could die. */
  protected decide(): void {
    const isFirst = this.state.get(this.actor, shared.STEP) === 0
    if (this.isFree()) this.options.scheduler.beforeAtomic(this.actor, false)
    // Who goes first was decided when the actor was chosen; but it may die before it did anything.
    else if (isFirst) this.options.scheduler.beforeWrite(this.actor)
  }

  /** The same before an atomic load, unless nobody ever writes to that word. */
  protected decideRead(address: number): void {
    if (!this.isFree()) return
    if (this.options.skipsConstants && this.state.isConstant(address)) return
    this.options.scheduler.beforeAtomic(this.actor, true)
  }

  private isFree(): boolean {
    if (this.isGranted) {
      this.isGranted = false
      return false
    }
    this.countStep()
    return true
  }

  /** A point where only a death would be noticed. */
  protected decideWrite(): void {
    this.isGranted = false
    this.countStep()
    const follows = this.length > 0 && isPlainWrite(this.log.kinds[this.length - 1] as number)
    if (!(follows && this.options.hasCoarseDeaths)) this.options.scheduler.beforeWrite(this.actor)
  }

  private countStep(): void {
    this.state.put(this.actor, shared.STEP, this.state.get(this.actor, shared.STEP) + 1)
  }

  /** The number of the write that is being done. */
  protected event(): number {
    return shared.eventOf(this.actor, this.length)
  }

  protected note(text: string): void {
    if (this.state.get(this.actor, shared.IDLE_TURNS) > IDLE_TURNS_SHOWN) return
    const step = this.state.get(this.actor, shared.STEP)
    this.trace.push(`${this.options.names[this.actor]}[${step}] ${text}`)
  }

  protected noteAt(kind: number, address: number, text: string): void {
    this.note(`${operationName(kind)} ${this.state.describe(address)} ${text}`)
  }
}

function isPlainWrite(kind: number): boolean {
  return kind === Operation.write || kind === Operation.writeDouble || kind === Operation.copyIn
}

/** A number for some bytes. */
export function hashBytes(bytes: Buffer): number {
  let hash = bytes.length
  for (const byte of bytes) hash = shared.mixLow(hash, byte)
  return hash
}
