import { runInProcess } from './child-process.js'
import type { MeasuringAssignment, MeasuringReport } from './measuring-process.js'
import { DISTURBED_SHARE, type Patience } from './patience.js'
import { foreignShare, readProcessorTicks } from './processor-time.js'

const PROCESS = new URL('./measuring-process.js', import.meta.url)

const TRIES_MAX = 3

/** Something that is measured once in each round. */
export interface Subject {
  /** For `--only`. */
  readonly name: string
  /** Its export `measure` is called in a process of its own. */
  readonly module: URL
}

/** One measurement of one subject. */
export type Run<Result> = Result & {
  /** Share of the machine that other processes used meanwhile, 0 to 1; 0 where it is not known. */
  readonly foreignShare: number
}

/** All rounds of one subject. */
export interface Rounds<Of extends Subject, Result> {
  readonly subject: Of
  readonly runs: readonly Run<Result>[]
}

/** How subjects are measured. */
export interface Effort<Of extends Subject, Result> {
  readonly rounds: number
  /** For disturbances, in all rounds together. */
  readonly patience: Patience
  /** What `measure` gets. */
  readonly parametersOf: (subject: Of) => readonly unknown[]
  readonly onRun: (subject: Of, round: number, run: Run<Result>) => void
}

/**
 * Measures all subjects in turn, round after round: A B C, A B C. So a disturbance of the machine
 * hits neighbours alike, and ratios within a round stay meaningful.
 */
export async function runRounds<Of extends Subject, Result>(
  subjects: readonly Of[],
  { rounds, patience, parametersOf, onRun }: Effort<Of, Result>,
): Promise<Rounds<Of, Result>[]> {
  const results = subjects.map((subject) => ({ subject, runs: [] as Run<Result>[] }))
  for (let round = 1; round <= rounds; round++) {
    for (const { subject, runs } of results) {
      const run = await runUndisturbed<Result>(subject, parametersOf(subject), patience)
      runs.push(run)
      onRun(subject, round, run)
    }
  }
  return results
}

/**
 * Tries again while others use the machine, and gives the run that they disturbed least. Runs are
 * chosen by what others did meanwhile, never by their own result.
 */
async function runUndisturbed<Result>(
  subject: Subject,
  parameters: readonly unknown[],
  patience: Patience,
): Promise<Run<Result>> {
  await patience.awaitQuiet()
  let best = await runOnce<Result>(subject, parameters)
  for (let tries = 1; tries < TRIES_MAX && best.foreignShare > DISTURBED_SHARE; tries++) {
    const again = await patience.spend(async () => {
      await patience.awaitQuiet()
      return runOnce<Result>(subject, parameters)
    })
    if (again === undefined) break
    if (again.foreignShare < best.foreignShare) best = again
  }
  return best
}

/**
 * One measurement in a process of its own.
 *
 * @throws if that fails: what arrived was not what was sent, or it took more than a minute
 */
export async function runOnce<Result>(
  { name, module }: Subject,
  parameters: readonly unknown[],
): Promise<Run<Result>> {
  const assignment: MeasuringAssignment = { module: module.href, parameters }
  const before = readProcessorTicks()
  const ownBefore = process.cpuUsage()
  try {
    const { result, cpuMs } = await runInProcess<MeasuringReport<Result>>(PROCESS, assignment)
    const after = readProcessorTicks()
    if (before === undefined || after === undefined) return { ...result, foreignShare: 0 }
    const { user, system } = process.cpuUsage(ownBefore)
    const ownMs = cpuMs + (user + system) / 1000
    return { ...result, foreignShare: foreignShare(before, after, ownMs) }
  } catch (cause) {
    throw new Error(`${name} failed`, { cause })
  }
}
