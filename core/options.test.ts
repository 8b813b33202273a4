import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkInteger,
  checkNumber,
  checkOptions,
  checkSignal,
  checkTimeout,
  describeValue,
  parseSize,
  TIMEOUT_MS_MAX,
} from './options.js'

const ALLOWED = new Set(['codec', 'memory'])

test('options with known names pass', () => {
  checkOptions({}, 'topic', ALLOWED)
  checkOptions({ codec: 1, memory: undefined }, 'topic', ALLOWED)
})

test('an unknown option is named, with those that are allowed', () => {
  assert.throws(() => checkOptions({ memroy: 1 }, 'topics.a', ALLOWED), {
    code: 'UNKNOWN_OPTION',
    message: 'topics.a.memroy is not an option; allowed are codec, memory',
    details: { field: 'topics.a.memroy', allowed: ['codec', 'memory'] },
  })
})

for (const value of [undefined, null, 7, 'text', [], () => {}]) {
  test(`options must be an object, not ${describeValue(value)}`, () => {
    assert.throws(() => checkOptions(value, 'topics.a', ALLOWED), {
      code: 'INVALID_OPTION',
      message: `topics.a must be an object, but is ${describeValue(value)}`,
    })
  })
}

test('a whole number passes within its limits only', () => {
  assert.equal(checkInteger(1, 'partitions', 1, 1024), 1)
  assert.equal(checkInteger(1024, 'partitions', 1, 1024), 1024)
  for (const value of [0, 1025, 1.5, Number.NaN, '3', 3n, undefined, null]) {
    assert.throws(() => checkInteger(value, 'partitions', 1, 1024), {
      code: 'INVALID_OPTION',
      message: `partitions must be a whole number from 1 to 1024, but is ${describeValue(value)}`,
      details: { field: 'partitions', expected: 'a whole number from 1 to 1024', received: value },
    })
  }
})

test('a number passes within its limits only', () => {
  for (const value of [0.5, 1, 8]) assert.equal(checkNumber(value, 'factor', 0.5, 8), value)
  for (const value of [0.4, 8.1, Number.NaN, '3', undefined, null]) {
    assert.throws(() => checkNumber(value, 'factor', 0.5, 8), {
      code: 'INVALID_OPTION',
      message: `factor must be a number from 0.5 to 8, but is ${describeValue(value)}`,
      details: { field: 'factor', expected: 'a number from 0.5 to 8', received: value },
    })
  }
})

test('a time to wait is milliseconds, or for ever', () => {
  for (const value of [0, 0.5, TIMEOUT_MS_MAX, Number.POSITIVE_INFINITY]) {
    assert.equal(checkTimeout(value, 'timeoutMs'), value)
  }
  assert.equal(checkTimeout(undefined, 'timeoutMs'), Number.POSITIVE_INFINITY)
  for (const value of [-1, TIMEOUT_MS_MAX + 1, Number.NaN, '5', null]) {
    assert.throws(() => checkTimeout(value, 'timeoutMs'), {
      code: 'INVALID_OPTION',
      message: /^timeoutMs must be milliseconds from 0 to 2147483647, or Infinity/,
    })
  }
})

test('a signal is an AbortSignal or left out', () => {
  const { signal } = new AbortController()
  assert.equal(checkSignal(signal, 'signal'), signal)
  assert.equal(checkSignal(undefined, 'signal'), undefined)
  for (const value of [null, {}, new AbortController()]) {
    assert.throws(() => checkSignal(value, 'signal'), {
      code: 'INVALID_OPTION',
      message: /^signal must be an AbortSignal, but is /,
    })
  }
})

const SIZES: readonly [size: number | string, sizeBytes: number][] = [
  [0, 0],
  [65536, 65536],
  ['100B', 100],
  ['512KiB', 524_288],
  ['512 KiB', 524_288],
  ['64MiB', 67_108_864],
  ['1.5MiB', 1_572_864],
  ['1.25MiB', 1_310_720],
  ['1GiB', 1_073_741_824],
]

for (const [size, sizeBytes] of SIZES) {
  test(`the size ${size} is ${sizeBytes} bytes`, () => {
    assert.equal(parseSize(size, 'memory'), sizeBytes)
  })
}

for (const size of [
  '64',
  '64MB',
  '64mib',
  'MiB',
  '1MiBs',
  '-1KiB',
  '1.3B',
  '',
  -1,
  0.5,
  1e300,
  NaN,
  null,
]) {
  test(`the size ${describeValue(size)} is refused`, () => {
    assert.throws(() => parseSize(size, 'memory'), {
      code: 'INVALID_OPTION',
      message: /^memory must be whole bytes, such as 65536, '512KiB', '64MiB' or '1GiB', but is /,
      details: {
        field: 'memory',
        expected: "whole bytes, such as 65536, '512KiB', '64MiB' or '1GiB'",
        received: size,
      },
    })
  })
}

test('a value is described briefly, and none of its own code runs', () => {
  const hostile = {
    toString() {
      throw new Error('must not be called')
    },
  }
  assert.equal(describeValue(hostile), 'an object')
  assert.equal(describeValue('x'.repeat(100)), `'${'x'.repeat(40)}…'`)
  assert.equal(describeValue('x'.repeat(40)), `'${'x'.repeat(40)}'`)
  assert.equal(describeValue([hostile]), 'an array')
  assert.equal(
    describeValue(() => hostile),
    'a function',
  )
  assert.equal(describeValue(null), 'null')
  assert.equal(describeValue(Symbol('s')), 'Symbol(s)')
  assert.equal(describeValue(7n), '7n')
})
