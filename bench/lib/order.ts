import type { Tally } from './lane.js'

/** The object that all object rows send: four fields of three types. */
export interface Order {
  readonly id: number
  readonly customer: string
  readonly amount: number
  readonly paid: boolean
}

const CUSTOMERS = Array.from({ length: 1024 }, (_, index) => `customer-${index}`)

/** A new order, as an application would make it. */
export function createOrder(id: number): Order {
  return {
    id,
    customer: CUSTOMERS[id % CUSTOMERS.length] as string,
    amount: (id % 997) / 4,
    paid: id % 2 === 0,
  }
}

/** Makes one object the order with this id. */
export function fillOrder(
  order: { -readonly [Name in keyof Order]: Order[Name] },
  id: number,
): void {
  order.id = id
  order.customer = CUSTOMERS[id % CUSTOMERS.length] as string
  order.amount = (id % 997) / 4
  order.paid = id % 2 === 0
}

/** The orders from `from` on, at most `size` of them, but none from `count` on. */
export function createOrders(from: number, size: number, count: number): Order[] {
  const orders: Order[] = []
  for (let id = from; id < Math.min(from + size, count); id++) orders.push(createOrder(id))
  return orders
}

/** Touches every field of an order, so that a row cannot count what it only skips. */
export function touch(order: Order): number {
  return order.id * 3 + order.customer.length + order.amount + (order.paid ? 1 : 0)
}

/** Counts and touches the orders that arrive. */
export class OrderTally implements Tally {
  count = 0
  /** Not a field: some tiers of V8 allocate for each store of a number into a field. */
  readonly #sum = new Float64Array(1)

  add(order: Order): void {
    this.addTouched(touch(order))
  }

  /** @param touched what {@link touch} gave for an order, in another thread */
  addTouched(touched: number): void {
    this.#sum[0] = (this.#sum[0] as number) + touched
    this.count++
  }

  /** Throws unless exactly the orders 0 to count - 1 have been added. Starts again from 0. */
  settle(): void {
    let expected = 0
    for (let id = 0; id < this.count; id++) expected += touch(createOrder(id))
    if (this.#sum[0] !== expected) {
      throw new Error(`the ${this.count} orders received are not the ones that were sent`)
    }
    this.count = 0
    this.#sum[0] = 0
  }
}
