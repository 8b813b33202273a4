import type { Row } from '../lib/row.js'
import type { RowGroup } from '../lib/row-section.js'

const K = 1_000
const M = 1_000_000

const SIZE_BYTES = 64
const BATCH = 255

interface Variant {
  readonly name: string
  readonly title: string
  readonly module: URL
  /** Whether two producers may write at the same time. */
  readonly isShared: boolean
}

const variants: readonly Variant[] = [
  {
    name: 'compare-exchange',
    title: 'compare-exchange at the end of the chain (what Millrace does)',
    module: new URL('./compare-exchange.js', import.meta.url),
    isShared: true,
  },
  {
    name: 'split-claims',
    title: 'claim and publish by compare-exchange of two words',
    module: new URL('./split-claims.js', import.meta.url),
    isShared: true,
  },
  {
    name: 'fetch-add',
    title: 'fetch-add of position and offset',
    module: new URL('./fetch-add.js', import.meta.url),
    isShared: true,
  },
  {
    name: 'fetch-add-position',
    title: 'fetch-add of the position, which is the offset',
    module: new URL('./fetch-add-position.js', import.meta.url),
    isShared: true,
  },
  {
    name: 'lock',
    title: 'a lock for the partition',
    module: new URL('./lock.js', import.meta.url),
    isShared: true,
  },
  {
    name: 'exclusive',
    title: 'an exclusive producer',
    module: new URL('./exclusive.js', import.meta.url),
    isShared: false,
  },
  {
    name: 'exclusive-plain',
    title: 'an exclusive producer, publishing by a plain store (yardstick)',
    module: new URL('./exclusive-plain.js', import.meta.url),
    isShared: false,
  },
  {
    name: 'buffer-copy',
    title: 'every frame copied by `Buffer.copy`',
    module: new URL('./buffer-copy.js', import.meta.url),
    isShared: false,
  },
  {
    name: 'web-assembly',
    title: "copied by WebAssembly's `memory.copy`",
    module: new URL('./web-assembly.js', import.meta.url),
    isShared: false,
  },
]

interface Setting {
  readonly batch: number
  readonly producers: number
  /** Behind the names of its rows. */
  readonly suffix: string
  readonly title: string
}

const settings: readonly Setting[] = [
  { batch: BATCH, producers: 1, suffix: '', title: `${BATCH} records per frame` },
  { batch: 1, producers: 1, suffix: '-single', title: 'one record per frame' },
  {
    batch: BATCH,
    producers: 2,
    suffix: '-two',
    title: `two producers, ${BATCH} records per frame`,
  },
  { batch: 1, producers: 2, suffix: '-single-two', title: 'two producers, one record per frame' },
]

function rowOf({ name, title, module }: Variant, { batch, producers, suffix }: Setting): Row {
  const [warmUpCount, count] = batch === 1 ? [500 * K, 2 * M] : [2 * M, 10 * M]
  return {
    name: `alternatives-${name}${suffix}`,
    title,
    module,
    settings: { sizeBytes: SIZE_BYTES, batch, producers },
    warmUpCount,
    count,
    claims: [],
  }
}

function groupOf(setting: Setting): RowGroup {
  const wanted = variants.filter(({ isShared }) => isShared || setting.producers === 1)
  return {
    name: `alternatives-group${setting.suffix}`,
    title: `Alternatives: ${setting.title}`,
    about: `What the log did not become, in its own memory and with its own reader, at ${SIZE_BYTES} bytes a record:
[bench/alternatives](bench/alternatives/README.md) draws the conclusions. × log: ratio to what Millrace
does, in the same round.`,
    rows: wanted.map((variant) => rowOf(variant, setting)),
    base: `alternatives-compare-exchange${setting.suffix}`,
    baseTitle: 'log',
    notes: [],
  }
}

/** The rows for `--only alternatives`: a table for each way of loading them. */
export const alternatives: readonly RowGroup[] = settings.map(groupOf)
