import type { Bounds } from '../explorer.js'
import type { Scenario, ViolationKind } from '../scenario.js'
import { appending, realTimeOrder } from './log-append.js'
import { sentencing } from './log-attempts.js'
import { buryMember, reuseSlot } from './log-bury.js'
import { consuming } from './log-consume.js'
import { closing, pausing, seekForward, seekWhileOwned, takeOver } from './log-group.js'
import {
  findEnd,
  findPinned,
  readPinned,
  resume,
  seekBack,
  seekTime,
  subscribe,
} from './log-pins.js'
import type { LogWorld, Start } from './log-world.js'
import { twoLaps } from './two-laps.js'

/** A scenario of the shipped log, how far it is explored, and what must be reached on the way. */
export interface Exploration {
  readonly scenario: Scenario<LogWorld>
  readonly bounds: Bounds
  /** Instead of these bounds, where there is little time. */
  readonly lightBounds?: Bounds
  /** Instead of these bounds, where there is much time and memory. */
  readonly deepBounds?: Bounds
  /** What must be reached within the bounds. */
  readonly marks: readonly string[]
  /** A canary: this is what must be found. */
  readonly finds?: ViolationKind
}

const ONE = { count: 1, granules: 1 }
const TWO = { count: 2, granules: 2 }
const WIDE = { count: 1, granules: 3 }

const ALL: Bounds = { preemptions: Number.POSITIVE_INFINITY, crashes: 0 }
const ONCE: Bounds = { preemptions: 1, crashes: 0 }
const TWICE: Bounds = { preemptions: 2, crashes: 0 }
const THRICE: Bounds = { preemptions: 3, crashes: 0 }
const ONCE_AND_DEATH: Bounds = { preemptions: 1, crashes: 1 }
const TWICE_AND_DEATH: Bounds = { preemptions: 2, crashes: 1 }
const TWICE_AND_TWO_DEATHS: Bounds = { preemptions: 2, crashes: 2 }
const ONE_DEATH: Bounds = { preemptions: 0, crashes: 1 }
const ONLY_DEATHS: Bounds = { preemptions: 0, crashes: 2 }
const TWO_DEATHS: Bounds = { preemptions: 1, crashes: 2 }

const VISITED = ['log full', 'pin refused', 'recycled', 'seal lifted', 'slept for space']

function appends(start: Start): Exploration[] {
  const roomy = { segmentCount: 4, segmentGranules: 4, start }
  const tight = { segmentCount: 4, segmentGranules: 2, start, before: 4 }
  const tiny = { segmentCount: 4, segmentGranules: 1, start, before: 3 }
  return [
    {
      scenario: appending('two producers', {
        ...roomy,
        shipments: [
          [TWO, ONE],
          [ONE, TWO],
        ],
      }),
      bounds: TWICE_AND_DEATH,
      marks: ['claim aborted', 'claim lost', 'followed a claim', 'lease lost', 'padded'],
    },
    {
      scenario: appending('all orders', { ...roomy, shipments: [[ONE, ONE], [TWO]] }),
      bounds: ALL,
      marks: ['claim lost', 'followed a claim'],
    },
    {
      scenario: appending('pads', { ...roomy, shipments: [[WIDE], [WIDE, ONE]] }),
      bounds: TWICE_AND_DEATH,
      marks: ['claim aborted', 'claim lost', 'followed a claim', 'lease lost', 'padded'],
    },
    {
      scenario: appending('recycling', { ...tight, shipments: [[TWO], [ONE, ONE]] }),
      bounds: TWICE_AND_DEATH,
      marks: ['claim aborted', 'lease taken over', 'padded', 'recycled', 'wrapped'],
    },
    {
      scenario: appending('lapped', {
        ...tiny,
        shipments: [[ONE], [ONE, ONE, ONE, ONE, ONE]],
        mayBeFull: true,
      }),
      bounds: TWICE,
      marks: ['log full', 'recycled', 'seal lifted', 'wrapped'],
    },
    {
      scenario: appending('a lap', {
        ...tiny,
        shipments: [
          [ONE, ONE, ONE],
          [ONE, ONE, ONE],
        ],
      }),
      bounds: TWICE,
      marks: ['recycled'],
    },
    {
      scenario: appending('three producers', { ...tiny, shipments: [[ONE], [ONE], [ONE]] }),
      bounds: TWICE,
      marks: ['recycled'],
    },
    {
      scenario: appending('two deaths', { ...tiny, shipments: [[ONE], [ONE]] }),
      bounds: { ...TWO_DEATHS, fillsDescending: true },
      marks: ['claim aborted', 'recycled'],
    },
    { scenario: realTimeOrder(start), bounds: THRICE, marks: [] },
  ]
}

