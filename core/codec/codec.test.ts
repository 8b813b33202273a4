import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Codec, defineCodec } from './codec.js'

const point: Codec<number> = {
  name: 'point',
  encode: (value, target) => target.utf8(String(value)),
  decode: (source, from, to) => Number(source.toString('utf8', from, to)),
}

test('a codec of the right shape is returned as it is', () => {
  assert.equal(defineCodec(point), point)
  for (const module of [import.meta.url, new URL(import.meta.url)]) {
    const codec = { ...point, module }
    assert.equal(defineCodec(codec), codec)
  }
})

test('a class with the methods is a codec, too', () => {
  class Point implements Codec<number> {
    readonly name = 'point'
    encode = point.encode
    decode(source: Buffer, from: number, to: number): number {
      return point.decode(source, from, to)
    }
  }
  const codec = new Point()
  assert.equal(defineCodec(codec), codec)
})

const URL_WANTED = 'must be a URL such as import.meta.url, but is'
const REFUSED: readonly [field: string, codec: unknown, rest: string, received: string][] = [
  ['codec', undefined, 'must be an object, but is', 'undefined'],
  ['codec', null, 'must be an object, but is', 'object'],
  ['codec', 'json', 'must be an object, but is', "'json'"],
  ['codec.name', { ...point, name: undefined }, 'must be a text, but is', 'undefined'],
  ['codec.name', { ...point, name: '' }, 'must be a text, but is', "''"],
  ['codec.encode', { ...point, encode: undefined }, 'must be a function, but is', 'undefined'],
  ['codec.decode', { ...point, decode: 'utf8' }, 'must be a function, but is', "'utf8'"],
  ['codec.view', { ...point, view: {} }, 'must be a function, but is', 'object'],
  ['codec.module', { ...point, module: './point.js' }, URL_WANTED, "'./point.js'"],
  ['codec.module', { ...point, module: 7 }, URL_WANTED, 'number'],
]

for (const [field, codec, rest, received] of REFUSED) {
  test(`${field} ${rest} ${received}`, () => {
    assert.throws(() => defineCodec(codec as Codec<number>), {
      code: 'INVALID_OPTION',
      message: `${field} ${rest} ${received}`,
      details: { field, received },
    })
  })
}
