/**
 * Seam `#memory` for counting, by `node --conditions=millrace:count`: the real memory, and every
 * operation is counted for the function that asks for it.
 */
import * as real from '../../core/memory.js'
import { count, counted } from './tally.js'

export type { Region, WaitResult } from '../../core/memory.js'
export { allocate, attach, observe } from '../../core/memory.js'

export const load = counted('load', real.load)
export const store = counted('store', real.store)
export const compareExchange = counted('compareExchange', real.compareExchange)
export const exchange = counted('exchange', real.exchange)
export const add = counted('add', real.add)
export const or = counted('or', real.or)
export const and = counted('and', real.and)
export const loadLong = counted('load64', real.loadLong)
export const storeLong = counted('store64', real.storeLong)
export const compareExchangeLong = counted('compareExchange64', real.compareExchangeLong)
export const read = counted('plain', real.read)
export const write = counted('plain', real.write)
export const readDouble = counted('plain', real.readDouble)
export const writeDouble = counted('plain', real.writeDouble)
export const fill = counted('fill', real.fill)
export const wait = counted('wait', real.wait)
export const waitAsync = counted('waitAsync', real.waitAsync)
export const notify = counted('notify', real.notify)
export const pause = counted('pause', real.pause)

export function copy(
  target: real.ByteViews,
  at: number,
  source: real.ByteViews,
  from: number,
  to: number,
): void {
  count('copy', copy, to - from)
  real.copy(target, at, source, from, to)
}
