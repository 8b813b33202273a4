/** One line of JSON that a part's program printed. */
export type Line = Readonly<Record<string, unknown>>

/** A program of the project, without `dist/` and `.js`, and its arguments. */
export interface Program {
  readonly path: string
  readonly parameters?: readonly string[]
  /** Import conditions, such as `millrace:sim`. */
  readonly conditions?: readonly string[]
}

/**
 * One part of the evidence: programs that look for something wrong and print what they tried as
 * lines of JSON, and the section of VERIFICATION.md that says what came of it.
 *
 * A program ends with status 1 if it found something wrong; then the whole proof fails.
 */
export interface Part {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  /** What it shows, and what it does not. */
  readonly about: string
  /** The programs of one round; those of different rounds differ by the seed alone. */
  programs(seed: number): readonly Program[]
  /** Whether its programs may run side by side, as many as there are cores. */
  readonly isParallel?: boolean
  /** Whether it takes so long that it is left out unless it is asked for. */
  readonly isDeep?: boolean
  /** Whether another seed tries something else: then a long run repeats this part. */
  readonly isDrawn: boolean
  /** The section's tables and sentences, from the lines of all rounds. */
  describe(lines: readonly Line[]): string
}

/** What came of a part. */
export interface Outcome {
  readonly part: Part
  readonly lines: readonly Line[]
  readonly rounds: number
  readonly elapsedMs: number
  /** Programs that ended with something else than 0, with the end of what they said. */
  readonly failures: readonly string[]
}
