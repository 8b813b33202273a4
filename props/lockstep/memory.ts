/**
 * Seam `#memory` for threads in lock-step: every operation on memory of the scenario waits for its
 * turn, is done by the real function of `core/memory.ts` on real shared memory, and is noted.
 * Loaded by `--conditions=millrace:lockstep`.
 *
 * Outside of an actor (in a setup or a check), and on private memory, the real functions do it
 * alone.
 */
import type { ByteViews, Region, WaitResult } from '../../core/memory.js'
import * as shipped from '../../core/memory.js'
import { Operation } from '../sim/actor-log.js'
import { type Control, State } from './control.js'
import { ofBytes, ofEvent } from './fingerprint.js'
import type { StepLog } from './step-log.js'

export type { ByteViews, Region, WaitResult }

/** The operations that are to be compared; tests put wrong ones among them. */
let real: typeof shipped = shipped

export function useOperations(wrong: Partial<typeof shipped>): void {
  real = { ...shipped, ...wrong }
}

// ---------------------------------------------------------------------------------------------
// The memory of the scenario
// ---------------------------------------------------------------------------------------------

let buffers: readonly SharedArrayBuffer[] = []
let allocated = 0
/** Number of the first word of each buffer, counted over all of them. */
const firstWords = new Map<ArrayBufferLike, number>()

/** A setup gets these buffers, in the order in which it allocates. */
export function handOut(next: readonly SharedArrayBuffer[]): void {
  buffers = next
  allocated = 0
  firstWords.clear()
  let words = 0
  for (const buffer of next) {
    firstWords.set(buffer, words)
    words += buffer.byteLength / 4
  }
}

export function allocate(sizeBytes: number): Region {
  const buffer = buffers[allocated++]
  if (turns !== undefined || buffer?.byteLength !== sizeBytes) {
    throw new Error(`allocates ${sizeBytes} bytes, other than in the simulation`)
  }
  return real.attach(buffer)
}

export function attach(buffer: SharedArrayBuffer): Region {
  return real.attach(buffer)
}

const PRIVATE = -1

/** Word of an element over all buffers, or PRIVATE: private memory, or no actor runs. */
function wordOf(view: Int32Array | BigInt64Array | Float64Array | Buffer, index: number): number {
  if (turns === undefined) return PRIVATE
  const first = firstWords.get(view.buffer)
  if (first === undefined) {
    if (view.buffer instanceof SharedArrayBuffer)
      throw new Error("an actor uses shared memory that is not the setup's")
    return PRIVATE
  }
  return first + ((view.byteOffset + index * view.BYTES_PER_ELEMENT) >>> 2)
}

// ---------------------------------------------------------------------------------------------
// Turns
// ---------------------------------------------------------------------------------------------

/** Who lets the actor of this thread go on, and where its steps are noted. */
export interface Turns {
  readonly control: Control
  readonly log: StepLog
  tell(event: unknown): void
}

let turns: Turns | undefined

/** The operations belong to an actor from here on; `undefined` ends that. */
export function useTurns(next: Turns | undefined): void {
  turns = next
}

/** One step of the actor, in its turn; `left` says what it leaves at the address. */
function step<Value>(
  kind: number,
  address: number,
  operate: () => Value,
  left: () => number | bigint,
): Value {
  const { control, log } = turns as Turns
  const place = control.arrive(kind)
  const returned = operate()
  log.put(place, kind, address, (returned ?? 0) as number | bigint, left())
  control.stepDone()
  return returned
}

const nothing = (): number => 0

/** An event that an actor records: see `record` of the scenarios. */
export function record(event: unknown): void {
  const tell = (): number => {
    turns?.tell(event)
    return ofEvent(event)
  }
  step(Operation.record, 0, tell, nothing)
}

/** The first death that a repairer has to look at, when there is more than one repairer. */
export function firstDeath(): number {
  return step(Operation.begin, 0, () => (turns as Turns).control.repaired + 1, nothing)
}

/** The death's repair is complete; the controller tells the other repairers. */
export function repaired(): void {
  step(Operation.repaired, 0, nothing, nothing)
}

/** The repair's next task: the actor that died as the `count`th. Waits while there is none. */
export function awaitDeath(count: number): number {
  return step(Operation.death, 0, () => (turns as Turns).control.death(count), nothing)
}

// ---------------------------------------------------------------------------------------------
// Operations on one element
// ---------------------------------------------------------------------------------------------

function onElement<Value>(
  kind: number,
  view: Int32Array | BigInt64Array | Float64Array,
  index: number,
  operate: () => Value,
): Value {
  const address = wordOf(view, index)
  if (address === PRIVATE) return operate()
  return step(kind, address, operate, () => view[index] as number | bigint)
}

export function load(words: Int32Array, index: number): number {
  return onElement(Operation.load, words, index, () => real.load(words, index))
}

export function store(words: Int32Array, index: number, value: number): void {
  onElement(Operation.store, words, index, () => real.store(words, index, value))
}

export function compareExchange(
  words: Int32Array,
  index: number,
  expected: number,
  replacement: number,
): number {
  return onElement(Operation.compareExchange, words, index, () =>
    real.compareExchange(words, index, expected, replacement),
  )
}

export function exchange(words: Int32Array, index: number, value: number): number {
  return onElement(Operation.exchange, words, index, () => real.exchange(words, index, value))
}

export function add(words: Int32Array, index: number, value: number): number {
  return onElement(Operation.add, words, index, () => real.add(words, index, value))
}

