import { msgpack } from '../../core/codec/msgpack.js'
import type { Order } from '../lib/order.js'
import type { Load, Measurement, Settings } from '../lib/row.js'
import { measureObjects } from './objects.js'

const STRUCTURES = [['id', 'customer', 'amount', 'paid']]

/** With the names of the properties in each message, or without (`structures`). */
export function measure(load: Load, settings: Settings): Promise<Measurement> {
  const options = settings.structures === 1 ? { structures: STRUCTURES } : {}
  return measureObjects(msgpack<Order>(options), load, settings)
}