function consumers(start: Start): Exploration[] {
  const tiny = { segmentCount: 4, segmentGranules: 1, start }
  const small = { segmentCount: 4, segmentGranules: 2, start }
  return [
    {
      scenario: consuming('one producer', { ...tiny, frames: [6], mortal: [] }),
      bounds: TWICE,
      marks: ['log full', 'slept for data', 'slept for space', 'wrapped'],
    },
    {
      scenario: consuming('two producers', { ...tiny, frames: [2, 2], mortal: [] }),
      bounds: TWICE,
      marks: ['lease lost', 'slept for data'],
    },
    {
      scenario: consuming('pads', {
        ...tiny,
        segmentGranules: 4,
        before: 4,
        frames: [2, 1],
        granules: 3,
        mortal: [],
      }),
      bounds: ONCE,
      marks: ['padded', 'slept for data', 'slept for space'],
    },
    {
      scenario: consuming('a full log', { ...tiny, before: 4, frames: [1, 1], mortal: [] }),
      bounds: ONCE,
      marks: ['slept for data', 'slept for space'],
    },
    {
      scenario: consuming('a producer dies', { ...small, frames: [2, 1], mortal: ['producer1'] }),
      bounds: ONCE_AND_DEATH,
      marks: ['claim aborted', 'gap', 'lease taken over', 'slept for data'],
    },
    {
      scenario: consuming('the consumer dies', { ...tiny, frames: [6], mortal: ['consumer'] }),
      bounds: ONCE_AND_DEATH,
      marks: ['fenced', 'slept for data', 'slept for space'],
    },
    {
      scenario: consuming('the signal is read late', {
        ...small,
        frames: [1, 1],
        mortal: [],
        fault: 'signal read late',
      }),
      bounds: TWICE,
      marks: [],
      finds: 'deadlock',
    },
  ]
}

function visitors(start: Start): Exploration[] {
  const tiny = { who: 'all live', segmentGranules: 1, start, before: 4, frames: [3], mortal: [] }
  const two = {
    ...tiny,
    hasOtherGate: true,
    who: 'two producers',
    segmentGranules: 2,
    before: 8,
    frames: [2, 2],
  }
  const visitorDies = { ...tiny, who: 'the visitor dies', mortal: ['visitor'] }
  const producerDies = { ...two, who: 'a producer dies', mortal: ['producer1'] }
  const downwards: Bounds = { ...ONCE_AND_DEATH, fillsDescending: true }
  return [
    { scenario: readPinned(tiny), bounds: THRICE, marks: VISITED },
    { scenario: readPinned(two), bounds: TWICE, marks: VISITED },
    { scenario: readPinned(visitorDies), bounds: TWICE_AND_DEATH, marks: VISITED },
    {
      scenario: readPinned(producerDies),
      bounds: downwards,
      marks: ['claim aborted', 'lease taken over', ...VISITED],
    },
    { scenario: subscribe(tiny), bounds: THRICE, marks: VISITED },
    { scenario: subscribe(two), bounds: TWICE, marks: VISITED },
    {
      scenario: subscribe(producerDies),
      bounds: ONCE_AND_DEATH,
      marks: ['seal lifted by the repair', ...VISITED],
    },
    { scenario: subscribe(visitorDies), bounds: TWICE_AND_DEATH, marks: VISITED },
    { scenario: resume(tiny), bounds: THRICE, marks: VISITED },
    {
      scenario: resume(producerDies),
      bounds: ONCE_AND_DEATH,
      marks: ['claim aborted', ...VISITED],
    },
    { scenario: seekBack(tiny, 1), bounds: THRICE, marks: ['gone', 'there'] },
    { scenario: seekBack(producerDies, 1), bounds: ONCE_AND_DEATH, marks: ['gone', 'there'] },
    { scenario: seekBack(visitorDies, 1), bounds: TWICE_AND_DEATH, marks: ['gone', 'there'] },
    { scenario: seekTime(two, 2), bounds: TWICE, marks: ['gone'] },
    {
      scenario: findPinned(start),
      bounds: TWICE_AND_DEATH,
      marks: ['pin refused', 'seal lifted', 'seal lifted by the repair'],
    },
    { scenario: findEnd(start), bounds: THRICE, marks: ['recycled'] },
  ]
}

