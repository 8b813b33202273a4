import benny from 'benny'

/** One thing to time inside one thread. */
export interface MicroCase {
  readonly title: string
  /** What one call of `run` handles, e.g. records of one batch. */
  readonly operationsPerCall: number
  run(): void
}

/** Cases that belong together; a module in `bench/micro` exports one as its default. */
export interface MicroSuite {
  readonly name: string
  readonly unit: string
  readonly cases: readonly MicroCase[]
}

/** One case, in nanoseconds per operation; one value per sample of benny. */
export interface MicroResult {
  readonly suite: string
  readonly unit: string
  readonly title: string
  readonly nanosecondsPerOperation: readonly number[]
}

/** How long benny may take per case, in seconds, and the samples it must take at least. */
export interface MicroEffort {
  readonly maxTime: number
  readonly minTime: number
  readonly minSamples: number
}

/** Runs a suite by benny, in this thread. */
export async function runSuite(suite: MicroSuite, effort: MicroEffort): Promise<MicroResult[]> {
  const cases = suite.cases.map(({ title, run }) => benny.add(title, () => run()))
  const summary = await benny.suite(suite.name, ...cases, benny.configure({ cases: effort }))
  return suite.cases.map(({ title, operationsPerCall }, index) => ({
    suite: suite.name,
    unit: suite.unit,
    title,
    nanosecondsPerOperation: (summary.results[index]?.details.sampleResults ?? []).map(
      (secondsPerCall) => (secondsPerCall * 1e9) / operationsPerCall,
    ),
  }))
}
