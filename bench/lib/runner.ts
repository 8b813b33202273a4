import { runInProcess } from './child-process.js'
import { DISTURBED_SHARE, type Patience } from './patience.js'
import { foreignShare, readProcessorTicks } from './processor-time.js'
import type { Load, Measurement, Row } from './row.js'
import type { RowAssignment, RowReport } from './row-process.js'

const PROCESS = new URL('./row-process.js', import.meta.url)

const TRIES_MAX = 3

/** One run of one row. */
export interface Run extends Measurement {
  /** Share of the machine that other processes used meanwhile, 0 to 1; 0 where it is not known. */
  readonly foreignShare: number
}

/** All rounds of one row. */
export interface RowResult {
  readonly row: Row
  readonly runs: readonly Run[]
}

/**
 * Runs all rows in turn, round after round: A B C, A B C. So a disturbance of the machine hits
 * neighbours alike, and ratios within a round stay meaningful.
 *
 * @param patience for disturbances, in all rounds together
 */
export async function runRounds(
  rows: readonly Row[],
  rounds: number,
  patience: Patience,
  onRun: (row: Row, round: number, run: Run) => void,
): Promise<RowResult[]> {
  const results = rows.map((row) => ({ row, runs: [] as Run[] }))
  for (let round = 1; round <= rounds; round++) {
    for (const { row, runs } of results) {
      const run = await runUndisturbed(row, patience)
      runs.push(run)
      onRun(row, round, run)
    }
  }
  return results
}

/**
 * Tries again while others use the machine, and gives the run that they disturbed least. Runs are
 * chosen by what others did meanwhile, never by their own result.
 */
async function runUndisturbed(row: Row, patience: Patience): Promise<Run> {
  await patience.awaitQuiet()
  let best = await runOnce(row, row)
  for (let tries = 1; tries < TRIES_MAX && best.foreignShare > DISTURBED_SHARE; tries++) {
    const again = await patience.spend(async () => {
      await patience.awaitQuiet()
      return runOnce(row, row)
    })
    if (again === undefined) break
    if (again.foreignShare < best.foreignShare) best = again
  }
  return best
}

/**
 * One run of a row in a process of its own.
 *
 * @throws if that fails: what arrived was not what was sent, or it took more than a minute
 */
export async function runOnce(row: Row, { warmUpCount, count }: Load): Promise<Run> {
  const { name, module, settings } = row
  const assignment: RowAssignment = { module: module.href, settings, warmUpCount, count }
  const before = readProcessorTicks()
  const ownBefore = process.cpuUsage()
  try {
    const { measurement, cpuMs } = await runInProcess<RowReport>(PROCESS, assignment)
    const after = readProcessorTicks()
    if (before === undefined || after === undefined) return { ...measurement, foreignShare: 0 }
    const { user, system } = process.cpuUsage(ownBefore)
    const ownMs = cpuMs + (user + system) / 1000
    return { ...measurement, foreignShare: foreignShare(before, after, ownMs) }
  } catch (cause) {
    throw new Error(`row ${name} failed`, { cause })
  }
}

export function messagesPerSecond(row: Row, { elapsedNs }: Measurement): number {
  return (row.count / elapsedNs) * 1e9
}
