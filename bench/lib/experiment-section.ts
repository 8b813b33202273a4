import { formatTable } from '../../tools/markdown-table.js'
import { figureOf, judgeFigures } from './claims.js'
import type {
  Case,
  CaseMeasurement,
  CaseResult,
  Column,
  Experiment,
  Figures,
} from './experiment.js'
import { formatRange, formatValue } from './figures.js'
import type { Point } from './plot.js'
import { runRounds } from './runner.js'
import { formatForeignShare, type Section } from './section.js'

export function experimentSection(experiment: Experiment): Section {
  const { name, title, about, cases, columns, claims } = experiment
  return {
    name,
    title,
    roundsMax: experiment.roundsMax ?? Number.POSITIVE_INFINITY,
    parts: cases.map((one) => one.name),
    claims: claims.map(({ text }) => text),
    async measure({ rounds, patience, isWanted, log }) {
      const wanted = cases.filter((one) => isWanted(one.name))
      const results = await runRounds<Case, CaseMeasurement>(wanted, {
        rounds,
        patience,
        parametersOf: ({ settings }) => [settings],
        onRun: (one, round, { figures, foreignShare }) =>
          log(`round ${round}  ${formatFigures(one, figures)}${formatForeignShare(foreignShare)}`),
      })
      return {
        blocks: [about, formatCases(results, columns)],
        claims: judgeFigures(claims, results),
        plots: wanted.length === cases.length ? experiment.plots(results) : [],
        measurements: results,
      }
    },
  }
}

function formatFigures({ name }: Case, figures: Figures): string {
  const parts = Object.entries(figures).map(([figure, value]) => `${figure} ${formatValue(value)}`)
  return `${name.padEnd(24)} ${parts.join('  ')}`
}

/** A line per case, with the median and the range of each figure. */
function formatCases(results: readonly CaseResult[], columns: readonly Column[]): string {
  return formatTable(
    ['', ...columns.map(({ title }) => title)],
    results.map((result) => [
      result.subject.title,
      ...columns.map(({ figure }) => formatCell(result, figure)),
    ]),
  )
}

/** For a plot: a figure of each case over one of its settings. */
export function pointsOf(
  results: readonly CaseResult[],
  setting: string,
  figure: string,
): readonly Point[] {
  return results.flatMap((result) => {
    const summary = figureOf(result, figure)
    if (summary === undefined) return []
    const x = result.subject.settings[setting] as number
    return [{ x, y: summary.median, low: summary.min, high: summary.max }]
  })
}

function formatCell(result: CaseResult, figure: string): string {
  const summary = figureOf(result, figure)
  if (summary === undefined) return ''
  const { median, min, max } = summary
  return min === max ? formatValue(median) : `${formatValue(median)} (${formatRange(summary)})`
}
