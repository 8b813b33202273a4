import type { Profiler } from 'node:inspector'
import { layerOf, type StackFrame } from './layer-table.js'
import { pathOf } from './tally.js'

export interface FunctionShare {
  readonly name: string
  readonly layer: string
  /** Of the time of both sides, 0 to 1. */
  readonly share: number
}

export interface Profile {
  readonly samples: number
  readonly functions: readonly FunctionShare[]
  /** Share of the time of both sides by layer, 0 to 1. */
  readonly layers: Readonly<Record<string, number>>
  /** Per record. */
  readonly senderHeapBytes: number
  readonly receiverHeapBytes: number
}

type Node = Profiler.ProfileNode

/** What V8 shows as functions, though they are none. */
const IDLE = '(idle)'
const COLLECTOR = '(garbage collector)'
/** The layer of what the collector does: nobody knows for whom. */
export const COLLECTION = 'garbage collection'

/** Self times by function and by layer. */
export function summarizeProfile(
  profile: Profiler.Profile,
): Pick<Profile, 'samples' | 'functions' | 'layers'> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map<number, Node>()
  for (const node of profile.nodes) for (const id of node.children ?? []) parents.set(id, node)
  const functions = new Map<string, { name: string; layer: string; share: number }>()
  const layers: Record<string, number> = {}
  const selfTimes = selfTimesOf(profile, nodes)
  const total = [...selfTimes.values()].reduce((sum, time) => sum + time, 0)
  for (const [node, time] of selfTimes) {
    const isCollector = node.callFrame.functionName === COLLECTOR
    const layer = isCollector ? COLLECTION : layerOf(framesOf(node, parents))
    const name = titleOf(node)
    const entry = functions.get(`${layer} ${name}`) ?? { name, layer, share: 0 }
    functions.set(`${layer} ${name}`, entry)
    entry.share += time / total
    layers[layer] = (layers[layer] ?? 0) + time / total
  }
  const sorted = [...functions.values()].sort((one, other) => other.share - one.share)
  return { samples: profile.samples?.length ?? 0, functions: sorted, layers }
}

function selfTimesOf(
  profile: Profiler.Profile,
  nodes: ReadonlyMap<number, Node>,
): Map<Node, number> {
  const times = new Map<Node, number>()
  const { samples = [], timeDeltas = [] } = profile
  for (const [index, id] of samples.entries()) {
    const node = nodes.get(id) as Node
    if (node.callFrame.functionName === IDLE) continue
    // A delta is the time since the sample before it, so this sample lasts until the next one.
    times.set(node, (times.get(node) ?? 0) + (timeDeltas[index + 1] ?? 0))
  }
  return times
}

function* framesOf(node: Node, parents: ReadonlyMap<number, Node>): Generator<StackFrame> {
  for (let at: Node | undefined = node; at !== undefined; at = parents.get(at.id)) {
    yield { file: pathOf(at.callFrame.url), name: at.callFrame.functionName }
  }
}

function titleOf({ callFrame: { functionName, url } }: Node): string {
  const path = pathOf(url)
  const name = functionName === '' ? '(anonymous)' : functionName
  return path === '' ? name : `${name} (${path})`
}
