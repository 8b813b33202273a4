/**
 * Seam `#memory`: every access to memory that another thread may touch at the same time.
 *
 * This is the only module that names `Atomics`. The explorer in `props/sim` replaces it by a
 * simulated memory (`node --conditions=millrace:sim`), so the code that is explored is the code
 * that ships. V8 inlines these wrappers; what costs is the atomic itself (about 7 ns a load, 10 ns
 * a compare-exchange), so the rest of the engine spends its effort on needing fewer of them.
 *
 * Order: every function marked *atomic* is sequentially consistent. Plain functions are ordered
 * only by the atomics around them; ECMA-262 makes a program without data races sequentially
 * consistent, and the explorer reports the races.
 */

/** One shared buffer, seen as 32-bit words, 64-bit words, doubles and bytes. Views are made once. */
export interface Region {
  readonly buffer: SharedArrayBuffer
  readonly words: Int32Array
  readonly longs: BigInt64Array
  readonly doubles: Float64Array
  readonly bytes: Buffer
}

/** What ended a blocking wait. */
export type WaitResult = 'ok' | 'not-equal' | 'timed-out'

/**
 * Allocates zeroed shared memory. It is never growable: length-tracking views are about 20 times
 * slower. The operating system hands out its pages as they are first touched.
 *
 * @param sizeBytes a multiple of 8
 */
export function allocate(sizeBytes: number): Region {
  return attach(new SharedArrayBuffer(sizeBytes))
}

/** The views of a buffer that another thread allocated. */
export function attach(buffer: SharedArrayBuffer): Region {
  return {
    buffer,
    words: new Int32Array(buffer),
    longs: new BigInt64Array(buffer),
    doubles: new Float64Array(buffer),
    bytes: Buffer.from(buffer),
  }
}

/** Atomic load of a word. */
export function load(words: Int32Array, index: number): number {
  return Atomics.load(words, index)
}

/** Atomic store of a word. */
export function store(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value)
}

/** Atomic compare-exchange; returns the value found, which equals `expected` if it was replaced. */
export function compareExchange(
  words: Int32Array,
  index: number,
  expected: number,
  replacement: number,
): number {
  return Atomics.compareExchange(words, index, expected, replacement)
}

/** Atomic exchange; returns the value before. */
export function exchange(words: Int32Array, index: number, value: number): number {
  return Atomics.exchange(words, index, value)
}

/** Atomic wrapping addition; returns the value before. */
export function add(words: Int32Array, index: number, value: number): number {
  return Atomics.add(words, index, value)
}

/** Atomic bitwise or; returns the value before. */
export function or(words: Int32Array, index: number, bits: number): number {
  return Atomics.or(words, index, bits)
}

/** Atomic bitwise and; returns the value before. */
export function and(words: Int32Array, index: number, bits: number): number {
  return Atomics.and(words, index, bits)
}

/** Atomic load of a 64-bit word. */
export function loadLong(longs: BigInt64Array, index: number): bigint {
  return Atomics.load(longs, index)
}

/** Atomic store of a 64-bit word. */
export function storeLong(longs: BigInt64Array, index: number, value: bigint): void {
  Atomics.store(longs, index, value)
}

/** Atomic compare-exchange of a 64-bit word; returns the value found. */
export function compareExchangeLong(
  longs: BigInt64Array,
  index: number,
  expected: bigint,
  replacement: bigint,
): bigint {
  return Atomics.compareExchange(longs, index, expected, replacement)
}

/** Plain read of a word. */
export function read(words: Int32Array, index: number): number {
  return words[index] as number
}

/** Plain write of a word. */
export function write(words: Int32Array, index: number, value: number): void {
  words[index] = value
}

/** Plain read of a double. It may tear if it races: only for settled memory. */
export function readDouble(doubles: Float64Array, index: number): number {
  return doubles[index] as number
}

/** Plain write of a double. */
export function writeDouble(doubles: Float64Array, index: number, value: number): void {
  doubles[index] = value
}

/**
 * Sets words [from, to) to one value. An atomic load elsewhere may race with it on purpose: words
 * of 32 bits do not tear, so it sees the old value or the new one, and must validate what it saw
 * by a read-modify-write. (V8 fills shared memory by relaxed atomic stores.)
 */
export function fill(words: Int32Array, value: number, from: number, to: number): void {
  words.fill(value, from, to)
}

/** Two views of one memory, whose size is a multiple of 8. */
export interface ByteViews {
  readonly bytes: Buffer
  readonly longs: BigInt64Array
}

/** Up to this size a loop is faster than `Buffer.copy`, which makes a view each time on Node 20. */
const SHORT_COPY_BYTES = 1024

/** Plain copy of `source` bytes [from, to) into `target` at `at`. */
export function copy(
  target: ByteViews,
  at: number,
  source: ByteViews,
  from: number,
  to: number,
): void {
  if (to - from <= SHORT_COPY_BYTES && ((at | from | to) & 7) === 0) {
    copyLongs(target.longs, at >>> 3, source.longs, from >>> 3, to >>> 3)
  } else {
    source.bytes.copy(target.bytes, at, from, to)
  }
}

/**
 * V8 moves the 64 bits in a register: once optimized, no BigInt is made. Doubles would not do, since
 * some NaN would come out as others.
 */
function copyLongs(
  target: BigInt64Array,
  at: number,
  source: BigInt64Array,
  from: number,
  to: number,
): void {
  let next = at
  let index = from
  for (; index + 2 <= to; index += 2, next += 2) {
    target[next] = source[index] as bigint
    target[next + 1] = source[index + 1] as bigint
  }
  if (index < to) target[next] = source[index] as bigint
}

/**
 * Declares that the caller goes on to read bytes [from, to) directly, as codecs do. Nothing
 * happens here; the explorer checks the range for races.
 */
export function observe(_bytes: Buffer, _from: number, _to: number): void {}

/**
 * Blocks this thread while the word holds `value`, until it is notified.
 *
 * @param timeoutMs milliseconds, or Infinity
 */
export function wait(
  words: Int32Array,
  index: number,
  value: number,
  timeoutMs: number,
): WaitResult {
  return Atomics.wait(words, index, value, timeoutMs)
}

/**
 * The same without blocking: a promise that resolves when the word is notified, or `undefined` if
 * it no longer holds `value`. It does not keep the thread alive. A waiter that is never notified
 * leaks, so a thread keeps at most one (see `core/thread.ts`).
 */
export function waitAsync(
  words: Int32Array,
  index: number,
  value: number,
): Promise<unknown> | undefined {
  const waiter = Atomics.waitAsync(words, index, value)
  return waiter.async ? waiter.value : undefined
}

/** Wakes every waiter of the word. It takes a process-wide lock: only call it when one waits. */
export function notify(words: Int32Array, index: number): void {
  Atomics.notify(words, index)
}

/**
 * One turn of a loop that waits for another thread to finish a short step. The caller counts its
 * turns from 0; after some turns of spinning this gives the core back for a moment each time.
 */
export function pause(turn: number): void {
  if (turn >= SPIN_TURNS) Atomics.wait(PARKING, 0, 0, 0.05)
}

const SPIN_TURNS = 64
const PARKING = new Int32Array(new SharedArrayBuffer(4))
