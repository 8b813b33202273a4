import { Thread } from './thread.js'

/** Threads that are started before they are needed: a start costs more than most executions. */
const SPARE = 2

/** The threads that play actors, one for each; only those that died are replaced. */
export class Troupe {
  readonly #fault: string | undefined
  readonly #cast: (Thread | undefined)[] = []
  readonly #spare: Thread[] = []

  /** @param fault one operation of all threads is wrong, see `faults.ts` */
  constructor(fault?: string) {
    this.#fault = fault
  }

  /** The thread that plays an actor. */
  member(actor: number): Thread {
    const known = this.#cast[actor]
    if (known !== undefined) return known
    const thread = this.#spare.pop() ?? new Thread(this.#fault)
    this.#cast[actor] = thread
    return thread
  }

  async kill(actor: number): Promise<void> {
    const thread = this.member(actor)
    this.#cast[actor] = undefined
    while (this.#spare.length < SPARE) this.#spare.unshift(new Thread(this.#fault))
    await thread.kill()
  }

  /** Ends all threads. */
  async dismiss(): Promise<void> {
    const all = [...this.#cast, ...this.#spare].filter((thread) => thread !== undefined)
    await Promise.all(all.map((thread) => thread.kill()))
    this.#cast.length = 0
    this.#spare.length = 0
  }
}
