import type { ByteWriter } from './byte-writer.js'
import {
  isPresent,
  type Place,
  type RecordField,
  writeAbsent,
  writePresent,
} from './record-fields.js'

/** A record as an object. */
export type RecordValues = Record<string, unknown>

/** All fields of a record, one after the other. */
export interface RecordLoop {
  /** @param at where the record begins; its fixed part has room, and its bits are 0 */
  write(values: RecordValues, target: ByteWriter, at: number): void
  read(place: Place): RecordValues
}

/**
 * The loop over the fields, unrolled, as source code.
 *
 * In a loop, `values[field.name]` and `field.kind.write` are different things at each turn, which V8
 * looks up each time. Written out, each is a property access and a call that V8 inlines, and the
 * object that is read has its shape from the start: half the time, says bench/micro/codec.ts.
 *
 * What goes into the source is counted here, or a field's name, which is an identifier.
 *
 * @returns the plain loop where this process may not make code from texts
 *   (`--disallow-code-generation-from-strings`)
 */
export function unrolledLoop(fields: readonly RecordField[]): RecordLoop {
  const constants = fields.map(
    (_, index) =>
      `const field${index} = fields[${index}], ` +
      `write${index} = field${index}.kind.write, read${index} = field${index}.kind.read`,
  )
  const writes = (isVariable: boolean) =>
    fields.flatMap((field, index) =>
      field.kind.isVariable === isVariable ? [writeSource(field, index)] : [],
    )
  const reads = fields.map(({ name, isOptional }, index) => {
    const read = `read${index}(place, field${index})`
    return `${name}: ${isOptional ? `isPresent(place, field${index}) ? ${read} : undefined` : read}`
  })
  const source = `'use strict'
    ${constants.join('\n    ')}
    return {
      write(values, target, at) {
        const { bytes, data } = target
        ${writes(false).join('\n        ')}
        // From here on, the memory may move.
        ${writes(true).join('\n        ')}
      },
      read(place) {
        return {
          ${reads.join(',\n          ')}
        }
      },
    }`
  try {
    const make = new Function('fields', 'writeAbsent', 'writePresent', 'isPresent', source)
    return make(fields, writeAbsent, writePresent, isPresent)
  } catch {
    return plainLoop(fields)
  }
}

function writeSource(field: RecordField, index: number): string {
  const { name, isOptional } = field
  const call = `write${index}(value, target, at, field${index})`
  const shortcut = shortcutOf(field)
  const write =
    shortcut === undefined ? call : `if (${shortcut.fits}) ${shortcut.write}; else ${call}`
  const absence = `if (value === undefined) writeAbsent(target, at, field${index})
      else { writePresent(target, at, field${index}); ${write} }`
  return `{ const value = values.${name}; ${isOptional ? absence : write} }`
}

/**
 * The usual types are stored without a call, which V8 would inline, but not all of it and everything
 * around it: a twentieth of a publisher's time. What does not fit is left to the call.
 */
function shortcutOf({ type, offset, mask }: RecordField) {
  const at = `at + ${offset}`
  switch (type) {
    case 'int32':
      return { fits: isNumber('(value | 0)'), write: `data.setInt32(${at}, value, true)` }
    case 'uint32':
      return { fits: isNumber('value >>> 0'), write: `data.setUint32(${at}, value, true)` }
    case 'float64':
      return { fits: "typeof value === 'number'", write: `data.setFloat64(${at}, value, true)` }
    case 'boolean':
      return {
        fits: "typeof value === 'boolean'",
        write: `bytes[${at}] |= value ? ${mask} : 0`,
      }
    default:
      return undefined
  }
}

const isNumber = (converted: string) => `typeof value === 'number' && ${converted} === value`

/** The same as a loop. */
export function plainLoop(fields: readonly RecordField[]): RecordLoop {
  return {
    write(values, target, at) {
      for (const field of fields) {
        const value = values[field.name]
        if (field.isOptional && value === undefined) {
          writeAbsent(target, at, field)
          continue
        }
        if (field.isOptional) writePresent(target, at, field)
        field.kind.write(value, target, at, field)
      }
    },
    read(place) {
      const values: RecordValues = {}
      for (const field of fields) values[field.name] = readField(place, field)
      return values
    },
  }
}

function readField(place: Place, field: RecordField): unknown {
  if (field.isOptional && !isPresent(place, field)) return undefined
  return field.kind.read(place, field)
}
