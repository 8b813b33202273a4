import type { Case, CaseResult, Column, Experiment, FigureClaim } from '../lib/experiment.js'
import { pointsOf } from '../lib/experiment-section.js'
import type { Plot } from '../lib/plot.js'
import type { Settings } from '../lib/row.js'

const FLEET = new URL('./fleet.js', import.meta.url)

const K = 1_000
const M = 1_000_000

function fleet(name: string, title: string, settings: Settings): Case {
  return { name, title, module: FLEET, settings, trial: { warmUpCount: 1000, count: 4000 } }
}

const COLUMNS: readonly Column[] = [
  { title: 'M/s', figure: 'millionsPerSecond' },
  { title: 'MB/s', figure: 'megabytesPerSecond' },
  { title: 'ns', figure: 'wallNs' },
  { title: 'processor ns', figure: 'cpuNs' },
]

const COLUMNS_TEXT = `M/s and MB/s: deliveries to a group, values alone. ns: time per delivery. Processor ns:
processor time of all threads of the process per delivery, so the cost of a message, whatever the
number of cores.`

// ------------------------------------------------------------------------------- known workloads

const ONE = { warmUpCount: 2 * M, count: 4 * M }

export const workloads: Experiment = {
  name: 'workloads',
  title: 'Workloads with known names',
  about: `Shapes of the OpenMessaging Benchmark by the names of its files, and runs with keys. Producers are
threads of their own, which send as fast as the log takes it (\`sendSync\`); consumers are worker threads
with \`eachBatch\`, at least once. Topics have 64 MiB. Every record says who sent it and its number there;
a run fails unless each arrives once, those of one producer in their order in every partition.
In the backlog, all messages are there before the first one is handled: the drain alone is timed.

${COLUMNS_TEXT}`,
  cases: [
    fleet('max-rate-1-topic-1-partition-1p-1c-100b', '1 topic, 1 partition, 1p1c, 100 B', {
      sizeBytes: 100,
      ...ONE,
    }),
    fleet('max-rate-1-topic-1-partition-1p-1c-1kb', '1 topic, 1 partition, 1p1c, 1 KiB', {
      sizeBytes: 1024,
      warmUpCount: M,
      count: 1.5 * M,
    }),
    fleet('max-rate-1-topic-1-partition-1p-1c-64kb', '1 topic, 1 partition, 1p1c, 64 KiB', {
      sizeBytes: 65_536,
      warmUpCount: 10 * K,
      count: 40 * K,
    }),
    fleet('max-rate-1-topic-1-partition-4p-1c-1kb', '1 topic, 1 partition, 4p1c, 1 KiB', {
      producers: 4,
      sizeBytes: 1024,
      warmUpCount: M,
      count: 1.5 * M,
    }),
    fleet('max-rate-1-topic-100-partitions-4p-4c-1kb', '1 topic, 100 partitions, 4p4c, 1 KiB', {
      partitions: 100,
      producers: 4,
      workers: 4,
      sizeBytes: 1024,
      warmUpCount: M,
      count: 1.5 * M,
    }),
    fleet('backlog-1-topic-1-partition-100b', 'Drain of a backlog, 1 partition, 100 B', {
      sizeBytes: 100,
      isBacklog: 1,
      warmUpCount: M,
      count: 400 * K,
    }),
    fleet(
      'backlog-1-topic-16-partitions-1kb',
      'Drain of a backlog, 16 partitions, 2 workers, 1 KiB',
      {
        partitions: 16,
        workers: 2,
        sizeBytes: 1024,
        keys: 10 * K,
        isBacklog: 1,
        memoryMib: 512,
        warmUpCount: M,
        count: 300 * K,
      },
    ),
    fleet('keyed', '16 partitions, 2p2c, 10,000 keys, 100 B', {
      partitions: 16,
      producers: 2,
      workers: 2,
      sizeBytes: 100,
      keys: 10 * K,
      ...ONE,
    }),
    fleet('hot-key', 'The same, half of the messages with one key', {
      partitions: 16,
      producers: 2,
      workers: 2,
      sizeBytes: 100,
      keys: 10 * K,
      hotShare: 0.5,
      ...ONE,
    }),
  ],
  roundsMax: 5,
  columns: COLUMNS,
  claims: [],
  plots: () => [],
}

