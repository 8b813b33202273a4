import type { Bounds } from '../explorer.js'
import type { Scenario, ViolationKind } from '../scenario.js'
import { appending, realTimeOrder } from './log-append.js'
import { consuming } from './log-consume.js'
import { closing, seekForward, seekWhileOwned, takeOver } from './log-group.js'
import { readPinned, resume, seekBack, seekTime, subscribe } from './log-pins.js'
import type { LogWorld, Start } from './log-world.js'

/** A scenario of the shipped log, how far it is explored, and what must be reached on the way. */
export interface Exploration {
  readonly scenario: Scenario<LogWorld>
  readonly bounds: Bounds
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
const TWO_DEATHS: Bounds = { preemptions: 1, crashes: 2 }

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
      marks: ['claim aborted', 'padded'],
    },
    {
      scenario: appending('all orders', { ...roomy, shipments: [[ONE, ONE], [TWO]] }),
      bounds: ALL,
      marks: [],
    },
    {
      scenario: appending('pads', { ...roomy, shipments: [[WIDE], [WIDE, ONE]] }),
      bounds: TWICE_AND_DEATH,
      marks: ['claim aborted', 'padded'],
    },
    {
      scenario: appending('recycling', { ...tight, shipments: [[TWO], [ONE, ONE]] }),
      bounds: TWICE_AND_DEATH,
      marks: ['claim aborted', 'padded', 'recycled'],
    },
    {
      scenario: appending('lapped', {
        ...tiny,
        shipments: [[ONE], [ONE, ONE, ONE, ONE, ONE]],
        mayBeFull: true,
      }),
      bounds: TWICE,
      marks: ['recycled'],
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
      marks: ['slept'],
    },
    {
      scenario: consuming('two producers', { ...tiny, frames: [2, 2], mortal: [] }),
      bounds: TWICE,
      marks: ['slept'],
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
      marks: ['slept'],
    },
    {
      scenario: consuming('a full log', { ...tiny, before: 4, frames: [1, 1], mortal: [] }),
      bounds: ONCE,
      marks: ['slept'],
    },
    {
      scenario: consuming('a producer dies', { ...small, frames: [2, 1], mortal: ['producer1'] }),
      bounds: ONCE_AND_DEATH,
      marks: ['claim aborted', 'gap', 'slept'],
    },
    {
      scenario: consuming('the consumer dies', { ...tiny, frames: [6], mortal: ['consumer'] }),
      bounds: ONCE_AND_DEATH,
      marks: ['slept'],
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
    { scenario: readPinned(tiny), bounds: THRICE, marks: ['recycled', 'slept'] },
    { scenario: readPinned(two), bounds: TWICE, marks: ['recycled', 'slept'] },
    { scenario: readPinned(visitorDies), bounds: TWICE_AND_DEATH, marks: ['recycled', 'slept'] },
    {
      scenario: readPinned(producerDies),
      bounds: downwards,
      marks: ['claim aborted', 'recycled', 'slept'],
    },
    { scenario: subscribe(tiny), bounds: THRICE, marks: ['recycled', 'slept'] },
    { scenario: subscribe(two), bounds: TWICE, marks: ['recycled', 'slept'] },
    { scenario: subscribe(producerDies), bounds: ONCE_AND_DEATH, marks: ['held under a seal'] },
    { scenario: subscribe(visitorDies), bounds: TWICE_AND_DEATH, marks: ['recycled', 'slept'] },
    { scenario: resume(tiny), bounds: THRICE, marks: ['recycled', 'slept'] },
    { scenario: resume(producerDies), bounds: ONCE_AND_DEATH, marks: ['claim aborted'] },
    { scenario: seekBack(tiny, 1), bounds: THRICE, marks: ['gone', 'there'] },
    { scenario: seekBack(producerDies, 1), bounds: ONCE_AND_DEATH, marks: ['gone', 'there'] },
    { scenario: seekTime(two, 2), bounds: TWICE, marks: ['gone'] },
  ]
}

function groups(start: Start): Exploration[] {
  return [
    { scenario: takeOver(start, 3), bounds: TWICE_AND_DEATH, marks: ['redelivered'] },
    {
      scenario: seekWhileOwned(start, 3),
      bounds: THRICE,
      marks: ['commit refused', 'handled again', 'sought at the end'],
    },
    { scenario: seekForward(start), bounds: TWICE, marks: ['sought', 'slept'] },
    { scenario: closing(start), bounds: TWICE, marks: ['slept'] },
  ]
}

/** Everything about one start. */
export function explorationsFrom(start: Start): Exploration[] {
  return [...appends(start), ...consumers(start), ...visitors(start), ...groups(start)]
}

/** The same with fewer interruptions: for what does not depend on where the log begins. */
export function lighter(exploration: Exploration): Exploration {
  const { preemptions, ...bounds } = exploration.bounds
  if (exploration.finds !== undefined || preemptions === Number.POSITIVE_INFINITY)
    return exploration
  return { ...exploration, bounds: { ...bounds, preemptions: preemptions - 1 }, marks: [] }
}
