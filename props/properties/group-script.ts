import fc from 'fast-check'

/** Before that access of a thread to shared memory it stops, and others act. */
export interface Pause {
  readonly step: number
  readonly meanwhile: readonly GroupAction[]
}

/** What happens next. Numbers of threads, partitions and places are taken modulo what there is. */
export type GroupAction =
  | { readonly type: 'send'; readonly producer: number; readonly keys: readonly number[] }
  | { readonly type: 'send and die'; readonly producer: number; readonly step: number }
  | { readonly type: 'work'; readonly member: number; readonly pause?: Pause | undefined }
  | { readonly type: 'work and die'; readonly member: number; readonly step: number }
  | { readonly type: 'sleep'; readonly member: number }
  | { readonly type: 'bury' }
  | { readonly type: 'join' }
  | { readonly type: 'leave'; readonly member: number }
  | { readonly type: 'presume dead'; readonly member: number }
  | { readonly type: 'seek'; readonly partition: number; readonly place: number }

/** Which features are on in a run, and how small everything is. */
export interface GroupSetting {
  readonly partitions: number
  readonly segmentGranules: number
  readonly startPosition: number
  readonly startOffset: number
  readonly codec: 'utf8' | 'json' | 'bytes'
  readonly keys: number
  readonly producers: number
  readonly members: number
  readonly isPerBatch: boolean
  /** Every n-th value makes its handler throw, 0 for none; it does so in every attempt. */
  readonly poisonEvery: number
  readonly attempts: number
  readonly hasDeadLetters: boolean
  readonly valueBytes: number
}

export interface GroupCase {
  readonly setting: GroupSetting
  readonly actions: readonly GroupAction[]
}

/** Rare kinds, of which each script has some only: mixtures of few are met that way, too. */
const RARE = ['producers die', 'members die', 'zombies', 'seeks', 'changes'] as const
type Rare = (typeof RARE)[number]

const START_POSITIONS = [0, 2 ** 31 - 32, 2 ** 32 - 32]
const START_OFFSETS = [0, 2 ** 31 - 10, 2 ** 32 - 10]

const setting: fc.Arbitrary<GroupSetting> = fc.record({
  partitions: fc.integer({ min: 1, max: 3 }),
  segmentGranules: fc.constantFrom(4, 8),
  startPosition: fc.constantFrom(...START_POSITIONS),
  startOffset: fc.constantFrom(...START_OFFSETS),
  codec: fc.constantFrom('utf8' as const, 'json' as const, 'bytes' as const),
  keys: fc.integer({ min: 1, max: 5 }),
  producers: fc.integer({ min: 1, max: 3 }),
  members: fc.integer({ min: 1, max: 3 }),
  isPerBatch: fc.boolean(),
  poisonEvery: fc.constantFrom(0, 3, 7),
  attempts: fc.constantFrom(1, 1, 3),
  hasDeadLetters: fc.boolean(),
  valueBytes: fc.constantFrom(0, 30, 150),
})

const index = fc.nat(3)
const place = fc.nat(100).map((part) => part / 100)

/** Kinds by weight. */
type Kinds = ReadonlyMap<Rare, number>

/** What a property is about happens oftener than what only may happen. */
const ALWAYS_WEIGHT = 3

function actionOf(kinds: Kinds, depth: number): fc.Arbitrary<GroupAction> {
  const send = fc.record({
    type: fc.constant('send' as const),
    producer: index,
    keys: fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
  })
  const meanwhile = () => fc.array(actionOf(kinds, depth - 1), { minLength: 1, maxLength: 10 })
  const step = fc.integer({ min: 1, max: 90 })
  const pause =
    depth === 0
      ? fc.constant(undefined)
      : fc.option(fc.record({ step, meanwhile: meanwhile() }), { nil: undefined, freq: 2 })
  const work = fc.record({ type: fc.constant('work' as const), member: index, pause })
  const sleep = fc.record({ type: fc.constant('sleep' as const), member: index })
  const rare = RARE_ACTIONS.map(([kind, arbitrary]) => ({
    weight: kinds.get(kind) ?? 0,
    arbitrary,
  }))
  return fc.oneof(
    { weight: 6, arbitrary: send },
    { weight: 6, arbitrary: work },
    { weight: 2, arbitrary: sleep },
    ...rare.filter(({ weight }) => weight > 0),
  )
}

/** A send takes some dozens of steps, a turn of a member some more. */
const sendingStep = fc.integer({ min: 1, max: 40 })
const workingStep = fc.integer({ min: 1, max: 90 })
const RARE_ACTIONS: readonly [Rare, fc.Arbitrary<GroupAction>][] = [
  [
    'producers die',
    fc.record({ type: fc.constant('send and die' as const), producer: index, step: sendingStep }),
  ],
  [
    'members die',
    fc.record({ type: fc.constant('work and die' as const), member: index, step: workingStep }),
  ],
  ['producers die', fc.record({ type: fc.constant('bury' as const) })],
  ['members die', fc.record({ type: fc.constant('bury' as const) })],
  ['zombies', fc.record({ type: fc.constant('presume dead' as const), member: index })],
  ['seeks', fc.record({ type: fc.constant('seek' as const), partition: index, place })],
  ['changes', fc.record({ type: fc.constant('join' as const) })],
  ['changes', fc.record({ type: fc.constant('leave' as const), member: index })],
]

/** Kinds that every script has, and such that none has. */
interface Choice {
  readonly always?: readonly Rare[]
  readonly never?: readonly Rare[]
  readonly setting?: Partial<GroupSetting>
}

export function groupCase({ always = [], never = [], setting: fixed }: Choice = {}) {
  const actions = fc.subarray([...RARE]).chain((kinds) => {
    const chosen = new Map<Rare, number>(kinds.map((kind) => [kind, 1]))
    for (const kind of always) chosen.set(kind, ALWAYS_WEIGHT)
    for (const kind of never) chosen.delete(kind)
    return fc.array(actionOf(chosen, 2), { maxLength: 40, size: '+1' })
  })
  return fc.record({ setting: setting.map((drawn) => ({ ...drawn, ...fixed })), actions })
}
