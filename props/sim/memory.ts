/**
 * The simulated seam `#memory`: the same functions as `core/memory.ts`, on memory whose every
 * operation the explorer decides about. Loaded in its place by `node --conditions=millrace:sim`.
 *
 * Outside of an actor (in a setup or a check) the functions work on the regions directly.
 */
import type { ByteViews, Region, WaitResult } from '../../core/memory.js'
import { modified, Operation } from './actor-log.js'
import type { Machine } from './machine.js'
import { addRegion, addressOf, findRegion } from './regions.js'

export type { ByteViews, Region, WaitResult }

let machine: Machine | undefined

/** Sends the operations of an actor to the machine that runs it; `undefined` ends that. */
export function useMachine(next: Machine | undefined): void {
  machine = next
}

export function allocate(sizeBytes: number): Region {
  return attach(new SharedArrayBuffer(sizeBytes))
}

export function attach(buffer: SharedArrayBuffer): Region {
  const known = findRegion(buffer)
  if (known !== undefined) return known
  if (machine !== undefined) throw new Error('an actor allocates shared memory; the setup must')
  const region: Region = {
    buffer,
    words: new Int32Array(buffer),
    longs: new BigInt64Array(buffer),
    doubles: new Float64Array(buffer),
    bytes: Buffer.from(buffer),
  }
  addRegion(region)
  return region
}

const PRIVATE = -1

/** Address of an element, or PRIVATE if it is not simulated: private memory, or no actor runs. */
function wordAddress(words: Int32Array, index: number): number {
  const first = machine === undefined ? PRIVATE : addressOf(words.buffer)
  return first === PRIVATE ? PRIVATE : first + (words.byteOffset >>> 2) + index
}

/** The address counts words, also for a view of 64-bit elements. */
function longAddress(view: BigInt64Array | Float64Array, index: number): number {
  const first = machine === undefined ? PRIVATE : addressOf(view.buffer)
  return first === PRIVATE ? PRIVATE : first + (view.byteOffset >>> 2) + index * 2
}

function byteAddress(bytes: Buffer, index: number): number {
  const first = machine === undefined ? PRIVATE : addressOf(bytes.buffer)
  return first === PRIVATE ? PRIVATE : first * 4 + bytes.byteOffset + index
}

/** The machine that an address other than PRIVATE belongs to. */
function simulated(): Machine {
  return machine as Machine
}

export function load(words: Int32Array, index: number): number {
  const address = wordAddress(words, index)
  return address === PRIVATE ? (words[index] as number) : simulated().load(address)
}

export function store(words: Int32Array, index: number, value: number): void {
  const address = wordAddress(words, index)
  if (address === PRIVATE) words[index] = value
  else simulated().store(address, value | 0)
}

export function compareExchange(
  words: Int32Array,
  index: number,
  expected: number,
  replacement: number,
): number {
  const address = wordAddress(words, index)
  if (address !== PRIVATE) {
    return simulated().compareExchange(address, expected | 0, replacement | 0)
  }
  const found = words[index] as number
  if (found === (expected | 0)) words[index] = replacement
  return found
}

export function exchange(words: Int32Array, index: number, value: number): number {
  return modify(Operation.exchange, words, index, value | 0)
}

export function add(words: Int32Array, index: number, value: number): number {
  return modify(Operation.add, words, index, value | 0)
}

export function or(words: Int32Array, index: number, bits: number): number {
  return modify(Operation.or, words, index, bits | 0)
}

export function and(words: Int32Array, index: number, bits: number): number {
  return modify(Operation.and, words, index, bits | 0)
}

function modify(kind: number, words: Int32Array, index: number, operand: number): number {
  const address = wordAddress(words, index)
  if (address !== PRIVATE) return simulated().modify(kind, address, operand)
  const found = words[index] as number
  words[index] = modified(kind, found, operand)
  return found
}

export function loadLong(longs: BigInt64Array, index: number): bigint {
  const address = longAddress(longs, index)
  return address === PRIVATE ? (longs[index] as bigint) : simulated().loadLong(address)
}

export function storeLong(longs: BigInt64Array, index: number, value: bigint): void {
  const address = longAddress(longs, index)
  if (address === PRIVATE) longs[index] = value
  else simulated().storeLong(address, value)
}

export function compareExchangeLong(
  longs: BigInt64Array,
  index: number,
  expected: bigint,
  replacement: bigint,
): bigint {
  const address = longAddress(longs, index)
  if (address !== PRIVATE) return simulated().compareExchangeLong(address, expected, replacement)
  const found = longs[index] as bigint
  if (found === expected) longs[index] = replacement
  return found
}

export function read(words: Int32Array, index: number): number {
  const address = wordAddress(words, index)
  return address === PRIVATE ? (words[index] as number) : simulated().read(address)
}

export function write(words: Int32Array, index: number, value: number): void {
  const address = wordAddress(words, index)
  if (address === PRIVATE) words[index] = value
  else simulated().write(address, value | 0)
}

export function readDouble(doubles: Float64Array, index: number): number {
  const address = longAddress(doubles, index)
  return address === PRIVATE ? (doubles[index] as number) : simulated().readDouble(address)
}

export function writeDouble(doubles: Float64Array, index: number, value: number): void {
  const address = longAddress(doubles, index)
  if (address === PRIVATE) doubles[index] = value
  else simulated().writeDouble(address, value)
}

export function fill(words: Int32Array, value: number, from: number, to: number): void {
  const address = wordAddress(words, from)
  if (address === PRIVATE) words.fill(value, from, to)
  else simulated().fill(value | 0, address, address + to - from)
}

export function copy(
  { bytes: target }: ByteViews,
  at: number,
  { bytes: source }: ByteViews,
  from: number,
  to: number,
): void {
  const readFrom = byteAddress(source, from)
  const writeTo = byteAddress(target, at)
  if (readFrom === PRIVATE && writeTo === PRIVATE) {
    source.copy(target, at, from, to)
  } else if (readFrom === PRIVATE) {
    simulated().copyIn(writeTo, source, from, to)
  } else if (writeTo === PRIVATE) {
    simulated().copyOut(target, at, readFrom, readFrom + to - from)
  } else {
    const held = Buffer.alloc(to - from)
    simulated().copyOut(held, 0, readFrom, readFrom + to - from)
    simulated().copyIn(writeTo, held, 0, held.length)
  }
}

export function observe(bytes: Buffer, from: number, to: number): void {
  const address = byteAddress(bytes, from)
  if (address !== PRIVATE) simulated().observe(bytes, from, address, address + to - from)
}

/** Sleeps until notified, however long: a wake-up that is lost must show. */
export function wait(
  words: Int32Array,
  index: number,
  value: number,
  _timeoutMs: number,
): WaitResult {
  return sleeping().wait(wordAddress(words, index), value | 0)
}

export function waitAsync(
  _words: Int32Array,
  _index: number,
  _value: number,
): Promise<unknown> | undefined {
  throw new Error('not simulated: actors are synchronous and sleep in wait')
}

export function notify(words: Int32Array, index: number): void {
  const address = wordAddress(words, index)
  if (address !== PRIVATE) simulated().notify(address)
}

export function pause(_turn: number): void {
  sleeping().pause()
}

function sleeping(): Machine {
  if (machine === undefined) throw new Error('nobody else runs during a setup or a check')
  return machine
}
