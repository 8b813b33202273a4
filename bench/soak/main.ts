/**
 * Half of the full load for a long time: `npm run soak -- --minutes 20`. Writes its section of
 * BENCHMARKS.md, and every sample as JSON. Ends with 1 if memory grows or latency drifts.
 *
 * The script limits V8's semi-spaces to 2 MiB. By default the young generation of a busy thread grows
 * to 48 MiB, in a few steps over a quarter of an hour, which in 20 minutes looks like a leak.
 */
import { parseArgs } from 'node:util'
import { machineFacts } from '../../tools/machine.js'
import { formatTable } from '../../tools/markdown-table.js'
import { formatValue } from '../lib/figures.js'
import type { Plot, Point } from '../lib/plot.js'
import { saveMeasurements, updateReport } from '../lib/report-files.js'
import { outlines, soakOutline } from '../sections.js'
import { SoakLoad } from './load.js'
import { judgeSoak, type Sample, type Verdict } from './verdict.js'

const FULL_SECONDS = 5
const SAMPLES_MIN = 6
const SAMPLE_SECONDS = 10
const LOAD_SHARE = 0.5

/** So many samples are in the report's table, the first and the last included. */
const LINES_MAX = 12

const FIGURES = [
  ['resident MiB', 'rssMib'],
  ['main heap', 'heapMib'],
  ['worker heaps', 'workerHeapMib'],
  ['external', 'externalMib'],
  ['p50 µs', 'p50'],
  ['p99 µs', 'p99'],
  ['lag', 'lag'],
] as const

async function main(minutes: number): Promise<void> {
  const machine = machineFacts('core', 'workers', 'bench')
  const load = await SoakLoad.start()
  await load.fullSpeed(FULL_SECONDS)
  const full = await load.fullSpeed(FULL_SECONDS)
  const rate = full * LOAD_SHARE
  console.log(`full load ${Math.round(full)} messages/s; from now on ${Math.round(rate)}`)
  const samples: Sample[] = []
  const seconds = minutes * 60
  await load.atRate(rate, seconds, Math.min(SAMPLE_SECONDS, seconds / 10), (sample) => {
    samples.push(sample)
    console.log(cells(sample).join('  '))
  })
  await load.end()
  if (samples.length < SAMPLES_MIN) throw new Error(`only ${samples.length} samples were taken`)
  const verdict = judgeSoak(samples)
  const blocks = [ABOUT, describe(verdict, full, rate), table(samples)]
  const findings = { blocks, claims: [], plots: plots(samples), measurements: { full, samples } }
  const origin = `${minutes} minutes, npm run soak -- --minutes ${minutes}.`
  const measured = { section: soakOutline, findings, isWhole: true, origin }
  console.log(blocks.slice(1).join('\n\n'))
  saveMeasurements(measured, machine)
  updateReport(measured, machine, outlines)
  if (!verdict.holds) process.exitCode = 1
}

const ABOUT = `Objects as JSON with one of 10,000 keys over 8 partitions, and records of 64 bytes over one, in turn,
each with a group of one worker thread and \`eachMessage\`. The full load is measured first, then half
of it is sent at a fixed rate. Latency counts from the intended time of sending; the sender looks at
the clock each millisecond. The run fails unless everything that was sent is handled once.`

function describe({ growth, p50Drift, p99Drift, holds }: Verdict, full: number, rate: number) {
  return [
    holds ? '**Holds**: flat memory, no drift in latency.' : '**FAILS**: memory or latency drifts.',
    `Full load ${formatValue(full / 1e6)} M/s, soaked with ${formatValue(rate / 1e6)} M/s.`,
    `Resident memory grew by ${formatValue(growth * 100)} % after the first fifth of the run (the line`,
    `of least squares; at most 5 is flat). Last third over first third: p50 ${formatValue(p50Drift)}`,
    `times (at most 1.5), p99 ${formatValue(p99Drift)} times (at most 2).`,
    'V8 has semi-spaces of 2 MiB here: by default they grow for a quarter of an hour.',
  ].join('\n')
}

function table(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.ceil(samples.length / LINES_MAX))
  const shown = samples.filter((_, index) => index % step === 0 || index === samples.length - 1)
  return formatTable(['second', ...FIGURES.map(([title]) => title)], shown.map(cells))
}

function cells(sample: Sample): string[] {
  return [sample.atSeconds.toFixed(0), ...FIGURES.map(([, figure]) => formatValue(sample[figure]))]
}

function plots(samples: readonly Sample[]): readonly Plot[] {
  const series = (label: string, figure: 'rssMib' | 'workerHeapMib' | 'p50' | 'p99') => ({
    label,
    points: samples.map((sample): Point => {
      const y = sample[figure]
      return { x: sample.atSeconds, y, low: y, high: y }
    }),
  })
  const x = { title: 'seconds', isLogarithmic: false }
  return [
    {
      name: 'soak-memory',
      title: 'Memory under half of the full load',
      x,
      y: { title: 'MiB', isLogarithmic: false },
      series: [series('resident', 'rssMib'), series('worker heaps', 'workerHeapMib')],
    },
    {
      name: 'soak-latency',
      title: 'Latency under half of the full load',
      x,
      y: { title: 'microseconds', isLogarithmic: true },
      series: [series('p50', 'p50'), series('p99', 'p99')],
    },
  ]
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '20' } } })
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new RangeError(`--minutes must be above 0, but is '${values.minutes}'`)
await main(minutes)
