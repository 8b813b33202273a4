/**
 * Seam `#memory` for chaos, by `node --conditions=millrace:chaos`: the real memory, but each thread
 * can be made to end at its k-th operation. Whatever another thread can see counts as one, plain
 * writes included. The oracle uses the real memory, so that nobody dies of being watched.
 */
import * as real from '../../core/memory.js'
import { startCounting, step } from './operations.js'

export type { Region, WaitResult } from '../../core/memory.js'
export { allocate, attach, observe, read, readDouble } from '../../core/memory.js'

startCounting()

export const load = counted(real.load)
export const store = counted(real.store)
export const compareExchange = counted(real.compareExchange)
export const exchange = counted(real.exchange)
export const add = counted(real.add)
export const or = counted(real.or)
export const and = counted(real.and)
export const loadLong = counted(real.loadLong)
export const storeLong = counted(real.storeLong)
export const compareExchangeLong = counted(real.compareExchangeLong)
export const write = counted(real.write)
export const writeDouble = counted(real.writeDouble)
export const fill = counted(real.fill)
export const copy = counted(real.copy)
export const wait = counted(real.wait)
export const waitAsync = counted(real.waitAsync)
export const notify = counted(real.notify)
export const pause = counted(real.pause)

function counted<Args extends unknown[], Result>(
  operation: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    step()
    return operation(...args)
  }
}
