import type { Region } from '#memory'
import * as memory from '#memory'
import { MillraceError } from './errors.js'

/** Threads of one engine: slots 1 to 255, the owner field of a claim. Slot 0 means nobody. */
export const SLOTS_MAX = 255

/** Groups of one engine: 0 to 255. */
export const GROUPS_MAX = 256

/*
 * Layout, in words; every signal and generation has a cache line of its own.
 *
 *  | closed | ... 16 | slot states: 256 | signals: 256 lines | generations: 256 lines |
 */
const CLOSED_WORD = 0
export const SLOTS_USED_WORD = 1
export const LINE_WORDS = 16
const STATES_WORD = LINE_WORDS
export const SIGNALS_WORD = STATES_WORD + SLOTS_MAX + 1
export const GENERATIONS_WORD = SIGNALS_WORD + (SLOTS_MAX + 1) * LINE_WORDS
const TABLE_WORDS = GENERATIONS_WORD + GROUPS_MAX * LINE_WORDS

const SLOT_FREE = 0
const SLOT_TAKEN = 1

/**
 * The threads of one engine: who takes part, and how to wake each of them.
 *
 * A thread has a slot (1 to 255), which is the owner's name in a claim, the index of its pins and
 * its bit in every wait set. A slot goes back only when no trace of its holder is left: by the
 * thread itself when it leaves, by the supervisor once the dead thread's repair is complete.
 *
 * A thread sleeps on its signal, a counter that whoever wakes it adds to:
 *
 *   sleeper: read signal, enlist in wait sets, look for work again, wait while signal is unchanged
 *   waker:   make work visible, take the sleeper out of the wait set, add to signal, notify
 *
 * Work that became visible after the sleeper's second look has a waker that finds the enlistment,
 * so that the signal has changed or the notify arrives. The signal is read first, because a waker
 * may take the enlistment away before that look, for work that is not enough for this sleeper.
 */
export class ThreadTable {
  readonly region: Region
  private readonly words: Int32Array

  constructor(region: Region) {
    this.region = region
    this.words = region.words
  }

  static create(): ThreadTable {
    return new ThreadTable(memory.allocate(TABLE_WORDS * 4))
  }

  /** Takes a free slot. @throws MillraceError `TOO_MANY_THREADS` when all 255 are taken */
  takeSlot(): number {
    for (let slot = 1; slot <= SLOTS_MAX; slot++) {
      const word = STATES_WORD + slot
      if (memory.compareExchange(this.words, word, SLOT_FREE, SLOT_TAKEN) === SLOT_FREE) {
        raiseTo(this.words, SLOTS_USED_WORD, slot)
        return slot
      }
    }
    throw new MillraceError('TOO_MANY_THREADS', `an engine has at most ${SLOTS_MAX} threads`, {
      limit: SLOTS_MAX,
    })
  }

  /** Gives a slot back. Only once nothing in shared memory names it any more. */
  freeSlot(slot: number): void {
    memory.store(this.words, STATES_WORD + slot, SLOT_FREE)
  }

  /** Threads that take part now. */
  countTaken(): number {
    const used = memory.load(this.words, SLOTS_USED_WORD)
    let taken = 0
    for (let slot = 1; slot <= used; slot++) {
      if (memory.load(this.words, STATES_WORD + slot) === SLOT_TAKEN) taken++
    }
    return taken
  }

  /** The value to pass to {@link wait}: read it before enlisting and the last look for work. */
  signal(slot: number): number {
    return memory.load(this.words, signalWord(slot))
  }

  /** Blocks the calling thread, which holds the slot, until it is woken or the time is over. */
  wait(slot: number, signal: number, timeoutMs: number): void {
    memory.wait(this.words, signalWord(slot), signal, timeoutMs)
  }

  /** The same as a promise; `undefined` if the signal has changed already. */
  waitAsync(slot: number, signal: number): Promise<unknown> | undefined {
    return memory.waitAsync(this.words, signalWord(slot), signal)
  }

  wake(slot: number): void {
    memory.add(this.words, signalWord(slot), 1)
    memory.notify(this.words, signalWord(slot))
  }

  /**
   * Wakes every thread. After a death, because the dead one may have taken a sleeper out of a wait
   * set without having woken it; and after changes that concern everyone.
   */
  wakeAll(): void {
    const used = memory.load(this.words, SLOTS_USED_WORD)
    for (let slot = 1; slot <= used; slot++) this.wake(slot)
  }

  /** Counts the changes of a group's assignment, of its pauses and of its cursors by seek. */
  generation(group: number): number {
    return memory.load(this.words, generationWord(group))
  }

  /** Announces such a change to every member. */
  advanceGeneration(group: number): void {
    memory.add(this.words, generationWord(group), 1)
    this.wakeAll()
  }

  get closed(): boolean {
    return memory.load(this.words, CLOSED_WORD) !== 0
  }

  /** Closes the engine for every thread and wakes all that wait, on both sides. */
  close(): void {
    memory.store(this.words, CLOSED_WORD, 1)
    this.wakeAll()
  }
}

function signalWord(slot: number): number {
  return SIGNALS_WORD + slot * LINE_WORDS
}

function generationWord(group: number): number {
  return GENERATIONS_WORD + group * LINE_WORDS
}

/** Atomically makes the word at least `value`. */
export function raiseTo(words: Int32Array, index: number, value: number): void {
  let seen = memory.load(words, index)
  while (seen < value) {
    const found = memory.compareExchange(words, index, seen, value)
    if (found === seen) return
    seen = found
  }
}
