import type { MicroCase, MicroSuite } from '../lib/micro.js'
import { createMemory, createMemoryCopy } from './memory-copy.js'

/**
 * Ways to copy a batch into shared memory. The target moves on with every copy and returns after
 * 4 MiB, as in a log: this is more than the second cache of most processors.
 */
const TARGET_BYTES = 4 * 2 ** 20
const STAGING_BYTES = 65_536
const SIZES_BYTES = [16, 64, 256, 1024, 4096, 65_536]
const COPIES_PER_CALL = 32

/** Both sides begin on a multiple of 8, and sizes are such. */
type Copy = (to: number, sizeBytes: number) => void

const source = new ArrayBuffer(STAGING_BYTES)
/** The staging of those copies that stay inside one buffer lies behind the target. */
const target = new SharedArrayBuffer(TARGET_BYTES + STAGING_BYTES)
const memory = createMemory(TARGET_BYTES + STAGING_BYTES)
const memoryCopy = createMemoryCopy(memory)

const from = {
  words: new Int32Array(source),
  longs: new BigInt64Array(source),
  doubles: new Float64Array(source),
  bytes: Buffer.from(source),
}
const into = {
  words: new Int32Array(target),
  longs: new BigInt64Array(target),
  doubles: new Float64Array(target),
  bytes: Buffer.from(target),
}

function copyWords(to: number, sizeBytes: number): void {
  const { words: source } = from
  const { words: target } = into
  const start = to >>> 2
  const count = sizeBytes >>> 2
  for (let index = 0; index < count; index++) target[start + index] = source[index] as number
}

/** Two per turn, since sizes are multiples of 8. */
function copyWordPairs(to: number, sizeBytes: number): void {
  const { words: source } = from
  const { words: target } = into
  const start = to >>> 2
  const count = sizeBytes >>> 2
  for (let index = 0; index < count; index += 2) {
    target[start + index] = source[index] as number
    target[start + index + 1] = source[index + 1] as number
  }
}

/** V8 keeps the 64 bits in a register: no BigInt is made, once the loop is optimised. */
function copyLongs(to: number, sizeBytes: number): void {
  const { longs: source } = from
  const { longs: target } = into
  const start = to >>> 3
  const count = sizeBytes >>> 3
  for (let index = 0; index < count; index++) target[start + index] = source[index] as bigint
}

function copyLongPairs(to: number, sizeBytes: number): void {
  const { longs: source } = from
  const { longs: target } = into
  const start = to >>> 3
  const count = sizeBytes >>> 3
  let index = 0
  for (; index + 2 <= count; index += 2) {
    target[start + index] = source[index] as bigint
    target[start + index + 1] = source[index + 1] as bigint
  }
  if (index < count) target[start + index] = source[index] as bigint
}

/** May change the bits of a NaN: a yardstick. */
function copyDoubles(to: number, sizeBytes: number): void {
  const { doubles: source } = from
  const { doubles: target } = into
  const start = to >>> 3
  const count = sizeBytes >>> 3
  for (let index = 0; index < count; index++) target[start + index] = source[index] as number
}

function setSubarray(to: number, sizeBytes: number): void {
  into.doubles.set(from.doubles.subarray(0, sizeBytes >>> 3), to >>> 3)
}

function bufferCopy(to: number, sizeBytes: number): void {
  from.bytes.copy(into.bytes, to, 0, sizeBytes)
}

function copyWithin(to: number, sizeBytes: number): void {
  into.doubles.copyWithin(to >>> 3, TARGET_BYTES >>> 3, (TARGET_BYTES + sizeBytes) >>> 3)
}

function webAssemblyCopy(to: number, sizeBytes: number): void {
  memoryCopy(to, TARGET_BYTES, sizeBytes)
}

const COPIES: Readonly<Record<string, Copy>> = {
  'loop over Int32Array': copyWords,
  'loop over Int32Array, two per turn': copyWordPairs,
  'loop over BigInt64Array': copyLongs,
  'loop over BigInt64Array, two per turn': copyLongPairs,
  'loop over Float64Array (may change a NaN)': copyDoubles,
  '`set` of a subarray': setSubarray,
  '`Buffer.copy`': bufferCopy,
  '`copyWithin` of one shared buffer': copyWithin,
  "WebAssembly's `memory.copy` of one shared memory": webAssemblyCopy,
}

function copyCase(name: string, copy: Copy, sizeBytes: number): MicroCase {
  let to = 0
  return {
    title: `${name}, ${sizeBytes} bytes`,
    operationsPerCall: COPIES_PER_CALL,
    run() {
      for (let turn = 0; turn < COPIES_PER_CALL; turn++) {
        copy(to, sizeBytes)
        to = to + 2 * sizeBytes <= TARGET_BYTES ? to + sizeBytes : 0
      }
    },
  }
}

const suite: MicroSuite = {
  name: 'alternatives-copy',
  unit: 'copy',
  cases: Object.entries(COPIES).flatMap(([name, copy]) =>
    SIZES_BYTES.map((sizeBytes) => copyCase(name, copy, sizeBytes)),
  ),
}

export default suite
