import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Bounds, explain, explore, type Report } from './explorer.js'
import { search } from './guided.js'
import * as memory from './memory.js'
import { record, type Scenario, settle, sometimes, type ViolationKind } from './scenario.js'
import { handOver } from './scenarios/hand-over.js'
import {
  fillAndLook,
  mailbox,
  messagePassing,
  numbers,
  reusedBytes,
  spinLock,
  type Toy,
} from './scenarios/toys.js'
import { SharedState } from './shared-state.js'

const ALL: Bounds = { preemptions: Number.POSITIVE_INFINITY, crashes: 0 }

function assertRight(report: Report): void {
  assert.equal(report.violation, undefined, report.violation?.trace.join('\n'))
  assert.ok(report.complete)
}

function assertCaught(report: Report, kind: ViolationKind): void {
  assert.equal(report.violation?.kind, kind, `${report.violation?.message}`)
}

function toy(name: string, actors: Scenario<Toy>['actors'], check = () => {}): Scenario<Toy> {
  return { name, setup: () => ({ shared: memory.allocate(64) }), actors, check }
}

test('explores every interleaving exactly once', () => {
  const addThrice = ({ shared: { words } }: Toy): void => {
    for (let turn = 0; turn < 3; turn++) memory.add(words, 0, 1)
  }
  // 6! / (3! 3!) orders, each of which leaves other return values behind.
  assert.equal(explore(toy('counter', { one: addThrice, two: addThrice }), ALL).endings, 20)
})

test('operations on different words are explored in one order only', () => {
  const store = (word: number) => (world: Toy) => memory.store(world.shared.words, word, 1)
  const report = explore(toy('apart', { one: store(0), two: store(1), three: store(2) }), ALL)
  assert.equal(report.endings, 1)
})

test('a bound on preemptions limits what is explored', () => {
  const addTwice = ({ shared: { words } }: Toy): void => {
    memory.add(words, 0, 1)
    memory.add(words, 0, 1)
  }
  const counter = toy('counter', { one: addTwice, two: addTwice })
  // Without preemption: one after the other, in two orders. Each preemption allows two more.
  assert.equal(explore(counter, { preemptions: 0, crashes: 0 }).endings, 2)
  assert.equal(explore(counter, { preemptions: 1, crashes: 0 }).endings, 4)
  assert.equal(explore(counter, ALL).endings, 6)
})

test('gives up honestly at the limit of states', () => {
  const report = explore(mailbox(3), { ...ALL, statesMax: 5 })
  assert.equal(report.complete, false)
  assert.equal(report.violation, undefined)
})

test('finds a publish before the payload', () => {
  assertRight(explore(messagePassing(), ALL))
  assertCaught(explore(messagePassing('publish before payload'), ALL), 'race')
  assertCaught(explore(messagePassing('plain flag'), ALL), 'race')
})

test('the example of props/README.md is this scenario, and it holds', () => {
  const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  // Without what a reader of the document does not need.
  const source = read('props/sim/scenarios/hand-over.ts').replace(/\n\/\*\* .* \*\/\n/, '\n')
  const body = source.slice(source.indexOf('interface World'))
  assert.ok(read('props/README.md').includes(body), 'the document shows other code')
  const report = explore(handOver(), ALL)
  assertRight(report)
  assert.deepEqual(report.marks, ['waited'])
})

test('finds a compare-exchange that is split into a load and a store', () => {
  assertRight(explore(spinLock(), ALL))
  assertCaught(explore(spinLock('split compare-exchange'), ALL), 'race')
})

test('finds a lock that a dead holder keeps', () => {
  const bounds: Bounds = { preemptions: 2, crashes: 1 }
  const repaired = explore(spinLock(), bounds)
  assertRight(repaired)
  assert.deepEqual(repaired.marks, ['lock given up'])
  const stuck = explore(spinLock('no repair'), bounds)
  assertCaught(stuck, 'deadlock')
  assert.equal(stuck.violation?.schedule.length, 1)
  assert.equal(stuck.violation?.schedule[0]?.crash, true)
})

test('two deaths are repaired in their order', () => {
  assertRight(explore(spinLock(), { preemptions: 1, crashes: 2 }))
})

test('finds a repair that may not be begun twice, once its repairer dies of it', () => {
  const counted: Scenario<Toy> = {
    ...toy('counted', { one: ({ shared: { words } }) => memory.store(words, 0, 1) }),
    repairers: 2,
    repair({ shared: { words } }) {
      memory.add(words, 4, 1)
      memory.store(words, 5, 1)
    },
    check: ({ shared: { words } }) => assert.ok((words[4] as number) <= 1, 'counted twice'),
  }
  assertRight(explore(counted, { preemptions: 1, crashes: 1 }))
  assertCaught(explore(counted, { preemptions: 1, crashes: 2 }), 'check')
  const once = explore({ ...counted, repairers: 1 }, { preemptions: 1, crashes: 2 })
  assertRight(once)
})

