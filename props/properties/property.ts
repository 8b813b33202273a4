/**
 * A property: what it claims of the engine, the cases that are drawn for it, and the oracle that
 * judges each of them.
 *
 * A failure prints the shrunk case, and the options that show it again at once:
 *
 *     node dist/props/properties/main.js --only order-per-key --seed 42 --path 17:0:3
 */
import fc from 'fast-check'

/** One run of an oracle. */
export interface Run {
  /** What the oracle must notice, planted on purpose; undefined in all runs that count. */
  readonly fault: string | undefined
  /** Notes that something worth meeting has happened. */
  sometimes(mark: string, happened?: boolean): void
}

export interface Definition<Case> {
  readonly name: string
  /** One sentence: what is true, whoever dies wherever. */
  readonly claim: string
  /** Draws the cases, the configuration included. */
  readonly generator: fc.Arbitrary<Case>
  /** Throws if the case breaks the claim. */
  readonly oracle: (drawn: Case, run: Run) => void | Promise<void>
  /** Cases in `npm test`; longer runs multiply it. */
  readonly runs: number
  /** Marks that must be met: a property whose cases never get there says nothing. */
  readonly reaches?: readonly string[]
  /** Defects that the oracle can plant; a test sees that each of them is noticed. */
  readonly faults: readonly string[]
}

export interface Property extends Omit<Definition<never>, 'generator' | 'oracle'> {
  check(options: CheckOptions): Promise<Report>
}

interface CheckOptions {
  readonly seed: number
  /** Multiplies the number of runs. Default 1. */
  readonly factor?: number
  /** Of a failure that was printed. */
  readonly path?: string | undefined
  readonly fault?: string
}

/** What came of a property: one line of the report. */
interface Report {
  readonly property: string
  readonly ok: boolean
  readonly runs: number
  readonly seed: number
  readonly ms: number
  /** In how many runs each mark was met. */
  readonly marks: Readonly<Record<string, number>>
  /** Seed, path, the shrunk case and its error. */
  readonly failure?: string
}

/** Marks that are still missing get so many times the runs before that is a failure. */
const PATIENCE = 10

/** Declares a property. */
export function property<Case>(definition: Definition<Case>): Property {
  return { ...definition, check: (options) => check(definition, options) }
}

async function check<Case>(
  definition: Definition<Case>,
  { seed, factor = 1, path, fault }: CheckOptions,
): Promise<Report> {
  const { name, generator, oracle, reaches = [] } = definition
  const numRuns = Math.max(1, Math.round(definition.runs * factor))
  const marks: Record<string, number> = {}
  const startMs = performance.now()
  const report = (runs: number, failure?: string): Report => {
    const ms = Math.round(performance.now() - startMs)
    const base = { property: name, ok: failure === undefined, runs, seed, ms, marks }
    return failure === undefined ? base : { ...base, failure }
  }
  const predicate = async (drawn: Case): Promise<void> => {
    const met = new Set<string>()
    await oracle(drawn, {
      fault,
      sometimes: (mark, happened = true) => {
        if (happened) met.add(mark)
      },
    })
    for (const mark of met) marks[mark] = (marks[mark] ?? 0) + 1
  }
  let runs = 0
  for (let round = 0; round < PATIENCE; round++) {
    const details = await fc.check(fc.asyncProperty(generator, predicate), {
      // Or all properties would see the same cases.
      seed: (seed + round + seedOf(name)) | 0,
      numRuns,
      endOnFailure: fault !== undefined,
      includeErrorInReport: true,
      ...(path !== undefined && { path }),
    })
    runs += details.numRuns
    if (details.failed) {
      const again = `--only ${name} --seed ${seed + round} --path ${details.counterexamplePath}`
      return report(runs, `${again}\n${await fc.asyncDefaultReportMessage(details)}`)
    }
    if (path !== undefined || reaches.every((mark) => mark in marks)) return report(runs)
  }
  const missing = reaches.filter((mark) => !(mark in marks))
  return report(runs, `${name} has never met: ${missing.join(', ')}`)
}

function seedOf(name: string): number {
  let hash = 0
  for (const character of name) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0
  return hash
}

/** Another one in each run, unless one is asked for. */
export function drawSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}
