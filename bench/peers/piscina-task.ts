import { type Order, touch } from '../lib/order.js'

export default function task(order: Order): number {
  return touch(order)
}
