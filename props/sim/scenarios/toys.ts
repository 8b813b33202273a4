import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import { byteViews } from '../../../core/byte-views.test.helper.js'
import type { Region } from '../../../core/memory.js'
import { record, type Scenario, sometimes } from '../scenario.js'

/*
 * Small algorithms, each with variants that are broken on purpose: the canaries. They prove that
 * the explorer finds a publish before the payload, a wake-up that is lost, a compare-exchange that
 * is not one, and a death in the wrong place.
 */

export interface Toy {
  readonly shared: Region
}

function setup(): Toy {
  return { shared: memory.allocate(128) }
}

/** Payload and flag: the smallest publication. */
export function messagePassing(fault?: 'publish before payload' | 'plain flag'): Scenario<Toy> {
  const publish = (words: Int32Array): void => {
    if (fault === 'plain flag') memory.write(words, 0, 1)
    else memory.store(words, 0, 1)
  }
  return {
    name: `message passing, ${fault ?? 'right'}`,
    setup,
    actors: {
      writer({ shared: { words } }) {
        if (fault === 'publish before payload') publish(words)
        memory.write(words, 1, 42)
        if (fault !== 'publish before payload') publish(words)
      },
      reader({ shared: { words } }) {
        for (let turn = 0; memory.load(words, 0) === 0; turn++) memory.pause(turn)
        record(memory.read(words, 1))
      },
    },
    check: (_world, ending) => assert.deepEqual(ending.events('reader'), [42]),
  }
}

const LOCK = 0
const COUNTER = 1

/** A lock that spins, with the counter that it protects. The dead holder's lock is given up. */
export function spinLock(fault?: 'split compare-exchange' | 'no repair'): Scenario<Toy> {
  const tryLock = (words: Int32Array, owner: number): boolean => {
    if (fault !== 'split compare-exchange') {
      return memory.compareExchange(words, LOCK, 0, owner) === 0
    }
    if (memory.load(words, LOCK) !== 0) return false
    memory.store(words, LOCK, owner)
    return true
  }
  const increment = (words: Int32Array, owner: number): void => {
    for (let turn = 0; !tryLock(words, owner); turn++) memory.pause(turn)
    memory.write(words, COUNTER, memory.read(words, COUNTER) + 1)
    memory.store(words, LOCK, 0)
    record('done')
  }
  return {
    name: `spin lock, ${fault ?? 'right'}`,
    setup,
    actors: {
      one: ({ shared: { words } }) => increment(words, 1),
      two: ({ shared: { words } }) => increment(words, 2),
      three: ({ shared: { words } }) => increment(words, 3),
    },
    repair({ shared: { words } }, dead) {
      if (fault === 'no repair') return
      const owner = ['one', 'two', 'three'].indexOf(dead) + 1
      if (memory.compareExchange(words, LOCK, owner, 0) === owner) sometimes('lock given up')
    },
    check({ shared: { words } }, ending) {
      const done = ['one', 'two', 'three'].filter((actor) => ending.events(actor).length > 0)
      const counted = words[COUNTER] as number
      assert.ok(counted >= done.length && counted <= 3, `${done.length} done, ${counted} counted`)
    },
  }
}

const SLOT_STATE = 0
const SLOT_VALUE = 1
const SIGNAL = 8
const EMPTY = 0
const FULL = 1

/** A mailbox of one slot between sleepers; each message is two words, so that it could tear. */
export function mailbox(
  messages: number,
  fault?: 'notify dropped' | 'sleep without a second look' | 'freed before it is read',
): Scenario<Toy> {
  const awaitState = (words: Int32Array, wanted: number): void => {
    for (;;) {
      const signal = memory.load(words, SIGNAL)
      if (memory.load(words, SLOT_STATE) === wanted) return
      const seen = fault === 'sleep without a second look' ? memory.load(words, SIGNAL) : signal
      memory.wait(words, SIGNAL, seen, Number.POSITIVE_INFINITY)
    }
  }
  const change = (words: Int32Array, state: number): void => {
    memory.store(words, SLOT_STATE, state)
    if (fault === 'notify dropped' && state === EMPTY) return
    memory.add(words, SIGNAL, 1)
    memory.notify(words, SIGNAL)
  }
  return {
    name: `mailbox of ${messages}, ${fault ?? 'right'}`,
    setup,
    actors: {
      sender({ shared: { words } }) {
        for (let message = 1; message <= messages; message++) {
          awaitState(words, EMPTY)
          memory.write(words, SLOT_VALUE, message)
          memory.write(words, SLOT_VALUE + 1, -message)
          change(words, FULL)
        }
      },
      receiver({ shared: { words } }) {
        for (let count = 0; count < messages; count++) {
          awaitState(words, FULL)
          const first = memory.read(words, SLOT_VALUE)
          if (fault === 'freed before it is read') change(words, EMPTY)
          record([first, memory.read(words, SLOT_VALUE + 1)])
          if (fault !== 'freed before it is read') change(words, EMPTY)
        }
      },
    },
    check(_world, ending) {
      const expected = Array.from({ length: messages }, (_, index) => [index + 1, -index - 1])
      assert.deepEqual(ending.events('receiver'), expected)
    },
  }
}

