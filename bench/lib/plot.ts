/** A line chart as SVG. */

interface Axis {
  readonly title: string
  /** On a logarithmic axis all values are above 0. */
  readonly isLogarithmic: boolean
}

export interface Point {
  readonly x: number
  readonly y: number
  /** The spread, drawn as a line from one to the other. */
  readonly low: number
  readonly high: number
}

export interface Series {
  readonly label: string
  readonly points: readonly Point[]
}

export interface Plot {
  /** Name of the file, without its extension. */
  readonly name: string
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

const WIDTH = 720
const HEIGHT = 400
const MARGIN = { top: 44, right: 190, bottom: 52, left: 72 }
const RIGHT = WIDTH - MARGIN.right
const BOTTOM = HEIGHT - MARGIN.bottom

/** Okabe and Ito's colours, which most people can tell apart. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']

const TICKS_WANTED = 6

interface Scale {
  readonly ticks: readonly number[]
  /** Position of a value in the drawing. */
  at(value: number): number
}

/** The whole file. */
export function drawPlot({ title, x, y, series }: Plot): string {
  const points = series.flatMap((one) => one.points)
  const xScale = scaleOf(
    points.map((point) => point.x),
    x,
    [MARGIN.left, RIGHT],
  )
  const yScale = scaleOf(
    points.flatMap((point) => [point.low, point.high]),
    y,
    [BOTTOM, MARGIN.top],
  )
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(MARGIN.left, 24, title, 'font-size="15"'),
    ...xScale.ticks.flatMap((value) => xTick(xScale.at(value), value)),
    ...yScale.ticks.flatMap((value) => yTick(yScale.at(value), value)),
    text((MARGIN.left + RIGHT) / 2, HEIGHT - 12, x.title, 'text-anchor="middle"'),
    text(
      18,
      (MARGIN.top + BOTTOM) / 2,
      y.title,
      `text-anchor="middle" transform="rotate(-90 18 ${(MARGIN.top + BOTTOM) / 2})"`,
    ),
    ...series.flatMap((one, index) => drawSeries(one, index, xScale, yScale)),
    '</svg>',
  ].join('\n')}\n`
}

function drawSeries({ label, points }: Series, index: number, x: Scale, y: Scale): string[] {
  const colour = COLOURS[index % COLOURS.length] as string
  const path = points.map((point) => `${round(x.at(point.x))},${round(y.at(point.y))}`)
  const legendY = MARGIN.top + 12 + index * 20
  return [
    `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.flatMap((point) => [
      line(x.at(point.x), y.at(point.low), x.at(point.x), y.at(point.high), colour),
      `<circle cx="${round(x.at(point.x))}" cy="${round(y.at(point.y))}" r="3" fill="${colour}"/>`,
    ]),
    line(RIGHT + 14, legendY - 4, RIGHT + 34, legendY - 4, colour),
    text(RIGHT + 40, legendY, label),
  ]
}

function xTick(at: number, value: number): string[] {
  return [
    line(at, MARGIN.top, at, BOTTOM, '#ddd'),
    text(at, BOTTOM + 18, format(value), 'text-anchor="middle"'),
  ]
}

function yTick(at: number, value: number): string[] {
  return [
    line(MARGIN.left, at, RIGHT, at, '#ddd'),
    text(MARGIN.left - 8, at + 4, format(value), 'text-anchor="end"'),
  ]
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${colour}"/>`
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" fill="#222" ${attributes}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** @param range where the smallest and the largest tick lie */
function scaleOf(
  values: readonly number[],
  { isLogarithmic }: Axis,
  [from, to]: readonly [number, number],
): Scale {
  const ticks = isLogarithmic ? logarithmicTicks(values) : linearTicks(values)
  const position = isLogarithmic ? Math.log10 : (value: number) => value
  const [first, last] = [position(ticks[0] as number), position(ticks.at(-1) as number)]
  return { ticks, at: (value) => from + ((position(value) - first) / (last - first)) * (to - from) }
}

/** From 0 on, so that what looks flat is flat. */
export function linearTicks(values: readonly number[]): number[] {
  const max = Math.max(...values, Number.MIN_VALUE)
  const rough = max / TICKS_WANTED
  const unit = 10 ** Math.floor(Math.log10(rough))
  const step = unit * ([1, 2, 5].find((factor) => unit * factor >= rough) ?? 10)
  const count = Math.ceil(max / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, index) => index * step)
}

/** Powers of ten around the values. */
export function logarithmicTicks(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)) + 1e-9)
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9))
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}

/** 1,000 as 1k, and so on. */
export function format(value: number): string {
  if (value >= 1e6) return `${trim(value / 1e6)}M`
  if (value >= 1e3) return `${trim(value / 1e3)}k`
  return trim(value)
}

function trim(value: number): string {
  return String(Number(value.toPrecision(6)))
}

function round(value: number): string {
  return value.toFixed(1)
}
