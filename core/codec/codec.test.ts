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

const REFUSED: readonly [field: string, codec: unknown][] = [
  ['codec', undefined],
  ['codec', null],
  ['codec', 'json'],
  ['codec.name', { ...point, name: undefined }],
  ['codec.name', { ...point, name: '' }],
  ['codec.encode', { ...point, encode: undefined }],
  ['codec.decode', { ...point, decode: 'utf8' }],
  ['codec.module', { ...point, module: './point.js' }],
  ['codec.module', { ...point, module: 7 }],
]

for (const [field, codec] of REFUSED) {
  test(`refused for its field ${field}: ${JSON.stringify(codec)}`, () => {
    assert.throws(() => defineCodec(codec as Codec<number>), {
      code: 'INVALID_OPTION',
      message: new RegExp(`^${field} must be`),
    })
  })
}
