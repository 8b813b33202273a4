import { claimText, judgeRows, messagesPerSecond } from './claims.js'
import { formatRows, formatWarnings } from './report.js'
import type { Measurement, Row, RowResult } from './row.js'
import { type Run, runRounds } from './runner.js'
import {
  formatForeignShare,
  type Section,
  type SectionEffort,
  type SectionFindings,
} from './section.js'

/** Rows of messages per second. */
export interface RowGroup {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly rows: readonly Row[]
  /** Name of the row that the others are compared with: it always runs. */
  readonly base: string
  /** What the column of those ratios calls it. */
  readonly baseTitle: string
  /** What a reader must know of rows that are not there. */
  readonly notes: readonly string[]
}

export function rowSection(group: RowGroup): Section {
  const { name, title, about, rows, base, notes } = group
  return {
    name,
    title,
    parts: rows.map((row) => row.name),
    claims: rows.flatMap((row) => row.claims.flatMap((claim) => claimText(row, claim, rows) ?? [])),
    async measure(effort) {
      const wanted = rows.filter((row) => row.name === base || effort.isWanted(row.name))
      const results = await measureRows(wanted, effort)
      return describe(results, [about, ...notes], group)
    },
  }
}

function measureRows(rows: readonly Row[], effort: SectionEffort): Promise<RowResult[]> {
  const { rounds, patience, log } = effort
  return runRounds<Row, Measurement>(rows, {
    rounds,
    patience,
    parametersOf: ({ settings, warmUpCount, count }) => [{ warmUpCount, count }, settings],
    onRun: (row, round, run) => log(formatRun(row, round, run)),
  })
}

function formatRun(row: Row, round: number, run: Run<Measurement>): string {
  const speed = (messagesPerSecond(row, run) / 1e6).toFixed(3)
  const others = formatForeignShare(run.foreignShare)
  return `round ${round}  ${row.name.padEnd(20)} ${speed.padStart(8)} M/s${others}`
}

function describe(
  results: readonly RowResult[],
  texts: readonly string[],
  { base, baseTitle }: RowGroup,
): SectionFindings {
  return {
    blocks: [...texts, formatRows(results, base, baseTitle), ...formatWarnings(results)],
    claims: judgeRows(results),
    plots: [],
    measurements: results,
  }
}
