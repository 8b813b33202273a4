/**
 * Which part may import which: `examples, bench, props -> workers -> core`, and inside core
 * `engine -> producer, group, delivery -> topic, codec -> log -> the files at core's root`.
 * A folder that has no line here has no place yet, and its imports are refused.
 */

const PARTS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  workers: ['core'],
  bench: ['core', 'workers', 'tools'],
  props: ['core', 'workers', 'tools'],
  examples: ['core', 'workers'],
  tools: [],
}

/** `ROOT_FILES` stands for errors, options and the seams: what every folder of core builds on. */
const ROOT_FILES = 'root'
/** The root files that stand above the folders instead. */
const TOP_FILES: ReadonlySet<string> = new Set(['core/engine.ts', 'core/index.ts'])
const TOP = 'engine'

const CORE_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  [ROOT_FILES]: [],
  log: [ROOT_FILES],
  codec: [ROOT_FILES, 'log'],
  topic: [ROOT_FILES, 'log', 'codec'],
  producer: [ROOT_FILES, 'log', 'codec', 'topic'],
  group: [ROOT_FILES, 'log', 'codec', 'topic'],
  delivery: [ROOT_FILES, 'log', 'codec', 'topic', 'producer', 'group'],
  [TOP]: [ROOT_FILES, 'log', 'codec', 'topic', 'producer', 'group', 'delivery'],
}

/** Why a file may not import another, or `undefined` if it may. Paths start at the root. */
export function refusalOfImport(from: string, to: string): string | undefined {
  const [source, target] = [partOf(from), partOf(to)]
  if (source === 'core' && target === 'core') {
    return refusal(coreFolderOf(from), coreFolderOf(to), CORE_FOLDERS, 'core/')
  }
  return refusal(source, target, PARTS, '')
}

function refusal(
  source: string,
  target: string,
  allowed: Readonly<Record<string, readonly string[]>>,
  prefix: string,
): string | undefined {
  const targets = allowed[source]
  if (targets === undefined) return `${prefix}${source} has no place in tools/layers.ts`
  if (source === target || targets.includes(target)) return undefined
  return `${prefix}${source} may not import ${prefix}${target}`
}

function partOf(path: string): string {
  return path.split('/')[0] as string
}

function coreFolderOf(path: string): string {
  const segments = path.split('/')
  if (segments.length > 2) return segments[1] as string
  return TOP_FILES.has(path.replace(/\.test\.ts$/, '.ts')) ? TOP : ROOT_FILES
}
