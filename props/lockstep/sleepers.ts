/** Wakes every waiter of a word, in all threads, and says how many there were. */
export function wakeAll(words: Int32Array, index: number): number {
  return Atomics.notify(words, index)
}
