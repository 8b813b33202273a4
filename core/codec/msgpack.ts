import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE, Unpackr } from 'msgpackr'
import type { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { noteDescription } from './description.js'
import {
  checkStructures,
  type MsgpackOptions,
  type MsgpackStructures,
} from './msgpack-structures.js'
import { invalidValue, undecodable } from './refusal.js'
import { copyShort, Scratch, Words } from './short-copy.js'

/**
 * MessagePack, by the package msgpackr, which you install beside Millrace. Faster than JSON, and it
 * keeps more: Dates, undefined, NaN, infinities, bytes (as a Buffer of their own) and bigints of 64
 * bits. Maps come back as objects, Sets and Errors as arrays, functions as undefined, objects of a
 * class as plain ones or what their `toJSON` says, -0 as 0, lone surrogates as U+FFFD, and a property
 * `__proto__` as `__proto_`.
 *
 * Errors: `INVALID_OPTION`, `UNKNOWN_OPTION`; `INVALID_VALUE` for what MessagePack cannot hold
 * (symbols, larger bigints, cycles, objects of 65,536 properties), with msgpackr's error as its
 * cause; `UNDECODABLE_VALUE` for bytes that are no MessagePack. Bytes that are not UTF-8 are read as
 * U+FFFD. Extensions that you add to msgpackr have to be added in every thread.
 *
 * @typeParam T what the topic's values are; not checked at run time
 * @example
 * import { msgpack } from 'millrace/msgpack'
 *
 * const codec = msgpack<Order>({ structures: [['id', 'customer', 'amount', 'paid']] })
 * createEngine({ topics: { orders: { partitions: 4, codec } } })
 */
export function msgpack<T = unknown>(options: MsgpackOptions = {}): Codec<T> {
  const structures = checkStructures(options)
  const codec = new MsgpackCodec(structures)
  noteDescription(codec, { name: codec.name, structures })
  return codec as Codec<unknown> as Codec<T>
}

/**
 * All of msgpackr's instances in a thread write to one memory. What is in it is ours until the next
 * call, and is given back at once: RESET. To let it write to the batch (`useBuffer`) would let others
 * write there, too.
 */
const BORROW = REUSE_BUFFER_MODE | RESET_BUFFER_MODE

/** The memory that an instance wrote to. */
interface Packed extends Buffer {
  readonly start: number
  readonly end: number
}

class MsgpackCodec implements Codec<unknown> {
  readonly name = 'msgpack'
  private readonly packr: Packr
  private readonly unpackr: Unpackr
  private readonly packedWords = new Words()
  private readonly scratch = new Scratch()

  constructor(structures: MsgpackStructures) {
    this.packr = new Packr(optionsFor(structures))
    this.unpackr = new Unpackr(optionsFor(structures))
  }

  encode(value: unknown, target: ByteWriter): void {
    let packed: Packed
    try {
      packed = this.packr.pack(value, BORROW) as Packed
    } catch (cause) {
      throw invalidValue('msgpack', 'what MessagePack can hold', value, cause)
    }
    const { start, end } = packed
    const { packedWords } = this
    target.ensure(end - start)
    const { bytes, words, position } = target
    copyShort(packed, packedWords.of(packed), start, end, bytes, words, position)
    target.position = position + end - start
  }

  /**
   * Of a copy: msgpackr reads on where a value says that it is longer than it is, and its native part
   * does not take shared memory.
   */
  decode(source: Buffer, from: number, to: number): unknown {
    const copy = this.scratch.copyOf(source, from, to)
    try {
      return this.unpackr.unpack(copy)
    } catch (cause) {
      throw undecodable('msgpack', 'MessagePack', to - from, cause)
    }
  }
}

/** Options are not shared: msgpackr keeps what it finds out about structures in their arrays. */
function optionsFor(structures: MsgpackStructures): ConstructorParameters<typeof Packr>[0] {
  const common = { mapsAsObjects: true, copyBuffers: true }
  if (structures.length === 0) return { ...common, useRecords: false }
  return {
    ...common,
    // Exactly the given structures: none is learned, so that all threads know the same ones.
    getStructures: () => structures.map((names) => [...names]),
    maxSharedStructures: structures.length,
    maxOwnStructures: 0,
    // msgpackr remembers the names of all objects that it is asked to write as records.
    useRecords: (value) => isListed(value, structures),
  }
}

function isListed(value: object, structures: MsgpackStructures): boolean {
  for (const names of structures) if (hasNames(value, names)) return true
  return false
}

function hasNames(value: object, names: readonly string[]): boolean {
  let count = 0
  for (const name in value) if (name !== names[count++]) return false
  return count === names.length
}
