import { allocate, attach, load, notify, store, wait } from '../../core/memory.js'

/** What a thread does at the moment. */
export const State = {
  /** It runs, and the controller waits. In all other states it is the other way round. */
  BUSY: 0,
  /** It is about to do a step that it has not been granted. */
  ARRIVED: 1,
  /** It is in a wait, registered as a waiter. */
  ASLEEP: 2,
  /** Its command is done. */
  ENDED: 3,
} as const
export type State = (typeof State)[keyof typeof State]

const STATE_WORD = 0
/** Steps that the thread may do in all. */
const GRANTED_WORD = 1
const DONE_WORD = 2
/** Kind of the step that the thread is about to do. */
const NEXT_WORD = 3
const IS_ABANDONED_WORD = 4
/** How many deaths have been repaired. */
const REPAIRED_WORD = 5
/** The actors that died, by index, in their order. */
const DEATHS_WORD = 8
const WORDS = 32

/** How long a wait of the controller lasts before it looks around. */
const SILENCE_MS = 1000

/** Thrown through an actor that shall not go on. */
export const ABANDONED = new Error('the controller ends this actor: nobody may catch this')

/**
 * The words by which the controller lets one thread go on for some steps and stops it again. They
 * change hands with the state: only the one that does not wait writes to them.
 */
export class Control {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = attach(buffer).words
  }

  static create(): Control {
    return new Control(allocate(WORDS * 4).buffer)
  }

  get state(): State {
    return load(this.#words, STATE_WORD) as State
  }

  get done(): number {
    return load(this.#words, DONE_WORD)
  }

  get next(): number {
    return load(this.#words, NEXT_WORD)
  }

  // For the controller

  /** Before a command: forgets the one before. */
  begin(): void {
    this.#words.fill(0)
  }

  addDeath(count: number, actor: number): void {
    store(this.#words, DEATHS_WORD + count - 1, actor)
  }

  setRepaired(count: number): void {
    store(this.#words, REPAIRED_WORD, count)
  }

  grant(steps: number): void {
    store(this.#words, GRANTED_WORD, load(this.#words, GRANTED_WORD) + steps)
    this.#set(State.BUSY)
  }

  abandon(): void {
    store(this.#words, IS_ABANDONED_WORD, 1)
    this.#set(State.BUSY)
  }

  /** @returns false if it still runs after a second */
  awaitStop(): boolean {
    while (this.state === State.BUSY) {
      if (wait(this.#words, STATE_WORD, State.BUSY, SILENCE_MS) === 'timed-out') return false
    }
    return true
  }

  // For the thread

  /** Waits for its turn to do a step. @returns the number of the step, from 0 */
  arrive(kind: number): number {
    const done = this.done
    if (done >= load(this.#words, GRANTED_WORD)) {
      store(this.#words, NEXT_WORD, kind)
      this.stop(State.ARRIVED)
    }
    return done
  }

  stepDone(): void {
    store(this.#words, DONE_WORD, this.done + 1)
  }

  /** Hands over to the controller, and waits for its own turn. */
  stop(state: typeof State.ARRIVED | typeof State.ASLEEP): void {
    this.#set(state)
    while (this.state === state) wait(this.#words, STATE_WORD, state, Number.POSITIVE_INFINITY)
    if (load(this.#words, IS_ABANDONED_WORD) === 1) throw ABANDONED
  }

  end(): void {
    this.#set(State.ENDED)
  }

  get repaired(): number {
    return load(this.#words, REPAIRED_WORD)
  }

  /** The actor that died as the `count`th. */
  death(count: number): number {
    return load(this.#words, DEATHS_WORD + count - 1)
  }

  #set(state: State): void {
    store(this.#words, STATE_WORD, state)
    notify(this.#words, STATE_WORD)
  }
}