test('merging states by content keeps every ending, and so does a past that is settled', () => {
  const endings = (mergesByContent: boolean) => {
    const found = new Set<string>()
    const draw = ({ shared: { words } }: Toy): void => {
      for (let turn = 0; turn < 3; turn++) {
        const drawn = memory.add(words, 0, 1)
        memory.store(words, 4 + (drawn & 1), drawn)
        record(memory.load(words, 4))
        settle(turn)
      }
    }
    const scenario: Scenario<Toy> = {
      ...toy('draws', { one: draw, two: draw }),
      check({ shared: { words } }, ending) {
        const events = ['one', 'two'].map((actor) => ending.events(actor))
        found.add(JSON.stringify([[...words], events]))
      },
    }
    const { states } = explore(scenario, { ...ALL, mergesByContent })
    return { states, found: [...found].sort() }
  }
  const [apart, merged] = [endings(false), endings(true)]
  assert.deepEqual(merged.found, apart.found)
  assert.ok(merged.states < apart.states, `${merged.states} of ${apart.states} states`)
})

test('a counter is told apart by whether it moved, not by how often', () => {
  const statesOf = (isCounter: boolean) => {
    const counts: Scenario<Toy> = {
      ...toy('counts', {
        one: ({ shared: { words } }) => {
          for (let turn = 0; turn < 4; turn++) memory.add(words, 0, 1)
        },
        two({ shared: { words } }) {
          const before = memory.load(words, 0)
          if (memory.load(words, 0) !== before) sometimes('moved')
          else sometimes('stood still')
        },
      }),
      isCounter: (_world, _region, word) => isCounter && word === 0,
    }
    const report = explore(counts, { ...ALL, mergesByContent: true })
    assert.deepEqual(report.marks, ['moved', 'stood still'])
    return report.states
  }
  assert.ok(statesOf(true) < statesOf(false))
})

test('deaths inside of a run of plain writes are left out only where that is asked for', () => {
  const plain = toy('plain', {
    one({ shared: { words } }) {
      for (let word = 4; word < 8; word++) memory.write(words, word, 1)
      memory.store(words, 0, 1)
    },
  })
  assert.equal(explore(plain, { preemptions: 0, crashes: 1 }).endings, 7)
  const coarse = explore(plain, { preemptions: 0, crashes: 1, hasCoarseDeaths: true })
  assert.equal(coarse.endings, 4)
})

test('an actor may die before its first operation', () => {
  const once = toy('once', {
    one({ shared: { words } }) {
      memory.store(words, 0, 1)
    },
  })
  const report = explore(
    { ...once, check: ({ shared: { words } }) => assert.equal(words[0], 1) },
    { preemptions: 0, crashes: 1 },
  )
  assertCaught(report, 'check')
  assert.deepEqual(report.violation?.schedule, [{ who: 'one', at: 0, crash: true }])
})

test('a later repair is another state than the first, though memory is as it was', () => {
  const repairs = (mergesByContent: boolean) => {
    const found = new Set<string>()
    const nothing = ({ shared: { words } }: Toy): void => memory.store(words, 0, 1)
    const toggles: Scenario<Toy> = {
      ...toy('toggles', { one: nothing, two: nothing, three: nothing }),
      repair({ shared: { words } }) {
        settle(1)
        memory.store(words, 4, 1 - memory.load(words, 4))
      },
      check({ shared: { words } }, ending) {
        const statuses = ['one', 'two', 'three'].map((actor) => ending.status(actor))
        found.add([...statuses, words[0], words[4]].join())
      },
    }
    assertRight(explore(toggles, { preemptions: 0, crashes: 3, mergesByContent }))
    return [...found].sort()
  }
  assert.deepEqual(repairs(true), repairs(false))
})

test('words that exchange what they hold are another state', () => {
  const [row, column] = [3, 5]
  const words = [64, 64 ^ row, 64 ^ column, 64 ^ row ^ column]
  const hashOf = (...contents: number[]) => {
    const state = new SharedState(new Int32Array(128), 1, true)
    for (const [at, word] of words.entries()) state.setWord(word, contents[at] as number)
    return [state.stateHashLow(), state.stateHashHigh()]
  }
  // Chosen so that each exclusive-or of a word and what it holds is there in both.
  const twist = row ^ (column << 7)
  assert.notDeepEqual(
    hashOf(1, 4, 4 ^ twist, 1 ^ twist),
    hashOf(4 ^ row, 1 ^ row, 1 ^ twist ^ row, 4 ^ twist ^ row),
  )
})

