import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes } from './bytes.js'
import { type Codec, defineCodec } from './codec.js'
import { json } from './json.js'
import { msgpack } from './msgpack.js'
import { describeCodec, loadCodec } from './portable.js'
import { record } from './record.js'
import { utf8 } from './utf8.js'

function moduleOf(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`
}

const MEMBERS = 'encode() {}, decode() { return 7 }'
const POINT_MODULE = moduleOf(`export default { name: 'point', ${MEMBERS} }`)

function codecOf(name: string, module?: string | URL): Codec<unknown> {
  const codec = { name, encode() {}, decode: () => 7 }
  return defineCodec(module === undefined ? codec : { ...codec, module })
}

for (const codec of [bytes(), utf8(), json()]) {
  test(`${codec.name} is built in: its name is enough`, async () => {
    const description = structuredClone(describeCodec(codec))
    assert.deepEqual(description, { name: codec.name })
    assert.equal(await loadCodec(description), codec)
  })
}

test('a record travels as its schema, its fields in their order', async () => {
  const schema = { price: 'float64', symbol: 'text', note: 'text?' } as const
  const description = structuredClone(describeCodec(record(schema) as Codec<unknown>))
  assert.deepEqual(description, { name: 'record', schema })
  const loaded = await loadCodec(description)
  assert.deepEqual(Object.entries(describeCodec(loaded).schema ?? {}), Object.entries(schema))
})

test('a msgpack codec travels as its structures', async () => {
  for (const structures of [[], [['id', 'amount'], ['x']]]) {
    const description = structuredClone(describeCodec(msgpack({ structures })))
    assert.deepEqual(description, { name: 'msgpack', structures })
    const loaded = await loadCodec(description)
    assert.deepEqual(describeCodec(loaded).structures, structures)
  }
  assert.deepEqual(describeCodec(msgpack()), { name: 'msgpack', structures: [] })
})

test('what a user makes of a record is not built in', () => {
  const codec = { ...record({ price: 'float64' }), name: 'record' } as Codec<unknown>
  assert.throws(() => describeCodec(codec), { code: 'CODEC_NOT_PORTABLE' })
})

test("a user's codec travels as the URL of its module", async () => {
  for (const module of [POINT_MODULE, new URL(POINT_MODULE)]) {
    const description = structuredClone(describeCodec(codecOf('point', module)))
    assert.deepEqual(description, { name: 'point', module: POINT_MODULE })
    const loaded = await loadCodec(description)
    assert.equal(loaded.decode(Buffer.alloc(0), 0, 0), 7)
  }
})

test('a codec without a module stays in its thread, also if it is named like a built-in one', () => {
  for (const name of ['point', 'json']) {
    assert.throws(() => describeCodec(codecOf(name)), {
      code: 'CODEC_NOT_PORTABLE',
      message:
        `codec ${name} cannot be loaded by other threads: make it the default export of a file ` +
        'of its own and set its field module to import.meta.url',
      details: { codec: name },
    })
  }
})

const NOT_LOADED: Readonly<Record<string, readonly [module: string | undefined, cause: object]>> = {
  'of a module that is not there': [
    new URL('./no-such-codec.js', import.meta.url).href,
    { code: 'ERR_MODULE_NOT_FOUND' },
  ],
  'of a module with a syntax error': [moduleOf('export default {'), { name: 'SyntaxError' }],
  'of a module that throws': [moduleOf('throw new Error("at load")'), { message: 'at load' }],
  'of a module without a default export': [
    moduleOf('export const codec = 1'),
    { code: 'INVALID_OPTION', message: 'codec must be an object, but is undefined' },
  ],
  'of a module with an incomplete codec': [
    moduleOf("export default { name: 'point', encode() {} }"),
    { code: 'INVALID_OPTION', message: 'codec.decode must be a function, but is undefined' },
  ],
  'of a module with another codec': [
    moduleOf(`export default { name: 'line', ${MEMBERS} }`),
    {
      code: 'INVALID_OPTION',
      message: 'the default export is the codec line, not point',
      details: { field: 'codec.name', received: 'line' },
    },
  ],
  'that is not built in': [
    undefined,
    { code: 'INVALID_OPTION', message: 'codec must be an object, but is undefined' },
  ],
}

for (const [what, [module, cause]] of Object.entries(NOT_LOADED)) {
  test(`a codec ${what} is refused with its cause`, async () => {
    const description = module === undefined ? { name: 'point' } : { name: 'point', module }
    await assert.rejects(loadCodec(description), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'CODEC_NOT_PORTABLE')
      assert.equal(
        error.message,
        `codec point could not be loaded from ${module ?? 'the built-in codecs'}`,
      )
      assert.deepEqual(Reflect.get(error, 'details'), { codec: 'point', module })
      assert.throws(() => {
        throw error.cause
      }, cause)
      return true
    })
  })
}
