import { MillraceError } from '../errors.js'
import type { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { noteDescription } from './description.js'
import type { RecordBaseType, RecordFieldTypes } from './record-fields.js'
import { layOut, problemOf, type RecordLayout, type RecordSchema } from './record-layout.js'
import { type RecordLoop, type RecordValues, unrolledLoop } from './record-loop.js'
import { dataOf, viewMaker } from './record-view.js'
import { invalidValue, undecodable } from './refusal.js'

type BaseOf<Type> = Type extends `${infer Base}?` ? Base : Type
type TypeOf<Type> = RecordFieldTypes[BaseOf<Type> & RecordBaseType]
type OptionalNames<Schema> = {
  [Name in keyof Schema]: Schema[Name] extends `${string}?` ? Name : never
}[keyof Schema]
type Flat<T> = { [Name in keyof T]: T[Name] }

/** The objects of a schema. */
export type RecordValue<Schema> = Flat<
  {
    -readonly [Name in Exclude<keyof Schema, OptionalNames<Schema>>]: TypeOf<Schema[Name]>
  } & {
    -readonly [Name in OptionalNames<Schema>]?: TypeOf<Schema[Name]> | undefined
  }
>

/** The objects that a codec takes and gives: `RecordOf<typeof trade>`. */
export type RecordOf<SomeCodec> = SomeCodec extends Codec<infer T> ? T : never

/**
 * Objects with fixed fields, in a fixed layout. Fields are written straight into the batch, and
 * `batch.view` reads them where they lie: it makes no object, and looks at no field that the handler
 * does not ask for.
 *
 * | type | takes and gives |
 * |---|---|
 * | `int8`, `uint8`, `int16`, `uint16`, `int32`, `uint32` | whole numbers of that range |
 * | `integer` | whole numbers from -(2^53 - 1) to 2^53 - 1 |
 * | `int64`, `uint64` | bigints of that range |
 * | `float32` | any number up to about 3.4e38, rounded to 24 bits; NaN and infinities |
 * | `float64` | any number |
 * | `boolean`, `text`, `bytes` | booleans, well-formed strings, every Uint8Array (gives a Buffer) |
 *
 * A question mark behind the type makes a field optional: absent and undefined are the same, and
 * both come back as undefined. Of whole numbers, -0 comes back as 0. Properties that are not in the
 * schema are left behind: looking for them would take longer than writing the rest.
 *
 * The layout: fields of 8 bytes, then of 4, 2 and 1 (each in the order of the schema,
 * little-endian), then a bit for each optional and each boolean field, then texts and bytes. A text
 * has 4 bytes that say where it ends, and begins where the one before ends; `record-layout.ts` has
 * the drawing. The example below:
 *
 *     0        8         12       16        20     21
 *     | price  | symbol  | size   | note    | bits | symbol | note  |
 *     | double | ends at | uint32 | ends at |      | UTF-8  | UTF-8 |
 *
 *     bit 0: buy   bit 1: note is there   bits 2 to 7: 0
 *
 * Errors: `INVALID_OPTION` for a schema with a type that does not exist, more than 64 fields or
 * none, or a name that is no identifier of 64 characters or fewer, or that every object has;
 * `INVALID_VALUE`, which names the field, for a value that does not fit; `UNDECODABLE_VALUE` for
 * bytes that are no such record.
 *
 * @example
 * const trade = record({
 *   symbol: 'text', price: 'float64', size: 'uint32', buy: 'boolean', note: 'text?',
 * })
 * type Trade = RecordOf<typeof trade>
 * createEngine({ topics: { trades: { partitions: 4, codec: trade } } })
 */
export function record<const Schema extends RecordSchema>(
  schema: Schema,
): Codec<RecordValue<Schema>> {
  const layout = layOut(schema)
  const codec = new RecordCodec(layout, unrolledLoop(layout.fields))
  noteDescription(codec, { name: codec.name, schema: { ...schema } })
  return codec as Codec<unknown> as Codec<RecordValue<Schema>>
}

class RecordCodec implements Codec<RecordValues> {
  readonly name = 'record'
  readonly encode: Codec<RecordValues>['encode']
  readonly decode: Codec<RecordValues>['decode']
  readonly view: NonNullable<Codec<RecordValues>['view']>

  constructor(layout: RecordLayout, loop: RecordLoop) {
    const { write, read } = loop
    this.encode = (value, target) => {
      if (typeof value !== 'object' || value === null) {
        throw invalidValue('record', 'an object', value)
      }
      try {
        write(value, target, begin(layout, target))
      } catch (cause) {
        if (cause instanceof MillraceError) throw cause
        throw invalidValue('record', 'an object whose fields can be read', value, cause)
      }
    }
    this.decode = (source, from, to) => {
      const place = { source, data: sharedDataOf(source), from, to }
      const problem = problemOf(layout, place)
      if (problem !== undefined) throw undecodable('record', problem, to - from)
      return read(place)
    }
    this.view = viewMaker(layout, loop)
  }
}

/** Makes room for the fixed part. @returns where it begins */
function begin({ bitsOffset, fixedBytes }: RecordLayout, target: ByteWriter): number {
  target.ensure(fixedBytes)
  const at = target.position
  const { bytes } = target
  const end = at + fixedBytes
  for (let index = at + bitsOffset; index < end; index++) bytes[index] = 0
  target.position = end
  return at
}

/** A DataView takes longer to make than a record to read. They go when their memory goes. */
const DATA_VIEWS = new WeakMap<Buffer, DataView>()

function sharedDataOf(source: Buffer): DataView {
  let data = DATA_VIEWS.get(source)
  if (data === undefined) {
    data = dataOf(source)
    DATA_VIEWS.set(source, data)
  }
  return data
}
