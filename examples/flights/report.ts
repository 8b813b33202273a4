import type { Totals } from './totals.js'

/** What one group did. */
interface GroupFigures {
  /** Flights that it counted: each once, however often it came. */
  readonly counted: number
  readonly redelivered: number
  readonly deadLetters: number
  readonly crashes: number
}

/** An airport in the list of the slowest. */
export interface SlowAirport {
  readonly airport: string
  readonly flights: number
  readonly meanDelayMinutes: number
  readonly latePercent: number
}

/** All that the job has to say; `--json` prints it as it is. */
export interface Figures {
  readonly flights: number
  readonly workersPerGroup: number
  readonly loadMs: number
  /** From the first flight sent until both groups had handled the last. */
  readonly runMs: number
  readonly directMs: number
  readonly flightsPerSecond: number
  readonly flightsPerPartition: readonly number[]
  readonly groups: Readonly<Record<'delays' | 'routes', GroupFigures>>
  readonly killedWorker: { readonly group: string; readonly afterFlights: number }
  readonly airports: number
  readonly routes: number
  readonly slowestAirports: readonly SlowAirport[]
  /** What differs from the direct computation and the other expectations; empty if all is well. */
  readonly differences: readonly string[]
}

const SLOWEST = 10
const DIFFERENCES_SHOWN = 20

/**
 * The airports with the highest mean delay, of those with at least one flight in 3,000: elsewhere
 * one bad day would decide.
 */
export function slowestAirports(totals: Totals): SlowAirport[] {
  const all = [...totals.airports].map(([airport, delays]) => ({
    airport,
    flights: delays.flights,
    meanDelayMinutes: delays.delaySumMinutes / delays.flights,
    latePercent: (100 * delays.lateFlights) / delays.flights,
  }))
  const flights = all.reduce((sum, airport) => sum + airport.flights, 0)
  return all
    .filter((airport) => airport.flights >= flights / 3000)
    .sort((a, b) => b.meanDelayMinutes - a.meanDelayMinutes)
    .slice(0, SLOWEST)
}

/** The figures as text for a terminal. */
export function formatReport(figures: Figures): string {
  return [
    summary(figures),
    partitionTable(figures),
    groupTable(figures),
    airportTable(figures),
    verdict(figures),
  ].join('\n\n')
}

function summary(figures: Figures): string {
  const { flights, runMs, flightsPerSecond, workersPerGroup, killedWorker } = figures
  const groups = Object.keys(figures.groups)
  return [
    `${count(flights)} flights to ${groups.length} groups of ${workersPerGroup} workers in ` +
      `${seconds(runMs)}: ${count(flightsPerSecond)} flights/s, ` +
      `${count(flightsPerSecond * groups.length)} deliveries/s`,
    `a worker of ${killedWorker.group} was killed after ${count(killedWorker.afterFlights)} flights`,
    `reading the file took ${seconds(figures.loadMs)}, the direct loop ${seconds(figures.directMs)}`,
  ].join('\n')
}

function partitionTable(figures: Figures): string {
  const rows = figures.flightsPerPartition.map((flights, partition) => [
    String(partition),
    count(flights),
  ])
  return formatTable(['partition', 'flights'], rows)
}

function groupTable(figures: Figures): string {
  const rows = Object.entries(figures.groups).map(([group, figure]) => [
    group,
    count(figure.counted),
    count(figure.redelivered),
    count(figure.deadLetters),
    count(figure.crashes),
  ])
  return formatTable(['group', 'counted', 'redelivered', 'dead letters', 'crashes'], rows)
}

function airportTable(figures: Figures): string {
  const rows = figures.slowestAirports.map((airport) => [
    airport.airport,
    count(airport.flights),
    `${airport.meanDelayMinutes.toFixed(1)} min`,
    `${airport.latePercent.toFixed(1)} %`,
  ])
  return formatTable(['slowest airport', 'flights', 'mean delay', 'an hour late'], rows)
}

function verdict({ differences, airports, routes }: Figures): string {
  if (differences.length === 0) {
    return (
      'Check: equal to the totals of one direct loop ' +
      `(${count(airports)} airports, ${count(routes)} routes, and every refused flight)`
    )
  }
  const shown = differences.slice(0, DIFFERENCES_SHOWN).map((difference) => `  ${difference}`)
  const rest = differences.length - shown.length
  if (rest > 0) shown.push(`  and ${count(rest)} more`)
  return [`Check: NOT EQUAL, ${count(differences.length)} differences`, ...shown].join('\n')
}

/** A table with its first column to the left and the others to the right. */
function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) =>
    Math.max(...lines.map((cells) => (cells[column] ?? '').length)),
  )
  const format = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return [format(head), rule, ...rows.map(format)].join('\n')
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`
}
