import * as memory from '#memory'
import type { ThreadTable } from '../thread-table.js'

/*
 * A set of sleeping threads: one bit per slot, so that what a dead thread left behind can be
 * cleared exactly, which a count could not.
 *
 *   word 0      summary: bit k says that word k + 1 may have bits. All a publisher loads.
 *   word 1..8   bit (slot & 31) of word (slot >> 5) + 1: the thread sleeps, or is about to
 *
 * A sleeper sets its bit and then the summary; a waker clears the summary and then takes the word.
 * So a bit under a clear summary always has a waker that is about to take it. If that waker dies
 * in between, its death wakes everyone (`ThreadTable.wakeAll`).
 */
const WORDS = 8

/** Announces that the thread is about to sleep. Afterwards it must look for work once more. */
export function enlist(words: Int32Array, set: number, slot: number): void {
  memory.or(words, set + 1 + (slot >>> 5), 1 << (slot & 31))
  memory.or(words, set, 1 << (slot >>> 5))
}

/** Takes the thread out again, after it woke by itself or once it is proven dead. */
export function withdraw(words: Int32Array, set: number, slot: number): void {
  memory.and(words, set + 1 + (slot >>> 5), ~(1 << (slot & 31)))
}

/** Whether somebody may be asleep, or about to. */
export function hasSleepers(words: Int32Array, set: number): boolean {
  return memory.load(words, set) !== 0
}

/** Wakes whoever sleeps. One load when nobody does. */
export function wakeSleepers(words: Int32Array, set: number, threads: ThreadTable): void {
  const summary = memory.load(words, set)
  if (summary !== 0) wakeWords(words, set, threads, summary)
}

function wakeWords(words: Int32Array, set: number, threads: ThreadTable, summary: number): void {
  for (let word = 0; word < WORDS; word++) {
    if ((summary & (1 << word)) === 0) continue
    memory.and(words, set, ~(1 << word))
    let sleepers = memory.exchange(words, set + 1 + word, 0)
    while (sleepers !== 0) {
      const bit = 31 - Math.clz32(sleepers)
      sleepers &= ~(1 << bit)
      threads.wake((word << 5) | bit)
    }
  }
}