export function or(words: Int32Array, index: number, bits: number): number {
  return onElement(Operation.or, words, index, () => real.or(words, index, bits))
}

export function and(words: Int32Array, index: number, bits: number): number {
  return onElement(Operation.and, words, index, () => real.and(words, index, bits))
}

export function loadLong(longs: BigInt64Array, index: number): bigint {
  return onElement(Operation.loadLong, longs, index, () => real.loadLong(longs, index))
}

export function storeLong(longs: BigInt64Array, index: number, value: bigint): void {
  onElement(Operation.storeLong, longs, index, () => real.storeLong(longs, index, value))
}

export function compareExchangeLong(
  longs: BigInt64Array,
  index: number,
  expected: bigint,
  replacement: bigint,
): bigint {
  return onElement(Operation.compareExchangeLong, longs, index, () =>
    real.compareExchangeLong(longs, index, expected, replacement),
  )
}

export function read(words: Int32Array, index: number): number {
  return onElement(Operation.read, words, index, () => real.read(words, index))
}

export function write(words: Int32Array, index: number, value: number): void {
  onElement(Operation.write, words, index, () => real.write(words, index, value))
}

export function readDouble(doubles: Float64Array, index: number): number {
  return onElement(Operation.readDouble, doubles, index, () => real.readDouble(doubles, index))
}

export function writeDouble(doubles: Float64Array, index: number, value: number): void {
  onElement(Operation.writeDouble, doubles, index, () => real.writeDouble(doubles, index, value))
}

// ---------------------------------------------------------------------------------------------
// Operations on ranges
// ---------------------------------------------------------------------------------------------

/** In two halves, as in the simulation: the stores of a fill have no order. */
export function fill(words: Int32Array, value: number, from: number, to: number): void {
  const middle = turns === undefined ? to : (from + to) >>> 1
  fillPart(words, value, from, middle)
  fillPart(words, value, middle, to)
}

function fillPart(words: Int32Array, value: number, from: number, to: number): void {
  if (from === to) return
  onElement(Operation.fill, words, from, () => real.fill(words, value, from, to))
}

export function copy(
  target: ByteViews,
  at: number,
  source: ByteViews,
  from: number,
  to: number,
): void {
  const readFrom = to <= from ? PRIVATE : wordOf(source.bytes, from)
  const writeTo = to <= from ? PRIVATE : wordOf(target.bytes, at)
  const move = () => real.copy(target, at, source, from, to)
  const look = () => ofBytes(source.bytes.subarray(from, to))
  const lookAtTarget = (): number => {
    move()
    return ofBytes(target.bytes.subarray(at, at + to - from))
  }
  const wordRead = () => firstWordOf(source.bytes, from)
  if (readFrom === PRIVATE && writeTo === PRIVATE) {
    move()
  } else if (writeTo === PRIVATE) {
    step(Operation.copyOut, readFrom, lookAtTarget, wordRead)
  } else {
    // From shared to shared memory: two steps, as in the simulation.
    if (readFrom !== PRIVATE) step(Operation.copyOut, readFrom, look, wordRead)
    step(Operation.copyIn, writeTo, move, () => firstWordOf(target.bytes, at))
  }
}

/** What a thread observes it reads later, in place: here the bytes are noted. */
export function observe(bytes: Buffer, from: number, to: number): void {
  const address = to <= from ? PRIVATE : wordOf(bytes, from)
  const look = (): number => {
    real.observe(bytes, from, to)
    return ofBytes(bytes.subarray(from, to))
  }
  if (address === PRIVATE) real.observe(bytes, from, to)
  else step(Operation.observe, address, look, () => firstWordOf(bytes, from))
}

/** The word in which a range of bytes begins. */
function firstWordOf(bytes: Buffer, from: number): number {
  const at = (bytes.byteOffset + from) & ~3
  return new Int32Array(bytes.buffer, at, 1)[0] as number
}

// ---------------------------------------------------------------------------------------------
// Sleeping, waking, spinning
// ---------------------------------------------------------------------------------------------

const NOT_EQUAL = 0
const OK = 1
const CONTRADICTION = 2

/**
 * A wait that is over at once says whether the thread would sleep. Then it is registered by
 * `waitAsync`, in the same list of waiters: so it is there for certain before any other thread goes
 * on, which nobody can know of a thread that blocks. It goes on when the controller says so.
 */
export function wait(
  words: Int32Array,
  index: number,
  value: number,
  _timeoutMs: number,
): WaitResult {
  const outcome = onElement(Operation.wait, words, index, () => {
    const isAsleep = real.wait(words, index, value, 0) === 'timed-out'
    const isRegistered = real.waitAsync(words, index, value) !== undefined
    if (isAsleep !== isRegistered) return CONTRADICTION
    return isAsleep ? OK : NOT_EQUAL
  })
  if (outcome !== OK) return 'not-equal'
  turns?.control.stop(State.ASLEEP)
  return 'ok'
}

export function waitAsync(
  _words: Int32Array,
  _index: number,
  _value: number,
): Promise<unknown> | undefined {
  throw new Error('actors are synchronous and sleep in wait')
}

export function notify(words: Int32Array, index: number): void {
  onElement(Operation.notify, words, index, () => real.notify(words, index))
}

export function pause(turn: number): void {
  const rest = () => real.pause(turn)
  if (turns === undefined) rest()
  else step(Operation.pause, 0, rest, nothing)
}
