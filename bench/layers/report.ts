import { formatTable } from '../../tools/markdown-table.js'
import { formatValue } from '../lib/figures.js'
import type { CountResult } from './count-process.js'
import { LAYERS, type Side, sideOf } from './layer-table.js'
import { COLLECTION, type FunctionShare, type Profile } from './profile.js'
import type { Count, Kind } from './tally.js'

export interface CaseResult {
  readonly name: string
  readonly title: string
  readonly counted: CountResult
  readonly profile: Profile
}

/** Everything else that is counted is an atomic operation. */
const NOT_ATOMIC: ReadonlySet<Kind> = new Set(['plain', 'fill', 'copy', 'clock', 'pause'])
const TOP_FUNCTIONS = 10
/** Less rounds to nothing. */
const SHARE_SHOWN = 0.0005

/** Text and tables of one case. */
export function formatCase({ title, counted, profile }: CaseResult): string[] {
  const { records, frames, counts } = counted
  const atomics = sumOf(counts.filter(isAtomic))
  return [
    `**${title}.** Counted: ${records} records in ${frames} frames. Atomic operations: ` +
      `${formatValue(atomics / frames)} a frame, ${formatValue(atomics / records)} a record. ` +
      `Heap bytes per record: sender ${formatValue(profile.senderHeapBytes)}, receiver ` +
      `${formatValue(profile.receiverHeapBytes)}. Time, in ${profile.samples} samples: sender ` +
      `${percent(shareOf(profile, 'sender'))}, receiver ${percent(shareOf(profile, 'receiver'))}.`,
    formatLayers(counted, profile),
    formatFunctions(profile),
    ...formatOthers(counted, profile),
  ]
}

function shareOf({ layers }: Profile, side: Side): number {
  const shares = Object.entries(layers).filter(([layer]) => sideOf(layer) === side)
  return shares.reduce((sum, [, share]) => sum + share, 0)
}

function formatLayers(counted: CountResult, profile: Profile): string {
  const rows = LAYERS.map(({ name }) => rowOf(name, counted, profile, name))
  const total = rowOf('all', counted, profile, undefined)
  const collection = [COLLECTION, '', '', '', '', '', percent(profile.layers[COLLECTION])]
  return formatTable(
    [
      'layer',
      'atomics per frame',
      'which',
      'plain words per frame',
      'bytes copied per record',
      'clock readings per frame',
      'time',
    ],
    [...rows, collection, total],
  )
}

function rowOf(
  title: string,
  { counts, frames, records }: CountResult,
  profile: Profile,
  layer: string | undefined,
): string[] {
  const ours = counts.filter((count) => layer === undefined || count.layer === layer)
  const perFrame = (kinds: (count: Count) => boolean): number => sumOf(ours.filter(kinds)) / frames
  const bytes = ours.reduce((sum, count) => sum + count.bytes, 0) / records
  const share = layer === undefined ? 1 : profile.layers[layer]
  return [
    title,
    formatCount(perFrame(isAtomic)),
    formatKinds(ours.filter(isAtomic), frames),
    formatCount(perFrame(({ kind }) => kind === 'plain')),
    formatCount(bytes),
    formatCount(perFrame(({ kind }) => kind === 'clock')),
    percent(share),
  ]
}

function isAtomic({ kind }: Count): boolean {
  return !NOT_ATOMIC.has(kind)
}

function formatKinds(counts: readonly Count[], frames: number): string {
  const kinds = new Map<Kind, number>()
  for (const { kind, times } of counts) kinds.set(kind, (kinds.get(kind) ?? 0) + times)
  const sorted = [...kinds].sort(([, one], [, other]) => other - one)
  return sorted.map(([kind, times]) => `${formatCount(times / frames)} ${kind}`).join(', ')
}

function formatFunctions({ functions }: Profile): string {
  const top = (side: Side) => topOf(functions.filter(({ layer }) => sideOf(layer) === side))
  const [sender, receiver] = [top('sender'), top('receiver')]
  const cells = (one: readonly [string, number] | undefined) =>
    one === undefined ? ['', ''] : [`\`${one[0]}\``, percent(one[1])]
  return formatTable(
    ['', 'sender, by self time', '', 'receiver, by self time', ''],
    Array.from({ length: Math.max(sender.length, receiver.length) }, (_, index) => [
      String(index + 1),
      ...cells(sender[index]),
      ...cells(receiver[index]),
    ]),
  )
}

/** Names and shares; a function may work for several layers. */
function topOf(functions: readonly FunctionShare[]): (readonly [string, number])[] {
  const shares = new Map<string, number>()
  for (const { name, share } of functions) shares.set(name, (shares.get(name) ?? 0) + share)
  return [...shares].sort(([, one], [, other]) => other - one).slice(0, TOP_FUNCTIONS)
}

/** What the table of layers does not know, nor any of its callers. */
function formatOthers({ counts }: CountResult, { functions }: Profile): string[] {
  const counted = counts.filter(({ layer }) => layer === 'other')
  const timed = functions.filter(({ layer, share }) => layer === 'other' && share >= SHARE_SHOWN)
  const list = [
    ...counted.map(({ by, kind, times }) => `\`${by}\` (${times} ${kind})`),
    ...timed.map(({ name, share }) => `\`${name}\` (${percent(share)})`),
  ]
  return list.length === 0 ? [] : [`Other: ${list.join(', ')}.`]
}

function sumOf(counts: readonly Count[]): number {
  return counts.reduce((sum, { times }) => sum + times, 0)
}

/** Counts are exact: what is whole is shown whole, and what is seldom as one in so many. */
function formatCount(value: number): string {
  if (value === 0) return ''
  return value < 0.75 ? `1/${Math.round(1 / value)}` : String(Number(value.toPrecision(3)))
}

function percent(share = 0): string {
  return share < SHARE_SHOWN ? '' : `${(share * 100).toFixed(1)} %`
}
