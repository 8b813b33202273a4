import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Status } from '../sim/execution.js'
import type { Ending } from '../sim/scenario.js'
import { checkHistory } from './checker.js'
import { type Cast, fromSimulation } from './from-simulation.js'

type Step = readonly [actor: string, event: unknown]

function ending(steps: readonly Step[], dead: readonly string[] = []): Ending {
  return {
    status: (actor) => (dead.includes(actor) ? Status.CRASHED : Status.FINISHED),
    events: (actor) => steps.flatMap(([who, event]) => (who === actor ? [event] : [])),
    history: () => steps.map(([actor, event]) => ({ actor, event })),
  }
}

function found(steps: readonly Step[], cast: Cast, dead?: readonly string[]): string[] {
  return Object.keys(checkHistory(fromSimulation(ending(steps, dead), cast), { drained: true }))
}

const APPEND: Cast = { senders: ['producer'], members: ['consumer'], from: 10 }
const SENT: readonly Step[] = [
  ['producer', { name: 1001, offset: 10 }],
  ['producer', 'full'],
  ['producer', { name: 1002, offset: 12 }],
]

test('what producers appended is what the consumer reads, whatever the order of events', () => {
  const read: Step[] = [
    ['consumer', { name: 1001, offset: 10 }],
    ['consumer', { name: 1002, offset: 12 }],
  ]
  assert.deepEqual(found([...read, ...SENT], APPEND), [])
  assert.deepEqual(found([...SENT, ...read.slice(1)], APPEND), [
    'lost-write',
    'order-after-rewind',
    'gap-uncounted',
    'unseen',
  ])
})

test('a record of a dead producer may be there although it was not acknowledged', () => {
  const steps: Step[] = [['consumer', { name: 1001, offset: 10 }]]
  assert.deepEqual(found(steps, APPEND, ['producer']), [])
  assert.deepEqual(found(steps, APPEND), ['phantom'])
})

test('what is in the log in the end was polled; what was recycled is not asked for', () => {
  const left = { records: [{ name: 1002, offset: 12 }], beginOffset: 11 }
  const cast: Cast = { senders: ['producer'], left }
  assert.deepEqual(found(SENT, cast), [])
  assert.deepEqual(found(SENT, { ...cast, left: { ...left, beginOffset: 10 } }), [
    'lost-write',
    'order-after-rewind',
    'unseen',
  ])
})

const GROUP: Cast = {
  members: ['one', 'two'],
  seekers: ['seeker'],
  before: [
    { name: 0, offset: 10 },
    { name: 1, offset: 11 },
  ],
  startOffset: 10,
  isOrdered: true,
}
const FIRST: readonly Step[] = [
  ['one', { owns: 1, from: 10 }],
  ['one', { handled: 0 }],
  ['one', { committed: 1 }],
  ['one', { handled: 1 }],
]

test('a takeover goes on where the last owner committed', () => {
  const takeover = (from: number): Step[] => [
    ...FIRST,
    ['two', { owns: 2, from }],
    ['two', { handled: 1 }],
  ]
  assert.deepEqual(found(takeover(11), GROUP), [])
  assert.deepEqual(found(takeover(10), GROUP), ['order-after-rewind'])
})

test('a commit of the owner before is stale', () => {
  const takeover: Step[] = [...FIRST, ['two', { owns: 2, from: 11 }]]
  const [one, two]: Step[] = [
    ['one', { committed: 2 }],
    ['two', { committed: 2 }],
  ]
  assert.ok(one && two)
  assert.deepEqual(found([...takeover, ['two', { handled: 1 }], two], GROUP), [])
  assert.deepEqual(found([...takeover, one], GROUP), ['stale-commit-accepted'])
})

test('after a seek an owner tells where it goes on', () => {
  const again = (name: number): Step[] => [
    ...FIRST,
    ['seeker', { seeks: 0 }],
    ['one', { owns: 2, from: 10 }],
    ['one', { handled: name }],
  ]
  assert.deepEqual(found(again(0), GROUP), [])
  assert.deepEqual(found(again(1), GROUP), ['order-after-rewind'])
})

test('members without an order among them are refused', () => {
  assert.throws(() => fromSimulation(ending(FIRST), { ...GROUP, isOrdered: false }), /ordersEvents/)
})
