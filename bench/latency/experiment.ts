import type { Case, CaseResult, Experiment } from '../lib/experiment.js'
import { pointsOf } from '../lib/experiment-section.js'
import { WARM_UPS } from '../lib/latency-meter.js'
import type { Plot, Series } from '../lib/plot.js'

const RAW = new URL('./raw.js', import.meta.url)
const POST_MESSAGE = new URL('./post-message.js', import.meta.url)

const SPINNING_RING = new URL('./spinning-ring.js', import.meta.url)

const SECONDS = 1
const RATES = [
  [1_000, '1 k'],
  [10_000, '10 k'],
  [100_000, '100 k'],
  [1_000_000, '1 M'],
] as const

const TARGETS = [
  ['raw', 'Millrace, 64-byte records', RAW],
  ['post', '`postMessage`, 4-field objects', POST_MESSAGE],
  ['floor', 'Two threads that spin on a word, without an engine', SPINNING_RING],
] as const

const cases: readonly Case[] = TARGETS.flatMap(([target, title, module]) =>
  RATES.map(([ratePerSecond, rate]) => ({
    name: `latency-${target}-${rate.replace(' ', '')}`,
    title: `${title}, ${rate} a second`,
    module,
    settings: { ratePerSecond, seconds: SECONDS },
    trial: { seconds: 0.02 },
  })),
)

/** From the intended time of sending until the handler has the message. */
export const latency: Experiment = {
  name: 'latency',
  title: 'Latency',
  about: `From the time at which a message should have been sent until its handler has it, in
microseconds. The sender keeps to its rate whatever happens (an open loop), so a pause of either side
shows in every message that it delays: nothing is left out. It watches the clock without a pause, and
flushes what is due, which is one record at most rates. The receiving thread is idle between messages.
Each run does the same for ${SECONDS} s ${WARM_UPS + 1} times, and the last time counts, when V8 has compiled what there is. \`postMessage\` cannot keep up with the
highest rate: there the queue grows to the end. Two threads that hand over numbers without any engine,
and never sleep, show what the machine itself adds: whoever else gets one of its cores for a moment
stops one of the two.`,
  cases,
  roundsMax: 5,
  columns: [
    { title: 'p50', figure: 'p50' },
    { title: 'p90', figure: 'p90' },
    { title: 'p99', figure: 'p99' },
    { title: 'p99.9', figure: 'p999' },
    { title: 'max', figure: 'max' },
  ],
  claims: [
    {
      text: 'Latency at 100 k messages a second: p50 at most 10 microseconds',
      of: 'latency-raw-100k',
      figure: 'p50',
      bound: 'at most',
      limit: 10,
    },
    {
      text: 'Latency at 100 k messages a second: p99 at most 100 microseconds',
      of: 'latency-raw-100k',
      figure: 'p99',
      bound: 'at most',
      limit: 100,
    },
  ],
  plots: (results) => [plot(results)],
}

function plot(results: readonly CaseResult[]): Plot {
  return {
    name: 'latency',
    title: 'Latency from the intended time of sending',
    x: { title: 'messages per second', isLogarithmic: true },
    y: { title: 'microseconds', isLogarithmic: true },
    series: [
      series(results, RAW, 'p50', 'Millrace, p50'),
      series(results, RAW, 'p99', 'Millrace, p99'),
      series(results, POST_MESSAGE, 'p50', 'postMessage, p50'),
      series(results, POST_MESSAGE, 'p99', 'postMessage, p99'),
      series(results, SPINNING_RING, 'p50', 'no engine, p50'),
      series(results, SPINNING_RING, 'p99', 'no engine, p99'),
    ],
  }
}

function series(
  results: readonly CaseResult[],
  module: URL,
  figure: string,
  label: string,
): Series {
  const ofModule = results.filter(({ subject }) => subject.module === module)
  return { label, points: pointsOf(ofModule, 'ratePerSecond', figure) }
}
