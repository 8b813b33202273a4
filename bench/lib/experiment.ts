import type { Plot } from './plot.js'
import type { Settings } from './row.js'
import type { Rounds, Subject } from './runner.js'
import type { Bound } from './statistics.js'

/** What one run measured, by name. */
export type Figures = Readonly<Record<string, number>>

/** What one run of a case gives back. */
export interface CaseMeasurement {
  readonly figures: Figures
  /** Processor time of processes that the case started itself, in milliseconds. */
  readonly otherCpuMs?: number
}

/**
 * One line of an experiment's table. Its module exports
 * `measure(settings: Settings): Promise<CaseMeasurement>`, which throws if what arrived is not what
 * was sent.
 */
export interface Case extends Subject {
  readonly title: string
  readonly settings: Settings
  /** What is different in a short run, as tests make it. */
  readonly trial: Settings
}

export type CaseResult = Rounds<Case, CaseMeasurement>

/** One column of an experiment's table. */
export interface Column {
  readonly title: string
  /** What it shows of a case; empty where the case does not have it. */
  readonly figure: string
}

/** What the project promises of a figure, or of its ratio to the same figure of another case. */
export interface FigureClaim {
  readonly text: string
  /** Name of the case. */
  readonly of: string
  readonly relativeTo?: string
  readonly figure: string
  readonly bound: Bound
  readonly limit: number
}

/** Cases that are measured in turn, and what is made of them: one section of the report. */
export interface Experiment {
  readonly name: string
  /** Heading of the section. */
  readonly title: string
  readonly about: string
  /** Where more rounds would take too long. */
  readonly roundsMax?: number
  readonly cases: readonly Case[]
  readonly columns: readonly Column[]
  readonly claims: readonly FigureClaim[]
  /** Called when every case was measured. */
  plots(results: readonly CaseResult[]): readonly Plot[]
}
