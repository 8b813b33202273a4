import fc from 'fast-check'

/** Where a thread stops: before that step of its access to the log, other threads act. */
export interface Stop {
  readonly step: number
  readonly meanwhile: readonly Action[]
}

/** What one of the threads does. Places are given as parts of what there is, from 0 to 1. */
export type Action =
  | {
      readonly type: 'append'
      readonly thread: number
      readonly records: number
      readonly granules: number
      readonly stop?: Stop | undefined
    }
  | { readonly type: 'die'; readonly thread: number; readonly step: number }
  | { readonly type: 'repair' }
  | {
      readonly type: 'read'
      readonly group: number
      readonly frames: number
      readonly stop?: Stop | undefined
    }
  | { readonly type: 'commit'; readonly group: number }
  | { readonly type: 'seek'; readonly group: number; readonly place: number }
  | { readonly type: 'pin'; readonly place: number }
  | { readonly type: 'unpin' }
  | {
      readonly type: 'find offset' | 'find time'
      readonly place: number
      readonly stop?: Stop | undefined
    }
  | { readonly type: 'join' }

export interface Setting {
  readonly segmentCount: number
  readonly segmentGranules: number
  readonly threads: number
  readonly groups: number
}

export const setting: fc.Arbitrary<Setting> = fc.record({
  segmentCount: fc.constantFrom(4, 4, 8),
  segmentGranules: fc.constantFrom(1, 2, 4, 8),
  threads: fc.integer({ min: 1, max: 4 }),
  groups: fc.integer({ min: 0, max: 3 }),
})

/** The first positions and offsets at which something wraps soon, or does not. */
export const STARTS: readonly { readonly startPosition: number; readonly startOffset: number }[] = [
  0,
  2 ** 31 - 16,
  2 ** 32 - 16,
].flatMap((startPosition) =>
  [0, 2 ** 31 - 20, 2 ** 32 - 20].map((startOffset) => ({ startPosition, startOffset })),
)

const index = fc.nat(3)
const place = fc.nat(1_000).map((part) => part / 1_000)
const step = fc.integer({ min: 1, max: 24 })
/** An append that opens no segment takes a few steps only. */
const dyingStep = fc.oneof(fc.integer({ min: 1, max: 8 }), step)

/** Each script draws from some kinds of actions only: rare mixtures are met that way. */
const KINDS = ['die', 'seek', 'pin', 'find', 'join'] as const
type Kind = (typeof KINDS)[number]

function actionOf(kinds: ReadonlySet<Kind>, depth: number): fc.Arbitrary<Action> {
  const stop = stopOf(kinds, depth)
  const append = fc.record({
    type: fc.constant('append' as const),
    thread: index,
    records: fc.integer({ min: 1, max: 3 }),
    granules: fc.integer({ min: 1, max: 8 }),
    stop,
  })
  const read = fc.record({
    type: fc.constant('read' as const),
    group: index,
    frames: fc.integer({ min: 1, max: 12 }),
    stop,
  })
  const always: fc.WeightedArbitrary<Action>[] = [
    { weight: 8, arbitrary: append },
    { weight: 3, arbitrary: read },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('commit' as const), group: index }) },
  ]
  const find = fc.record({
    type: fc.constantFrom('find offset' as const, 'find time' as const),
    place,
    stop,
  })
  const chosen = RARE.filter(([kind]) => kinds.has(kind)).map(([, arbitrary]) => arbitrary)
  if (kinds.has('find')) chosen.push(find)
  return fc.oneof(...always, ...chosen.map((arbitrary) => ({ weight: 1, arbitrary })))
}

const RARE: readonly [Kind, fc.Arbitrary<Action>][] = [
  ['die', fc.record({ type: fc.constant('die' as const), thread: index, step: dyingStep })],
  ['die', fc.record({ type: fc.constant('repair' as const) })],
  ['seek', fc.record({ type: fc.constant('seek' as const), group: index, place })],
  ['pin', fc.record({ type: fc.constant('pin' as const), place })],
  ['pin', fc.record({ type: fc.constant('unpin' as const) })],
  ['join', fc.record({ type: fc.constant('join' as const) })],
]

function stopOf(kinds: ReadonlySet<Kind>, depth: number): fc.Arbitrary<Stop | undefined> {
  if (depth === 0) return fc.constant(undefined)
  const meanwhile = fc.array(actionOf(kinds, depth - 1), { minLength: 1, maxLength: 20 })
  return fc.option(fc.record({ step, meanwhile }), { nil: undefined, freq: 3 })
}

/** Up to some dozens of actions, in which threads may sleep inside of each other's sleep. */
export const script: fc.Arbitrary<readonly Action[]> = fc
  .subarray([...KINDS])
  .chain((kinds) => fc.array(actionOf(new Set(kinds), 2), { maxLength: 40, size: 'max' }))
