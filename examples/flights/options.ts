import { parseArgs } from 'node:util'

/** What `npm start -- ...` can change about the main job. */
export interface JobOptions {
  /** Print the figures as JSON, and nothing else, on standard output. */
  readonly json: boolean
  /** Worker threads of each of the two groups. */
  readonly workers: number
  readonly partitions: number
  /** How many flights to send, from the start of the file. */
  readonly limit: number
  /** Lose one flight on purpose: the check at the end must notice. */
  readonly sabotage: boolean
  readonly help: boolean
}

/** The command line cannot be understood; the message says which argument, and what it may be. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Rows of `flights-3m.parquet`. */
export const ALL_FLIGHTS = 3_000_000

/** The kill is in the middle of the run: fewer flights would be over before it. */
const FEWEST_FLIGHTS = 1000
const MOST_WORKERS = 16
const MOST_PARTITIONS = 64

export const HELP = `Sends ${ALL_FLIGHTS.toLocaleString('en')} real flights through a topic to two groups of worker threads, kills
one worker in mid-run, and checks the results against totals computed in one plain loop.

  npm start -- [options]

  --workers N     worker threads of each group, 1 to ${MOST_WORKERS} (default 2)
  --partitions N  partitions of the topic, 1 to ${MOST_PARTITIONS} (default 8)
  --limit N       only the first N flights, ${FEWEST_FLIGHTS} to ${ALL_FLIGHTS}
  --json          print the figures as JSON and nothing else
  --sabotage      lose one flight on purpose: the check must fail
  --help          this text

Exit code: 0 if all totals are equal, 1 if they are not, 2 for arguments it does not understand.
`

/**
 * Reads the arguments of the main job.
 *
 * @throws {UsageError} for an unknown option, or a number that is none or out of its range
 * @example
 * parseOptions(['--workers', '4', '--json']).workers // 4
 */
export function parseOptions(args: readonly string[]): JobOptions {
  const values = parse(args)
  return {
    json: values.json,
    workers: wholeNumber('--workers', values.workers, 1, MOST_WORKERS),
    partitions: wholeNumber('--partitions', values.partitions, 1, MOST_PARTITIONS),
    limit: wholeNumber('--limit', values.limit, FEWEST_FLIGHTS, ALL_FLIGHTS),
    sabotage: values.sabotage,
    help: values.help,
  }
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        workers: { type: 'string', default: '2' },
        partitions: { type: 'string', default: '8' },
        limit: { type: 'string', default: String(ALL_FLIGHTS) },
        sabotage: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    return values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not '${text}'`)
}