/** Bytes that are read in place and then reused: what a replay must serve as they were. */
export function reusedBytes(): Scenario<Toy> {
  const rounds = 3
  const text = (round: number): string => `round ${round}`
  return {
    name: 'reused bytes',
    setup,
    actors: {
      writer({ shared }) {
        const { words } = shared
        for (let round = 0; round < rounds; round++) {
          for (let turn = 0; memory.load(words, 0) !== 2 * round; turn++) memory.pause(turn)
          memory.copy(shared, 64, byteViews(Buffer.from(text(round))), 0, 7)
          memory.store(words, 0, 2 * round + 1)
        }
      },
      reader({ shared }) {
        const { words, bytes } = shared
        for (let round = 0; round < rounds; round++) {
          for (let turn = 0; memory.load(words, 0) !== 2 * round + 1; turn++) memory.pause(turn)
          memory.observe(bytes, 64, 71)
          const inPlace = bytes.toString('utf8', 64, 71)
          const copied = byteViews(Buffer.alloc(7))
          memory.copy(copied, 0, shared, 64, 71)
          record([inPlace, copied.bytes.toString('utf8', 0, 7)])
          memory.store(words, 0, 2 * round + 2)
        }
      },
    },
    check(_world, ending) {
      const expected = [0, 1, 2].map((round) => [text(round), text(round)])
      assert.deepEqual(ending.events('reader'), expected)
    },
  }
}

/**
 * Numbers are drawn from a counter. With two counters, each of them dense, a number drawn later may
 * be the lower one: only the order of the calls in time shows that.
 */
export function numbers(fault?: 'block of two'): Scenario<Toy> {
  const draw = ({ shared: { words } }: Toy): void => {
    record('call')
    record(memory.add(words, 0, 1))
  }
  const drawFromBlock = ({ shared: { words } }: Toy): void => {
    record('call')
    const block = memory.add(words, 0, 2)
    record(block)
    record('call')
    record(block + 1)
  }
  return {
    name: `numbers, ${fault ?? 'right'}`,
    setup,
    ordersEvents: true,
    actors: { one: fault === undefined ? draw : drawFromBlock, two: draw },
    check(_world, ending) {
      let highestReturned = -1
      const floors = new Map<string, number>()
      for (const { actor, event } of ending.history()) {
        if (event === 'call') {
          floors.set(actor, highestReturned)
        } else {
          assert.ok(
            (event as number) > (floors.get(actor) as number),
            `${actor} drew ${event} late`,
          )
          highestReturned = Math.max(highestReturned, event as number)
        }
      }
    },
  }
}

/** Tags are filled while others look at them: legal among atomics only. */
export function fillAndLook(access: 'atomic' | 'plain'): Scenario<Toy> {
  const look = access === 'atomic' ? memory.load : memory.read
  return {
    name: `fill and look, ${access}`,
    setup,
    actors: {
      recycler({ shared: { words } }) {
        memory.fill(words, 7, 4, 8)
        memory.store(words, 0, 1)
      },
      forward({ shared: { words } }) {
        if (look(words, 4) === 7 && look(words, 7) === 0) sometimes('lower half first')
      },
      backward({ shared: { words } }) {
        if (look(words, 7) === 7 && look(words, 4) === 0) sometimes('upper half first')
      },
    },
    check: () => {},
  }
}

/** Every toy, right and wrong, for examples that name it. */
export function toys(): Scenario<Toy>[] {
  return [
    messagePassing(),
    messagePassing('publish before payload'),
    messagePassing('plain flag'),
    spinLock(),
    spinLock('split compare-exchange'),
    spinLock('no repair'),
    mailbox(3),
    mailbox(3, 'notify dropped'),
    mailbox(3, 'sleep without a second look'),
    mailbox(3, 'freed before it is read'),
    reusedBytes(),
    numbers(),
    numbers('block of two'),
  ]
}
