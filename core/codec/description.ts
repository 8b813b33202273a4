import type { MsgpackStructures } from './msgpack-structures.js'
import type { RecordSchema } from './record-layout.js'

/** What another thread is told about a codec, as functions cannot be sent to it. */
export interface CodecDescription {
  readonly name: string
  /** URL of the module to import; none for a built-in codec. */
  readonly module?: string
  /** Of a `record`: the names and types of its fields. */
  readonly schema?: RecordSchema
  /** Of a `msgpack`: the property names that it leaves out. */
  readonly structures?: MsgpackStructures
}

/** Here, and not beside the codecs, which are loaded by those only who use them. */
const DESCRIPTIONS = new WeakMap<object, CodecDescription>()

/** For makers of codecs: how another thread makes the same. */
export function noteDescription(codec: object, description: CodecDescription): void {
  DESCRIPTIONS.set(codec, description)
}

/** What its maker noted, if it was one of ours. */
export function notedDescription(codec: object): CodecDescription | undefined {
  return DESCRIPTIONS.get(codec)
}
