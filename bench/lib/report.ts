import { formatTable } from '../../tools/markdown-table.js'
import { countedRounds, heapBytes, ratioTo, speedOf } from './claims.js'
import { formatRange, formatValue } from './figures.js'
import type { MicroResult } from './micro.js'
import { DISTURBED_SHARE } from './patience.js'
import type { Measurement, RowResult } from './row.js'
import type { Run } from './runner.js'
import { isWide, type Summary, summarize } from './statistics.js'

/** The table of rows. */
export function formatRows(
  results: readonly RowResult[],
  baseName: string,
  baseTitle: string,
): string {
  const base = results.find(({ subject }) => subject.name === baseName)
  return formatTable(
    ['', 'M/s', 'range', 'rounds', `× ${baseTitle}`, 'range', 'heap sender', 'heap receiver'],
    results.map((result) => {
      const speed = scale(speedOf(result), 1e-6)
      const ratio = base && ratioTo(result, base)
      return [
        result.subject.title,
        formatValue(speed.median) + (isWide(speed) ? ' (wide)' : ''),
        formatRange(speed),
        String(countedRounds(result).length),
        ratio === undefined ? '' : formatValue(ratio.median),
        ratio === undefined ? '' : formatRange(ratio),
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
    countedRounds(result).some((round) => isDisturbed(result.runs[round] as Run<Measurement>)),
  )
  if (unsound.length > 0) {
    warnings.push(`**Not to be relied on**, because nearly all rounds were: ${namesOf(unsound)}.`)
  }
  return warnings
}

function isDisturbed({ foreignShare }: Run<Measurement>): boolean {
  return foreignShare > DISTURBED_SHARE
}

function namesOf(results: readonly RowResult[]): string {
  return results.map(({ subject }) => subject.title).join('; ')
}

/** The table of micro-benchmarks. */
export function formatMicro(results: readonly MicroResult[]): string {
  return formatTable(
    ['', 'ns', 'middle half', 'per', 'samples'],
    results.map(({ title, unit, nanosecondsPerOperation }) => {
      const { median, lowerQuartile, upperQuartile } = summarize(nanosecondsPerOperation)
      return [
        title,
        formatValue(median),
        `${formatValue(lowerQuartile)} – ${formatValue(upperQuartile)}`,
        unit,
        String(nanosecondsPerOperation.length),
      ]
    }),
  )
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
