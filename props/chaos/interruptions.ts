import * as memory from '../../core/memory.js'
import { interruptAt } from './operations.js'
import type { GivenOrder, Orders } from './orders.js'

const STOPPING = memory.allocate(8)
/** Far longer than any operation of another thread. */
const STOPPED_MS = 20
const EXIT_CODE = 3

/**
 * Orders that any thread can obey: to die, or to stand still, at its operation of the number that
 * the argument tells. `process.exit` ends a worker thread within the call: no `finally` is run.
 *
 * @returns whether it was one of these
 */
export function obeyAtOperation({ order, argument }: GivenOrder, orders: Orders): boolean {
  switch (order) {
    case 'worker dies at operation k':
    case 'producer dies at operation k':
      interruptAt(argument, () => {
        orders.noteDeath(order)
        process.exit(EXIT_CODE)
      })
      return true
    case 'worker stops at operation k':
    case 'producer stops at operation k':
      interruptAt(argument, () => memory.wait(STOPPING.words, 0, 0, STOPPED_MS))
      return true
    default:
      return false
  }
}
