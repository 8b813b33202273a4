import { MillraceError } from '../errors.js'
import { bytes } from './bytes.js'
import { type Codec, defineCodec } from './codec.js'
import { type CodecDescription, notedDescription } from './description.js'
import { json } from './json.js'
import type { MsgpackStructures } from './msgpack-structures.js'
import type { RecordSchema } from './record-layout.js'
import { utf8 } from './utf8.js'

const BUILT_IN: readonly Codec<unknown>[] = [bytes(), utf8(), json()]

/**
 * Describes a codec for {@link loadCodec} in another thread.
 *
 * @throws MillraceError `CODEC_NOT_PORTABLE` for a user's codec that names no module
 */
export function describeCodec(codec: Codec<unknown>): CodecDescription {
  const { name, module } = codec
  // By identity, not by name: a user's codec may be called json, too.
  if (BUILT_IN.includes(codec)) return { name }
  const noted = notedDescription(codec)
  if (noted !== undefined) return noted
  if (module !== undefined) return { name, module: String(module) }
  throw new MillraceError(
    'CODEC_NOT_PORTABLE',
    `codec ${name} cannot be loaded by other threads: make it the default export of a file of ` +
      'its own and set its field module to import.meta.url',
    { codec: name },
  )
}

/**
 * Finds the codec of a description in this thread.
 *
 * @throws MillraceError `CODEC_NOT_PORTABLE` if its module does not load or has another default
 *   export; the reason is the error's cause
 */
export async function loadCodec(description: CodecDescription): Promise<Codec<unknown>> {
  const { name, module, schema, structures } = description
  if (schema !== undefined) return loadRecord(schema)
  if (structures !== undefined) return loadMsgpack(structures)
  try {
    const codec = module === undefined ? findBuiltIn(name) : await importDefault(module)
    return checkName(defineCodec(codec as Codec<unknown>), name)
  } catch (cause) {
    const origin = module ?? 'the built-in codecs'
    const message = `codec ${name} could not be loaded from ${origin}`
    throw new MillraceError('CODEC_NOT_PORTABLE', message, { codec: name, module }, cause)
  }
}

/** Only now: it is much code for those threads that read other values. */
async function loadRecord(schema: RecordSchema): Promise<Codec<unknown>> {
  const { record } = await import('./record.js')
  return record(schema) as Codec<unknown>
}

/** Only now, so that msgpackr is there for those only who use it. */
async function loadMsgpack(structures: MsgpackStructures): Promise<Codec<unknown>> {
  const { msgpack } = await import('./msgpack.js')
  return msgpack({ structures })
}

function findBuiltIn(name: string): Codec<unknown> | undefined {
  return BUILT_IN.find((codec) => codec.name === name)
}

async function importDefault(module: string): Promise<unknown> {
  const namespace: { readonly default?: unknown } = await import(module)
  return namespace.default
}

function checkName(codec: Codec<unknown>, name: string): Codec<unknown> {
  if (codec.name === name) return codec
  const message = `the default export is the codec ${codec.name}, not ${name}`
  throw new MillraceError('INVALID_OPTION', message, { field: 'codec.name', received: codec.name })
}
