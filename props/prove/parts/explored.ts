import { formatTable } from '../../../tools/markdown-table.js'
import type { Line, Part, Program } from '../part.js'
import {
  fieldOf,
  figure,
  groupBy,
  having,
  listOf,
  numberOf,
  seconds,
  sumOf,
  textOf,
} from './lines.js'

const STARTS = ['from 0', 'across 2^31', 'across 2^32']
/** Schedules drawn for each scenario. */
const SEARCHES = 5_000

/** Everything that can happen within bounds. */
export const explored: Part = {
  name: 'explored',
  title: 'Explored interleavings and deaths',
  about: `The shipped core runs on simulated memory, where an actor can be interrupted, and can die, at
every shared operation. Within the bounds of a row every order is tried: so many preemptions
(switches away from an actor that could go on; those where it blocks, ends or dies are free), so many
deaths. Plain accesses are checked for data races, so the memory model allows no more than what was
tried. Waits have no timeouts: a lost wake-up is a deadlock. "Complete" means that nothing within
the bounds is left; beyond them nothing is claimed.`,
  isDrawn: false,
  isParallel: true,
  programs: () => STARTS.map((start) => exploration(start, 'full')),
  describe(lines) {
    const scenarios = having(lines, 'scenario')
    return [describeTotals(scenarios), describeScenarios(scenarios), describeMarks(lines)].join(
      '\n\n',
    )
  },
}

/** The largest configuration that completes. */
export const deep: Part = {
  name: 'deep',
  title: 'The largest configuration that was explored',
  about: `Two producers with two records each, one of them a batch; a reader that holds the log by its
gate and commits; segments recycled by whoever needs them, where the second lap ends; sleep on both
sides; one death of anybody anywhere, and its repair. What it does not cover is in
[props/README.md](props/README.md). Only with \`--deep\`: it needs
minutes and gigabytes. The other starts have one preemption less, above.`,
  isDrawn: false,
  isDeep: true,
  programs: () => [exploration('from 0', 'deep', 'two laps')],
  describe: (lines) => describeScenarios(having(lines, 'scenario')),
}

function exploration(start: string, ...parameters: readonly string[]): Program {
  return {
    path: 'props/sim/scenarios/run',
    conditions: ['millrace:sim'],
    parameters: [start, ...parameters],
  }
}

function describeTotals(lines: readonly Line[]): string {
  return formatTable(
    ['start', 'scenarios', 'states', 'executions', 'executions/s', 'seconds'],
    [...groupBy(lines, 'start')].map(([start, rows]) => [
      start,
      figure(rows.length),
      figure(sumOf(rows, 'states')),
      figure(sumOf(rows, 'executions')),
      figure((sumOf(rows, 'executions') / sumOf(rows, 'elapsedMs')) * 1000),
      seconds(sumOf(rows, 'elapsedMs')),
    ]),
  )
}

function describeScenarios(lines: readonly Line[]): string {
  return formatTable(
    ['scenario', 'preemptions', 'deaths', 'states', 'executions', 'seconds', 'verdict'],
    lines.map((line) => {
      const bounds = (fieldOf(line, 'bounds') ?? {}) as Line
      return [
        textOf(line, 'scenario'),
        String(fieldOf(bounds, 'preemptions') ?? 'all'),
        String(numberOf(bounds, 'crashes')),
        figure(numberOf(line, 'states')),
        figure(numberOf(line, 'executions')),
        seconds(numberOf(line, 'elapsedMs')),
        verdictOf(line),
      ]
    }),
  )
}

/** A known-bad scenario must be found out. */
function verdictOf(line: Line): string {
  const violation = fieldOf(line, 'violation') as Line | undefined
  const finds = textOf(line, 'finds')
  if (violation === undefined) {
    if (finds !== '') return `MISSES ${finds}`
    return fieldOf(line, 'complete') === true ? 'complete' : 'INCOMPLETE'
  }
  const kind = textOf(violation, 'kind')
  if (kind !== finds) return `FAILS: ${kind}`
  return `bad on purpose: ${kind} found, ${listOf(violation, 'schedule').length} decisions`
}

function describeMarks(lines: readonly Line[]): string {
  const marks = new Set(lines.flatMap((line) => listOf(line, 'marks').map(String)))
  const missing = lines.filter((line) => listOf(line, 'missing').length > 0)
  const names = [...marks].sort().join(', ')
  return `Reached somewhere: ${names}. Scenarios that miss a mark of theirs: ${missing.length}.`
}

/** Deeper than everything can be explored, but not all of it. */
export const drawn: Part = {
  name: 'drawn',
  title: 'Schedules drawn at random',
  about: `The same scenarios under schedules that fast-check draws, with up to 12 preemptions and 2
deaths: deeper than all orders can be tried, but a sample.`,
  isDrawn: true,
  programs: (seed): Program[] => [
    {
      path: 'props/sim/scenarios/search',
      conditions: ['millrace:sim'],
      parameters: [String(SEARCHES), String(seed)],
    },
  ],
  describe(lines) {
    const rows = having(lines, 'runs')
    const violations = having(rows, 'violation')
    return formatTable(
      ['scenarios', 'schedules', 'violations'],
      [
        [
          figure(groupBy(rows, 'scenario').size),
          figure(sumOf(rows, 'runs')),
          figure(violations.length),
        ],
      ],
    )
  },
}