// ----------------------------------------------------------------------------------- flat costs

/** What is called flat. */
const FLAT_RATIO = 1.25

const SMALL = { warmUpCount: 2 * M, count: 4 * M }

/** Every thread compiles its own code: each gets as many messages before the count, of what it shares. */
function shape(partitions: number, producers: number, workers: number): Settings {
  const warmUpCount = 4 * M * Math.max(producers, workers)
  return { partitions, producers, workers, warmUpCount, count: 20 * M }
}

function flat(what: string, of: string, relativeTo: string): FigureClaim {
  const text = `Processor time per message, ${what}: flat, at most ${FLAT_RATIO} times`
  return { text, of, relativeTo, figure: 'cpuNs', bound: 'at most', limit: FLAT_RATIO }
}

export const shapes: Experiment = {
  name: 'shapes',
  title: 'Many threads on few cores',
  about: `Partitions x producers x consumers, each of the latter two a thread, 64-byte records without keys.
What is compared is the cost of a message, since the cores are the same. Every thread compiles its own
code, so before the count there are four million messages for each of them; it is done after about
three. The last row has no such warm-up: it is what young threads pay.

${COLUMNS_TEXT}`,
  cases: [
    fleet('shape-1x1x1', '1 x 1 x 1', shape(1, 1, 1)),
    fleet('shape-1x10x1', '1 x 10 x 1', shape(1, 10, 1)),
    fleet('shape-10x10x10', '10 x 10 x 10', shape(10, 10, 10)),
    fleet('shape-100x4x4', '100 x 4 x 4', shape(100, 4, 4)),
    fleet('shape-10x10x10-young', '10 x 10 x 10, the first 400,000 messages of each thread', {
      ...shape(10, 10, 10),
      warmUpCount: 10,
      count: 4 * M,
    }),
  ],
  columns: COLUMNS,
  claims: [
    flat(
      '10 partitions x 10 producers x 10 consumers over 1 x 1 x 1',
      'shape-10x10x10',
      'shape-1x1x1',
    ),
    flat('100 x 4 x 4 over 1 x 1 x 1', 'shape-100x4x4', 'shape-1x1x1'),
    flat('10 producers in one partition over 1', 'shape-1x10x1', 'shape-1x1x1'),
  ],
  plots: () => [],
}

export const delivery: Experiment = {
  name: 'delivery',
  title: 'What at-least-once costs',
  about: `The same run, 1 x 1 x 1 with 64-byte records, with each \`delivery\`.

${COLUMNS_TEXT}`,
  cases: [
    fleet('at-most-once', 'at most once', { isAtMostOnce: 1, ...SMALL, count: 8 * M }),
    fleet('at-least-once', 'at least once', { ...SMALL, count: 8 * M }),
  ],
  columns: COLUMNS,
  claims: [
    {
      text: 'Processor time per message, at least once over at most once: at most 1.03 times',
      of: 'at-least-once',
      relativeTo: 'at-most-once',
      figure: 'cpuNs',
      bound: 'at most',
      limit: 1.03,
    },
  ],
  plots: () => [],
}

/** Some tens of microseconds each. */
const WORK = { partitions: 16, keys: 10 * K, workTurns: 20 * K, isBacklog: 1 }

export const cpuBound: Experiment = {
  name: 'cpu-bound',
  title: 'Handlers that compute',
  about: `Each message takes its handler some tens of microseconds of the processor. All messages are there before
the first one is handled. 16 partitions, 10,000 keys. More workers than cores cannot be faster.

${COLUMNS_TEXT}`,
  cases: [1, 2, 4].map((workers) =>
    fleet(`cpu-bound-${workers}`, `${workers} ${workers === 1 ? 'worker' : 'workers'}`, {
      workers,
      ...WORK,
      warmUpCount: 5 * K,
      count: 40 * K,
    }),
  ),
  columns: COLUMNS,
  claims: [
    {
      text: 'CPU-bound handlers, messages per second of 2 workers over 1: at least 1.7 times (0.85 each)',
      of: 'cpu-bound-2',
      relativeTo: 'cpu-bound-1',
      figure: 'millionsPerSecond',
      bound: 'at least',
      limit: 1.7,
    },
  ],
  plots: () => [],
}

