import { json } from '../../workers/index.js'
import type { Order } from '../lib/order.js'
import type { Load, Measurement, Settings } from '../lib/row.js'
import { measureObjects } from './objects.js'

export function measure(load: Load, settings: Settings): Promise<Measurement> {
  return measureObjects(json<Order>(), load, settings)
}
