/** Schemas and values for the tests of the record codec, and for its properties. */
import type fastCheck from 'fast-check'
import type { RecordBaseType } from './record-fields.js'
import type { RecordFieldType, RecordSchema } from './record-layout.js'

export interface RecordCase {
  readonly schema: RecordSchema
  readonly value: Record<string, unknown>
  /** How the value comes back. */
  readonly expected: Record<string, unknown>
}

type Values = Readonly<Record<RecordBaseType, fastCheck.Arbitrary<unknown>>>

/** @param fc the library, which is no part of what is shipped */
export function recordCases(fc: typeof fastCheck): fastCheck.Arbitrary<RecordCase> {
  const values = valuesOfTypes(fc)
  const types = Object.keys(values) as RecordBaseType[]
  const name = fc.stringMatching(/^[a-zA-Z_$][a-zA-Z0-9_$]{0,5}$/)
  const type = fc
    .tuple(fc.constantFrom(...types), fc.boolean())
    .map(([base, isOptional]): RecordFieldType => (isOptional ? `${base}?` : base))
  return fc.dictionary(name, type, { minKeys: 1, maxKeys: 12 }).chain((schema) => {
    const fields = Object.entries(schema).map(([field, ofType]) => {
      const some = values[ofType.replace('?', '') as RecordBaseType]
      return [field, ofType.endsWith('?') ? fc.option(some, { nil: undefined }) : some] as const
    })
    return fc
      .record(Object.fromEntries(fields), { noNullPrototype: true })
      .map((value) => ({ schema: { ...schema }, value, expected: comesBack(value) }))
  })
}

function valuesOfTypes(fc: typeof fastCheck): Values {
  return {
    int8: fc.integer({ min: -128, max: 127 }),
    uint8: fc.integer({ min: 0, max: 255 }),
    int16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
    uint16: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
    int32: fc.integer(),
    uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    integer: fc.maxSafeInteger(),
    float32: fc.float(),
    float64: fc.double(),
    boolean: fc.boolean(),
    text: fc.string({ unit: 'binary', maxLength: 30 }),
    bytes: fc.uint8Array({ maxLength: 30 }),
  }
}

function comesBack(value: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(value).map(([field, part]) => [
    field,
    part instanceof Uint8Array ? Buffer.from(part) : part,
  ])
  return Object.fromEntries(entries)
}
