import { readFile } from 'node:fs/promises'
import { parquetMetadata, parquetRead } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

/** One flight: a row of the data set, and the value of a message. */
export interface Flight {
  /** Scheduled departure in milliseconds since 1970; the data set has no time zones. */
  readonly dateMs: number
  /** Delay on arrival; negative if the flight was early. */
  readonly delayMinutes: number
  readonly distanceMiles: number
  /** Airport codes: three letters A to Z. */
  readonly origin: string
  readonly destination: string
}

/**
 * Many flights, column by column: row `i` of every column is flight `i`. As objects they would
 * take ten times the memory.
 */
export interface FlightColumns {
  readonly count: number
  readonly dateMs: Float64Array
  readonly delayMinutes: Int16Array
  readonly distanceMiles: Int16Array
  /** Positions in `airports`. */
  readonly origin: Uint16Array
  readonly destination: Uint16Array
  readonly airports: readonly string[]
}

/** Flight `row` of the columns, as an object. */
export function flightAt(columns: FlightColumns, row: number): Flight {
  return {
    dateMs: columns.dateMs[row] as number,
    delayMinutes: columns.delayMinutes[row] as number,
    distanceMiles: columns.distanceMiles[row] as number,
    origin: columns.airports[columns.origin[row] as number] as string,
    destination: columns.airports[columns.destination[row] as number] as string,
  }
}

/**
 * Reads the first `limit` flights of `flights-3m.parquet` from the package vega-datasets: domestic
 * flights of the USA in the first half of 2001, in order of departure.
 */
export async function loadFlights(limit: number): Promise<FlightColumns> {
  const file = await readDataSet()
  const metadata = parquetMetadata(file)
  const columns = emptyColumns(Math.min(limit, Number(metadata.num_rows)))
  const fill = columnFillers(columns)
  let start = 0
  // One row group at a time: decoded values are bigints and strings, so all at once they are big.
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows)
    if (start >= columns.count) break
    await parquetRead({
      file,
      metadata,
      compressors,
      rowStart: start,
      rowEnd: end,
      parsers: { timestampFromMicroseconds: (micros) => Number(micros) / 1000 },
      onChunk: ({ columnName, columnData, rowStart }) => {
        fill[columnName]?.(columnData, rowStart)
      },
    })
    start = end
  }
  return columns
}

async function readDataSet(): Promise<ArrayBuffer> {
  // The package exports no data files: find them beside its entry, <package>/build/index.js.
  const entry = import.meta.resolve('vega-datasets')
  const bytes = await readFile(new URL('../data/flights-3m.parquet', entry))
  const file = new ArrayBuffer(bytes.length)
  bytes.copy(new Uint8Array(file))
  return file
}

function emptyColumns(count: number) {
  return {
    count,
    dateMs: new Float64Array(count),
    delayMinutes: new Int16Array(count),
    distanceMiles: new Int16Array(count),
    origin: new Uint16Array(count),
    destination: new Uint16Array(count),
    airports: [] as string[],
  }
}

type Filler = (values: ArrayLike<unknown>, rowStart: number) => void

/** What stores a chunk of decoded values, for each column of the file. */
function columnFillers(columns: ReturnType<typeof emptyColumns>): Record<string, Filler> {
  const positions = new Map<string, number>()
  const toNumber = (value: unknown) => Number(value)
  const toPosition = (value: unknown) => {
    const code = String(value)
    let position = positions.get(code)
    if (position === undefined) {
      position = columns.airports.push(code) - 1
      positions.set(code, position)
    }
    return position
  }
  const into =
    (
      column: Float64Array | Int16Array | Uint16Array,
      convert: (value: unknown) => number,
    ): Filler =>
    (values, rowStart) => {
      const rows = Math.min(values.length, columns.count - rowStart)
      for (let i = 0; i < rows; i++) column[rowStart + i] = convert(values[i])
    }
  return {
    date: into(columns.dateMs, toNumber),
    delay: into(columns.delayMinutes, toNumber),
    distance: into(columns.distanceMiles, toNumber),
    origin: into(columns.origin, toPosition),
    destination: into(columns.destination, toPosition),
  }
}
