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
  const writes = fields.map(({ name, isOptional }, index) => {
    const write = `write${index}(values.${name}, target, at, field${index})`
    if (!isOptional) return write
    return `if (values.${name} === undefined) writeAbsent(target, at, field${index})
      else { writePresent(target, at, field${index}); ${write} }`
  })
  const reads = fields.map(({ name, isOptional }, index) => {
    const read = `read${index}(place, field${index})`
    return `${name}: ${isOptional ? `isPresent(place, field${index}) ? ${read} : undefined` : read}`
  })
  const source = `'use strict'
    ${constants.join('\n    ')}
    return {
      write(values, target, at) {
        ${writes.join('\n        ')}
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
