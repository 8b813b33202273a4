import { checkOptions, invalidOption } from '../options.js'

/** How a `msgpack` codec writes. */
export interface MsgpackOptions {
  /**
   * The property names of objects that are sent often, each list in the order in which the objects
   * have them: up to 32 lists. Such an object is written without its names, in about half the bytes,
   * and read in about half the time. Other objects are written with their names, as ever. Nested
   * objects count as well.
   *
   * The lists are part of the format: what was written with them is read with the same ones only.
   * Millrace gives them to every thread that loads the topic. To other readers of MessagePack such
   * values mean nothing.
   */
  readonly structures?: MsgpackStructures
}

export type MsgpackStructures = readonly (readonly string[])[]

/** What one byte of a message can name. */
const STRUCTURES_MAX = 32
const OPTION_NAMES: ReadonlySet<string> = new Set(['structures'])

/** @throws MillraceError `INVALID_OPTION` or `UNKNOWN_OPTION` */
export function checkStructures(options: MsgpackOptions): MsgpackStructures {
  checkOptions(options, 'msgpack', OPTION_NAMES)
  const { structures = [] } = options
  if (!Array.isArray(structures) || structures.length > STRUCTURES_MAX) {
    throw invalidStructures(`an array of up to ${STRUCTURES_MAX} lists`, structures)
  }
  return structures.map(checkNames)
}

function checkNames(names: unknown, index: number): readonly string[] {
  if (!Array.isArray(names) || names.length === 0) {
    throw invalidStructures('a list of property names', names, index)
  }
  for (const name of names) {
    if (typeof name !== 'string') throw invalidStructures('a list of texts', name, index)
  }
  if (new Set(names).size < names.length) {
    throw invalidStructures('a list of names that differ', names.join(), index)
  }
  return [...names]
}

function invalidStructures(expected: string, received: unknown, index?: number): Error {
  const field = index === undefined ? 'msgpack.structures' : `msgpack.structures[${index}]`
  return invalidOption(field, expected, received)
}
