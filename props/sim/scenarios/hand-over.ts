import assert from 'node:assert/strict'
import * as memory from '#scenario-memory'
import { record, type Scenario, sometimes } from '../scenario.js'

interface World {
  readonly shared: memory.Region
}

const FLAG = 0
const NUMBER = 1

/** One actor hands a number over to another: the example of `props/README.md`. */
export function handOver(): Scenario<World> {
  return {
    name: 'hand over',
    // Allocates and fills the memory. Actors may read this object, not change it.
    setup: () => ({ shared: memory.allocate(64) }),
    actors: {
      writer({ shared: { words } }) {
        memory.write(words, NUMBER, 42)
        memory.store(words, FLAG, 1)
      },
      reader({ shared: { words } }) {
        for (let turn = 0; memory.load(words, FLAG) === 0; turn++) {
          sometimes('waited')
          memory.pause(turn)
        }
        record(memory.read(words, NUMBER))
      },
    },
    // What must hold, however it ended. It reads the memory directly.
    check: (_world, ending) => assert.deepEqual(ending.events('reader'), [42]),
  }
}
