import { formatTable } from '../../../tools/markdown-table.js'
import type { Line, Part } from '../part.js'
import { fieldOf, figure, groupBy, having, numberOf, sumOf, textOf } from './lines.js'

const KILLS = 1_000

/** Threads that die of everything that threads die of, while others work. */
export const chaos: Part = {
  name: 'chaos',
  title: 'Chaos with real threads',
  about: `Workloads and faults are drawn from the seed and composed freely; every trial ends with the
faults off, and everything must drain. The history of each trial is checked, with what the producers
know of their sends and what the handlers saw. Lost and reordered must be 0; duplicates may not be
more than the engine says it had to deliver again. "p(loss) <" is the rule of three: where nothing was
lost in N faults, a loss is rarer than 3/N with 95 % confidence. A trial counts for each of its
faults. Recovery is measured from a death until a record of the dead worker came again, to a worker
that ran already (survivor) or to one that had to be started, after a pause from 100 ms on (newcomer); for
a producer, until what it left was repaired. It is not bounded by a test, since it
depends on the machine. Over several rounds, the worst round's times are shown.`,
  isDrawn: true,
  programs: (seed) => [
    {
      path: 'props/chaos/main',
      conditions: ['millrace:chaos'],
      // Trial n has the seed + n: rounds must not share trials.
      parameters: ['--kills', String(KILLS), '--seed', String(seed * 1_000), '--json'],
    },
  ],
  describe(lines) {
    const rows = [...groupBy(having(lines, 'trials'), 'row')]
    const missing = [...groupBy(having(lines, 'notApplicable'), 'row')]
    return [
      formatTable(
        [
          'fault',
          'trials',
          'faults',
          'deaths',
          'claims left',
          'records',
          'lost',
          'p(loss) <',
          'reordered',
          'duplicates',
          'bound',
          'survivor p50/p99 ms',
          'newcomer p50/p99 ms',
          'repair p50/p99 ms',
        ],
        rows.map(([name, rounds]) => describeRow(name, rounds)),
      ),
      missing
        .map(([name, [line]]) => `- ${name}: ${textOf(line as Line, 'notApplicable')}.`)
        .join('\n'),
      `Seeds: ${seedsOf(rows.find(([name]) => name === 'all')?.[1] ?? [])}.`,
    ].join('\n\n')
  },
}

function describeRow(name: string, rounds: readonly Line[]): string[] {
  const faults = sumOf(rounds, 'faults')
  return [
    name,
    figure(sumOf(rounds, 'trials')),
    figure(faults),
    figure(sumOf(rounds, 'deaths')),
    figure(sumOf(rounds, 'abortedFrames')),
    figure(sumOf(rounds, 'records')),
    figure(sumOf(rounds, 'lost')),
    Math.min(1, 3 / faults).toPrecision(2),
    figure(sumOf(rounds, 'reordered')),
    figure(sumOf(rounds, 'duplicates')),
    figure(sumOf(rounds, 'bound')),
    ...['survivor', 'newcomer', 'repair'].map((who) => worstTimes(rounds, who)),
  ]
}

function worstTimes(rounds: readonly Line[], who: string): string {
  const times = rounds
    .map((round) => (fieldOf(round, 'recoveryMs') as Readonly<Record<string, Line | null>>)[who])
    .filter((line): line is Line => line !== null && line !== undefined)
  if (times.length === 0) return ''
  const worst = (field: string) => Math.max(...times.map((line) => numberOf(line, field)))
  return `${worst('p50')} / ${worst('p99')}`
}

function seedsOf(rounds: readonly Line[]): string {
  return rounds
    .map((round) => fieldOf(round, 'seeds') as readonly number[])
    .map((seeds) => `${Math.min(...seeds)} to ${Math.max(...seeds)}`)
    .join(', ')
}