function groups(start: Start): Exploration[] {
  return [
    { scenario: takeOver(start, 3), bounds: TWICE_AND_DEATH, marks: ['fenced', 'redelivered'] },
    {
      scenario: seekWhileOwned(start, 3),
      bounds: THRICE,
      marks: ['commit refused', 'handled again', 'sought at the end'],
    },
    {
      scenario: seekForward(start),
      bounds: TWICE,
      marks: ['sought', 'slept for data', 'slept for space'],
    },
    { scenario: pausing(start), bounds: THRICE, marks: ['slept for data'] },
    { scenario: sentencing(start, 2), bounds: TWICE_AND_DEATH, marks: ['fenced', 'sentenced'] },
    { scenario: closing(start), bounds: TWICE, marks: ['slept for data', 'slept for space'] },
  ]
}

function burials(start: Start): Exploration[] {
  const letters = ['letter aborted', 'letter written', 'fenced', 'redelivered']
  return [
    {
      scenario: buryMember(start, ['member1']),
      bounds: TWO_DEATHS,
      lightBounds: ONLY_DEATHS,
      marks: [...letters, 'repair begun again'],
    },
    {
      scenario: buryMember(start, ['member1', 'member2']),
      bounds: { preemptions: 0, crashes: 3 },
      lightBounds: ONLY_DEATHS,
      marks: [...letters, 'repair begun again'],
    },
    {
      scenario: reuseSlot(start),
      bounds: TWICE_AND_TWO_DEATHS,
      lightBounds: ONE_DEATH,
      marks: ['slot reused', 'repair begun again'],
    },
  ]
}

/** Everything at once, as far as it can be explored completely. */
function everything(start: Start): Exploration[] {
  return [
    {
      scenario: twoLaps(start),
      // 24 million states; with three preemptions 214 million: GBs of memory.
      bounds: { ...EVERYTHING, preemptions: 2 },
      deepBounds: { ...EVERYTHING, preemptions: 3 },
      lightBounds: { ...EVERYTHING, preemptions: 1 },
      marks: [
        'claim aborted',
        'fenced',
        'gap',
        'lease taken over',
        'log full',
        'padded',
        'slept for data',
        'slept for space',
        'wrapped',
      ],
    },
  ]
}

const EVERYTHING = {
  crashes: 1,
  statesMax: 400_000_000,
  mergesByContent: true,
  hasCoarseDeaths: true,
} as const

/** Everything about one start. */
export function explorationsFrom(start: Start): Exploration[] {
  return [
    ...appends(start),
    ...consumers(start),
    ...visitors(start),
    ...groups(start),
    ...burials(start),
    ...everything(start),
  ]
}

/** For where there is little time: all of it from 0, and less of what another start can change. */
export function lighter(exploration: Exploration, start: Start): Exploration {
  const { bounds, lightBounds } = exploration
  if (lightBounds !== undefined) return { ...exploration, bounds: lightBounds, marks: [] }
  const { preemptions } = bounds
  const isSmall = exploration.finds !== undefined || preemptions === Number.POSITIVE_INFINITY
  if (start === 'from 0' || isSmall) return exploration
  return { ...exploration, bounds: { ...bounds, preemptions: preemptions - 1 }, marks: [] }
}

/** What must be reached in one scenario or another. */
export const REQUIRED_MARKS: readonly string[] = [
  'claim aborted',
  'claim lost',
  'commit refused',
  'fenced',
  'followed a claim',
  'gap',
  'gone',
  'handled again',
  'lease lost',
  'lease taken over',
  'letter aborted',
  'letter written',
  'log full',
  'padded',
  'pin refused',
  'recycled',
  'redelivered',
  'repair begun again',
  'seal lifted',
  'seal lifted by the repair',
  'slept for data',
  'slept for space',
  'slot reused',
  'sought',
  'tail moved',
  'wrapped',
]
