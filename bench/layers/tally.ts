/** What a counting run adds up: the calling thread's shared operations, by layer and function. */
import { layerOf, type StackFrame } from './layer-table.js'

/** `plain` are reads and writes of single words that no other thread touches at that time. */
export type Kind =
  | 'load'
  | 'store'
  | 'compareExchange'
  | 'exchange'
  | 'add'
  | 'or'
  | 'and'
  | 'load64'
  | 'store64'
  | 'compareExchange64'
  | 'notify'
  | 'wait'
  | 'waitAsync'
  | 'pause'
  | 'plain'
  | 'fill'
  | 'copy'
  | 'clock'

export interface Count {
  readonly layer: string
  /** The function that does it, as file and name. */
  readonly by: string
  readonly kind: Kind
  readonly times: number
  /** Of copies: the sum. */
  readonly bytes: number
}

type MutableCount = { -readonly [Field in keyof Count]: Count[Field] }

/** Enough to get from any operation to a function of the table. */
const STACK_FRAMES = 16

let counts: Map<string, MutableCount> | undefined

export function startCounting(): void {
  counts = new Map()
}

export function isCounting(): boolean {
  return counts !== undefined
}

export function stopCounting(): Count[] {
  const all = [...(counts?.values() ?? [])]
  counts = undefined
  return all
}

/** @param seam the function that the engine called */
export function count(kind: Kind, seam: (...args: never[]) => unknown, bytes = 0): void {
  if (counts === undefined) return
  const frames = callersOf(seam)
  const layer = kind === 'copy' ? 'copy' : layerOf(frames)
  const [innermost] = frames
  const by = innermost === undefined ? '?' : `${innermost.file} ${innermost.name}`
  const key = `${layer} ${by} ${kind}`
  let entry = counts.get(key)
  if (entry === undefined) {
    entry = { layer, by, kind, times: 0, bytes: 0 }
    counts.set(key, entry)
  }
  entry.times++
  entry.bytes += bytes
}

/** The seam as the engine sees it: each call is counted. */
export function counted<Args extends unknown[], Result>(
  kind: Kind,
  operation: (...args: Args) => Result,
): (...args: Args) => Result {
  const seam = (...args: Args): Result => {
    count(kind, seam)
    return operation(...args)
  }
  return seam
}

function callersOf(seam: (...args: never[]) => unknown): StackFrame[] {
  const { stackTraceLimit, prepareStackTrace } = Error
  const holder: { stack?: unknown } = {}
  Error.stackTraceLimit = STACK_FRAMES
  Error.prepareStackTrace = (_, sites) =>
    sites.map((site) => ({
      file: site.getFileName() ?? '',
      name: site.getFunctionName() ?? '',
    }))
  Error.captureStackTrace(holder, seam)
  const frames = holder.stack as { file: string; name: string }[]
  Error.stackTraceLimit = stackTraceLimit
  Error.prepareStackTrace = prepareStackTrace
  return frames.map(({ file, name }) => ({ file: pathOf(file), name }))
}

const ROOT = new URL('../../', import.meta.url).href

/** A compiled file's path from the root of the package; anything else as it is. */
export function pathOf(url: string): string {
  return url.startsWith(ROOT) ? url.slice(ROOT.length).replace(/\.js$/, '.ts') : url
}
