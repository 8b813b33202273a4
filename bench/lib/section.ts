import type { JudgedClaim } from './claims.js'
import type { Patience } from './patience.js'
import type { Plot } from './plot.js'

/** How a section is to be measured. */
export interface SectionEffort {
  readonly rounds: number
  readonly patience: Patience
  /** Whether a part of this name is to be measured. */
  readonly isWanted: (name: string) => boolean
  /** Called with each measurement, in one line. */
  readonly log: (line: string) => void
}

/** A part of the benchmarks that is measured, judged and reported by itself. */
export interface Section {
  /** For `--only`. */
  readonly name: string
  /** Heading in the report. */
  readonly title: string
  /** Where more rounds would take too long. */
  readonly roundsMax?: number
  /** Names of what can be measured alone. */
  readonly parts: readonly string[]
  /** What the section can say about claims: the texts. */
  readonly claims: readonly string[]
  measure(effort: SectionEffort): Promise<SectionFindings>
}

/** What measuring a section gave. */
export interface SectionFindings {
  /** Text and tables, for the report and for the terminal. */
  readonly blocks: readonly string[]
  readonly claims: readonly JudgedClaim[]
  readonly plots: readonly Plot[]
  /** Every measurement, for the JSON file. */
  readonly measurements: unknown
}

/** Less is not worth mentioning. */
const FOREIGN_SHARE_SHOWN = 0.01

/** For the line of a measurement: what others did meanwhile, if it was worth mentioning. */
export function formatForeignShare(foreignShare: number): string {
  if (foreignShare <= FOREIGN_SHARE_SHOWN) return ''
  return `  (others ${Math.round(foreignShare * 100)} %)`
}