/** One curve: the same run with one number growing. */
function curve(
  name: string,
  setting: string,
  values: readonly number[],
  settingsOf: (value: number) => Settings,
): readonly Case[] {
  return values.map((value) =>
    fleet(`curve-${name}-${value}`, `${value} ${name}`, { [setting]: value, ...settingsOf(value) }),
  )
}

const partitionCases = curve('partitions', 'partitions', [1, 3, 10, 30, 100], () => ({
  keys: 10 * K,
  ...SMALL,
}))
const topicCases = curve('topics', 'topics', [1, 3, 10, 30, 100], () => ({ ...SMALL }))
/** Each group gets all of them. */
const groupCases = curve('groups', 'groups', [1, 3, 10, 30, 100], () => ({
  warmUpCount: M,
  count: M,
}))

/** Records of 64 bytes that fit into a partition of 8 MiB. */
const FILL_MIB = 8
const FILL_COUNT = 114_000
const fillCases = curve('fill', 'fillPercent', [0, 20, 40, 60, 80], (percent) => ({
  memoryMib: FILL_MIB,
  aheadCount: Math.max(4096, Math.floor((FILL_COUNT * percent) / 100)),
  ...SMALL,
}))

const CURVES = [
  ['partitions', 'partitions', partitionCases],
  ['topics', 'topics', topicCases],
  ['groups', 'groups', groupCases],
  ['fill', 'fillPercent', fillCases],
] as const

export const curves: Experiment = {
  name: 'curves',
  title: 'Cost over partitions, topics, groups and fill level',
  about: `64-byte records from one thread. Over partitions: 10,000 keys. Over topics: one partition each, in
turn. Over groups: one worker thread each. All partitions and topics together have 64 MiB. Over the fill level: a partition of 8 MiB,
in which so much of what was sent is not handled yet, all the time, since the two threads wait for each
other; not much more can be in use, since memory is reused in eighths.

${COLUMNS_TEXT}`,
  cases: CURVES.flatMap(([, , cases]) => cases),
  columns: COLUMNS,
  roundsMax: 3,
  claims: [
    flat('100 partitions over 1', 'curve-partitions-100', 'curve-partitions-1'),
    flat('100 topics over 1', 'curve-topics-100', 'curve-topics-1'),
    flat('100 groups over 1', 'curve-groups-100', 'curve-groups-1'),
    flat('a log that is 80 % full over an empty one', 'curve-fill-80', 'curve-fill-0'),
  ],
  plots: (results) => [countPlot(results), fillPlot(results)],
}

function countPlot(results: readonly CaseResult[]): Plot {
  return {
    name: 'cost-over-counts',
    title: 'Processor time per message',
    x: { title: 'how many', isLogarithmic: true },
    y: { title: 'nanoseconds', isLogarithmic: false },
    series: CURVES.slice(0, 3).map(([label, setting, cases]) => ({
      label,
      points: pointsOf(among(results, cases), setting, 'cpuNs'),
    })),
  }
}

function fillPlot(results: readonly CaseResult[]): Plot {
  return {
    name: 'cost-over-fill',
    title: 'Processor time per message as the log fills',
    x: { title: 'percent of the log in use', isLogarithmic: false },
    y: { title: 'nanoseconds', isLogarithmic: false },
    series: [
      {
        label: 'one partition',
        points: pointsOf(among(results, fillCases), 'fillPercent', 'cpuNs'),
      },
    ],
  }
}

function among(results: readonly CaseResult[], cases: readonly Case[]): CaseResult[] {
  return results.filter(({ subject }) => cases.includes(subject))
}
