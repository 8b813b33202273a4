import { directTotals } from './direct-totals.js'
import { loadFlights } from './flights.js'
import { type JobOutcome, runJob } from './job.js'
import { compareWithKafkaPartitions, compareWithKnownTotals } from './known-figures.js'
import { ALL_FLIGHTS, HELP, type JobOptions, parseOptions, UsageError } from './options.js'
import type { Screen } from './progress.js'
import { type Figures, formatReport, slowestAirports } from './report.js'
import { compareTotals, type Totals } from './totals.js'

const EXIT_EQUAL = 0
const EXIT_DIFFERENT = 1
const EXIT_USAGE = 2

const SILENT: Screen = { write: () => true }

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    return await start(parseOptions(args))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n\n${HELP}`)
    return EXIT_USAGE
  }
}

async function start(options: JobOptions): Promise<number> {
  const { stdout } = process
  if (options.help) {
    stdout.write(HELP)
    return EXIT_EQUAL
  }
  const figures = await produceFigures(options, options.json ? SILENT : stdout)
  const report = options.json ? JSON.stringify(figures, null, 2) : formatReport(figures)
  stdout.write(`${report}\n`)
  return figures.differences.length === 0 ? EXIT_EQUAL : EXIT_DIFFERENT
}

/** Reads the flights, lets the engine count them, counts them directly, and compares. */
async function produceFigures(options: JobOptions, screen: Screen): Promise<Figures> {
  screen.write(`reading ${options.limit.toLocaleString('en')} flights\n`)
  const load = await timed(() => loadFlights(options.limit))
  const columns = load.value
  const outcome = await runJob(columns, options, screen)
  const direct = await timed(() => directTotals(columns))
  const { totals } = outcome.results
  return {
    flights: columns.count,
    workersPerGroup: options.workers,
    loadMs: load.durationMs,
    runMs: outcome.runMs,
    directMs: direct.durationMs,
    flightsPerSecond: (columns.count * 1000) / outcome.runMs,
    flightsPerPartition: outcome.flightsPerPartition,
    groups: groupFigures(outcome),
    killedWorker: { group: 'delays', afterFlights: outcome.killedAfterFlights },
    airports: totals.airports.size,
    routes: totals.routes.size,
    slowestAirports: slowestAirports(totals),
    differences: findDifferences(outcome, direct.value),
  }
}

function groupFigures({ results, groups }: JobOutcome): Figures['groups'] {
  const { airports, routes, refused } = results.totals
  const atAirports = [...airports.values()].reduce((sum, { flights }) => sum + flights, 0)
  const onRoutes = [...routes.values()].reduce((sum, flights) => sum + flights, 0)
  return {
    delays: { counted: atAirports, deadLetters: refused.length, ...groups.delays },
    routes: { counted: onRoutes, deadLetters: 0, ...groups.routes },
  }
}

/** Everything that is not as it must be. */
function findDifferences(outcome: JobOutcome, direct: Totals): string[] {
  const { results, flightsPerPartition } = outcome
  const flights = [...direct.routes.values()].reduce((sum, count) => sum + count, 0)
  const differences = compareTotals(results.totals, direct)
  for (const [partition, sent] of flightsPerPartition.entries()) {
    const counted = results.flightsPerPartition[partition]
    if (counted !== sent) {
      differences.push(`partition ${partition}: ${counted} flights counted of ${sent} in its log`)
    }
  }
  for (const airport of results.scatteredAirports) {
    differences.push(`airport ${airport}: its flights are in more than one partition`)
  }
  if (results.outOfOrder > 0) {
    differences.push(`order: ${results.outOfOrder} flights came after a later one of their airport`)
  }
  const { delays, routes } = outcome.groups
  if (delays.crashes !== 1 || routes.crashes !== 0) {
    differences.push(`crashes: ${delays.crashes} of delays and ${routes.crashes} of routes`)
  }
  if (flights === ALL_FLIGHTS) {
    differences.push(
      ...compareWithKnownTotals(direct),
      ...compareWithKafkaPartitions(flightsPerPartition),
    )
  }
  return differences
}

async function timed<Value>(
  work: () => Value | Promise<Value>,
): Promise<{ value: Value; durationMs: number }> {
  const startMs = performance.now()
  const value = await work()
  return { value, durationMs: performance.now() - startMs }
}
