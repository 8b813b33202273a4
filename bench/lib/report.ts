import type { MachineFacts } from '../../tools/machine.js'
import { formatTable } from '../../tools/markdown-table.js'
import {
  countedRounds,
  heapBytes,
  type JudgedClaim,
  judgeClaims,
  ratioTo,
  speedOf,
} from './claims.js'
import type { MicroResult } from './micro.js'
import { DISTURBED_SHARE } from './patience.js'
import type { RowResult, Run } from './runner.js'
import { isWide, type Summary, summarize } from './statistics.js'

/** Everything one run of the benchmarks found out. */
export interface BenchmarkResults {
  readonly machine: MachineFacts
  readonly rounds: number
  readonly rows: readonly RowResult[]
  readonly micro: readonly MicroResult[]
}

/**
 * BENCHMARKS.md.
 *
 * @param base name of the row that the others are compared with
 */
export function formatReport(results: BenchmarkResults, base: string): string {
  return `${[
    INTRODUCTION,
    formatMachine(results),
    '## What is claimed',
    formatClaims(judgeClaims(results.rows)),
    '## From thread to thread',
    THREADS_TEXT,
    formatRows(results.rows, base),
    ...formatWarnings(results.rows),
    '## Inside one thread',
    MICRO_TEXT,
    formatMicro(results.micro),
  ].join('\n\n')}\n`
}

const INTRODUCTION = `# Benchmarks

Written by \`npm run bench\`: do not edit, run it again. The code is in \`bench/\`.

\`\`\`sh
npm ci
npm run bench                            # everything, a few minutes; writes this file
npm run bench -- --rounds 3              # fewer rounds
npm run bench -- --patience 600          # seconds to wait for a machine that others use
npm run bench -- --only raw-64,ringbuf   # these rows alone; prints, and leaves this file alone
\`\`\`

Figures depend on the machine; compare ratios, which come from runs within seconds of each other.`

const THREADS_TEXT = `Two threads of one process, one message after the other. A run starts both threads,
warms up, meets at a barrier, and ends when the receiver has handled the last message. The receiver
reads each object's fields or each record's number, and the run fails unless they add up to what was
sent. Each run has a process of its own; the rows take turns in every round. A
run during which other processes used more than a tenth of the machine is repeated, within limits,
and left out if three others remain. fastq is in one thread:
there a task is a function call. For piscina, a message is handled when its result is back.

M/s: millions of messages per second, median and range of the rounds that count. × single: ratio to the first
row in the same round. Heap: bytes that the sending and the receiving thread allocate per message,
counted to the byte by V8 across collections; the smallest object takes 16 bytes.`

const MICRO_TEXT = `By benny. Nanoseconds, median and middle half of its samples.`

function formatMachine({ machine, rounds }: BenchmarkResults): string {
  const { processor, cores, memoryGib, platform, node, v8, commit, date, loadBefore } = machine
  return formatTable(
    ['', ''],
    [
      ['Machine', `${processor}, ${cores} cores, ${memoryGib} GiB, ${platform}`],
      ['Node', `${node} (V8 ${v8})`],
      ['Commit', commit],
      ['Date', date],
      ['Rounds', String(rounds)],
      ['Load before', `${loadBefore} runnable threads in the last minute`],
    ],
  )
}

/** The table of the claims, also for the terminal. */
export function formatClaims(claims: readonly JudgedClaim[]): string {
  return formatTable(
    ['claim', 'measured', 'range', 'rounds', 'verdict'],
    claims.map(({ title, promise, measured, rounds, verdict }) => [
      `${title}: ${promise}`,
      significant(measured.median),
      range(measured),
      String(rounds),
      verdict,
    ]),
  )
}

/** The table of the rows, also for the terminal. */
export function formatRows(results: readonly RowResult[], baseName: string): string {
  const base = results.find(({ row }) => row.name === baseName)
  return formatTable(
    ['', 'M/s', 'range', 'rounds', '× single', 'range', 'heap sender', 'heap receiver'],
    results.map((result) => {
      const speed = scale(speedOf(result), 1e-6)
      const ratio = base && ratioTo(result, base)
      return [
        result.row.title,
        significant(speed.median) + (isWide(speed) ? ' (wide)' : ''),
        range(speed),
        String(countedRounds(result).length),
        ratio === undefined ? '' : significant(ratio.median),
        ratio === undefined ? '' : range(ratio),
        formatBytes(heapBytes(result, 'sender')),
        formatBytes(heapBytes(result, 'receiver')),
      ]
    }),
  )
}

/** What a reader must know before believing the table: only what applies. */
export function formatWarnings(results: readonly RowResult[]): string[] {
  const warnings: string[] = []
  const wide = results.filter((result) => isWide(speedOf(result)))
  if (wide.length > 0) {
    warnings.push(
      `**Wide**: the middle half of the rounds of ${namesOf(wide)} spans more than a quarter of the ` +
        'median. Read the range, not the median.',
    )
  }
  const runs = results.flatMap((result) => result.runs)
  const disturbed = runs.filter(isDisturbed)
  if (disturbed.length > 0) {
    const most = Math.max(...disturbed.map(({ foreignShare }) => foreignShare))
    warnings.push(
      `**Disturbed**: during ${disturbed.length} of ${runs.length} runs other processes used more ` +
        `than ${percent(DISTURBED_SHARE)} of the machine, up to ${percent(most)}. These rounds are ` +
        'left out where three others remain.',
    )
  }
  const unsound = results.filter((result) =>
    countedRounds(result).some((round) => isDisturbed(result.runs[round] as Run)),
  )
  if (unsound.length > 0) {
    warnings.push(`**Not to be relied on**, because nearly all rounds were: ${namesOf(unsound)}.`)
  }
  return warnings
}

function isDisturbed({ foreignShare }: Run): boolean {
  return foreignShare > DISTURBED_SHARE
}

function namesOf(results: readonly RowResult[]): string {
  return results.map(({ row }) => row.title).join('; ')
}

/** The table of the micro-benchmarks, also for the terminal. */
export function formatMicro(results: readonly MicroResult[]): string {
  return formatTable(
    ['', 'ns', 'middle half', 'per', 'samples'],
    results.map(({ title, unit, nanosecondsPerOperation }) => {
      const { median, lowerQuartile, upperQuartile } = summarize(nanosecondsPerOperation)
      return [
        title,
        significant(median),
        `${significant(lowerQuartile)} – ${significant(upperQuartile)}`,
        unit,
        String(nanosecondsPerOperation.length),
      ]
    }),
  )
}

function range({ min, max }: Summary): string {
  return `${significant(min)} – ${significant(max)}`
}

function scale(summary: Summary, factor: number): Summary {
  const { min, lowerQuartile, median, upperQuartile, max } = summary
  return {
    min: min * factor,
    lowerQuartile: lowerQuartile * factor,
    median: median * factor,
    upperQuartile: upperQuartile * factor,
    max: max * factor,
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function formatBytes(bytes: Summary | undefined): string {
  if (bytes === undefined) return ''
  return bytes.median < 10 ? bytes.median.toFixed(2) : bytes.median.toFixed(0)
}

/** Three significant digits: more would pretend. */
function significant(value: number): string {
  if (value === 0) return '0'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(digits, 4))
}