test('finds wake-ups that are lost', () => {
  assertRight(explore(mailbox(3), ALL))
  assertCaught(explore(mailbox(3, 'notify dropped'), ALL), 'deadlock')
  assertCaught(explore(mailbox(3, 'sleep without a second look'), ALL), 'deadlock')
})

test('finds memory that is freed before it is read', () => {
  assertCaught(explore(mailbox(3, 'freed before it is read'), ALL), 'race')
})

test('a replay sees the bytes that were observed, whatever became of them', () => {
  assertRight(explore(reusedBytes(), ALL))
})

test('bytes that were not observed cannot be read', () => {
  const report = explore(
    toy('no observe', { reader: ({ shared: { bytes } }) => assert.equal(bytes[8], 0) }, () => {}),
    ALL,
  )
  assertCaught(report, 'error')
})

test('finds a number that comes too late in time', () => {
  assertRight(explore(numbers(), ALL))
  assertCaught(explore(numbers('block of two'), ALL), 'check')
})

test('a fill shows in halves, and races with plain reads only', () => {
  const ascending = explore(fillAndLook('atomic'), ALL)
  assertRight(ascending)
  assert.deepEqual(ascending.marks, ['lower half first'])
  const descending = explore(fillAndLook('atomic'), { ...ALL, fillsDescending: true })
  assertRight(descending)
  assert.deepEqual(descending.marks, ['upper half first'])
  assertCaught(explore(fillAndLook('plain'), ALL), 'race')
})

test('an atomic load releases nothing, and neither does a compare-exchange that fails', () => {
  const claim: Scenario<Toy>['actors'] = {
    one({ shared: { words } }) {
      memory.write(words, 4, 1)
      memory.load(words, 0)
      memory.compareExchange(words, 0, 9, 9)
    },
    two({ shared: { words } }) {
      memory.load(words, 0)
      memory.read(words, 4)
    },
  }
  assertCaught(explore(toy('loads only', claim), ALL), 'race')
})

test('atomics of two widths on one word are a race', () => {
  const mixed: Scenario<Toy>['actors'] = {
    one: ({ shared }) => memory.storeLong(shared.longs, 0, 1n),
    two: ({ shared }) => record(memory.load(shared.words, 1)),
  }
  assertCaught(explore(toy('two widths', mixed), ALL), 'race')
})

test('a spin loop that waits for nobody is reported, one with an end is not', () => {
  const spin = (turns: number) => (world: Toy) => {
    for (let turn = 0; turn < turns; turn++) {
      if (memory.load(world.shared.words, 0) === 1) return
      memory.pause(turn)
    }
  }
  assertRight(explore(toy('bounded', { one: spin(100), two: spin(50) }), ALL))
  assertCaught(explore(toy('endless', { one: spin(1e9) }), ALL), 'deadlock')
})

test('actors that keep state or catch what suspends them are refused', () => {
  let calls = 0
  const forgetful: Scenario<Toy>['actors'] = {
    one({ shared: { words } }) {
      calls++
      memory.load(words, calls)
      memory.load(words, 0)
    },
    two: ({ shared: { words } }) => memory.store(words, 0, 1),
  }
  const divergence = explore(toy('keeps state', forgetful), ALL)
  assertCaught(divergence, 'error')
  assert.match(divergence.violation?.message ?? '', /not deterministic/)
  const swallow = ({ shared: { words } }: Toy): void => {
    try {
      for (let turn = 0; turn < 3; turn++) memory.store(words, 0, 1)
    } catch {}
  }
  const swallowing = explore(toy('catches', { one: swallow, two: swallow }), ALL)
  assertCaught(swallowing, 'error')
  assert.match(swallowing.violation?.message ?? '', /caught the exception/)
})

test('a schedule reproduces a violation, and the smallest one has no decision to spare', () => {
  const { violation } = explore(mailbox(2, 'sleep without a second look'), ALL)
  assert.ok(violation)
  const again = explain(mailbox(2, 'sleep without a second look'), violation.schedule)
  assert.deepEqual(again, violation)
  assert.equal(violation.schedule.length, 1)
})

test('a search at random finds what exploring finds, and its seed repeats it', () => {
  const options = { runs: 2000, decisions: 6, crashes: 0 }
  const broken = mailbox(3, 'sleep without a second look')
  const first = search(broken, options)
  assert.ok(first.violation, `seed ${first.seed}`)
  // One decision is enough; leaving out one at a time does not always lead there.
  assert.ok(first.violation.schedule.length <= 2, `seed ${first.seed}`)
  const { path } = first.violation
  const again = search(broken, { ...options, seed: first.seed, path })
  assert.deepEqual(again.violation?.schedule, first.violation.schedule)
  assert.equal(search(mailbox(3), options).violation, undefined)
})
