import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlot, format, linearTicks, logarithmicTicks, type Plot } from './plot.js'

test('linear ticks begin at 0, are round, and reach the largest value', () => {
  assert.deepEqual(linearTicks([3, 9.5]), [0, 2, 4, 6, 8, 10])
  assert.deepEqual(linearTicks([100]), [0, 20, 40, 60, 80, 100])
  assert.deepEqual(linearTicks([7, 1200]), [0, 200, 400, 600, 800, 1000, 1200])
})

test('logarithmic ticks are the powers of ten around the values', () => {
  assert.deepEqual(logarithmicTicks([2, 300]), [1, 10, 100, 1000])
  assert.deepEqual(logarithmicTicks([1, 100]), [1, 10, 100])
  assert.deepEqual(logarithmicTicks([0.5]), [0.1, 1])
  assert.deepEqual(logarithmicTicks([10]), [10, 100])
})

test('large numbers are short', () => {
  assert.deepEqual([0.1, 40, 1000, 2500, 1e6].map(format), ['0.1', '40', '1k', '2.5k', '1M'])
})

const PLOT: Plot = {
  name: 'sample',
  title: 'Cost & <use>',
  x: { title: 'partitions', isLogarithmic: true },
  y: { title: 'nanoseconds', isLogarithmic: false },
  series: [
    {
      label: 'one',
      points: [
        { x: 1, y: 50, low: 40, high: 60 },
        { x: 100, y: 100, low: 90, high: 100 },
      ],
    },
  ],
}

test('points lie where the axes say', () => {
  const svg = drawPlot(PLOT)
  // x from 72 to 530, y from 348 up to 44: the first one is half-way up, the second at the top.
  assert.match(svg, /<polyline points="72\.0,196\.0 530\.0,44\.0"/)
  assert.match(svg, /<line x1="72\.0" y1="226\.4" x2="72\.0" y2="165\.6"/)
})

test('texts are escaped, and every series is named', () => {
  const svg = drawPlot(PLOT)
  assert.match(svg, />Cost &amp; &lt;use></)
  assert.match(svg, />one<\/text>/)
})
