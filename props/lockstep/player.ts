import { Operation } from '../sim/actor-log.js'
import { Status } from '../sim/execution.js'
import { State } from './control.js'
import type { Thread } from './thread.js'

/** An event with the actor that recorded it. */
export interface Told {
  readonly actor: string
  readonly event: unknown
}

/** One actor in its real thread, during one performance. */
export class Player {
  readonly name: string
  readonly thread: Thread
  isDead = false
  /** What the actor threw. */
  failure: string | undefined
  #isFinished = false

  constructor(name: string, thread: Thread) {
    this.name = name
    this.thread = thread
  }

  /** Waits until the actor stops, and adds what it recorded to the history. */
  async settle(history: Told[]): Promise<void> {
    await this.thread.stopped()
    for (const answer of this.thread.heard()) {
      if ('event' in answer) history.push({ actor: this.name, event: answer.event })
      else if ('failed' in answer) this.failure = answer.failed
      else if ('isFinished' in answer) this.#isFinished = answer.isFinished
    }
  }

  /** Lets the actor do some steps, unless it has come to an end before. */
  async go(steps: number, history: Told[]): Promise<void> {
    const { control } = this.thread
    if (control.state === State.ENDED) return
    control.grant(steps)
    await this.settle(history)
  }

  /** Ends the actor if it stands anywhere in between. */
  async leave(history: Told[]): Promise<void> {
    const { control } = this.thread
    if (this.isDead || control.state === State.ENDED) return
    control.abandon()
    await this.settle(history)
  }

  /** How the actor stands, by its thread's own account. */
  status(): Status {
    const { control, log } = this.thread
    if (this.isDead) return Status.CRASHED
    if (control.state === State.ASLEEP) return Status.SLEEPING
    if (control.state === State.ENDED) return this.#isFinished ? Status.FINISHED : Status.RUNNABLE
    if (control.next === Operation.death || control.next === Operation.begin) return Status.IDLE
    const isPausing = control.done > 0 && log.kindAt(control.done - 1) === Operation.pause
    return isPausing ? Status.SPINNING : Status.RUNNABLE
  }
}
