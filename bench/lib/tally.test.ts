import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOrder, createOrders, OrderTally } from './order.js'
import { RecordTally } from './record-tally.js'

test('orders that arrived as they were sent settle, run after run', () => {
  const tally = new OrderTally()
  for (let run = 0; run < 2; run++) {
    for (const order of createOrders(0, 3000, 3000)) tally.add(order)
    assert.equal(tally.count, 3000)
    tally.settle()
    assert.equal(tally.count, 0)
  }
})

test('a lost, a repeated or a changed order does not settle', () => {
  const orders = createOrders(0, 100, 100)
  const [first, ...others] = orders
  const changes = [
    [...others, createOrder(99)],
    [...orders, createOrder(0)],
    [{ ...createOrder(0), customer: 'someone else' }, ...others],
    [{ ...createOrder(0), amount: 1 }, ...others],
    [{ ...createOrder(0), paid: false }, ...others],
  ]
  assert.ok(first)
  for (const received of changes) {
    const tally = new OrderTally()
    for (const order of received) tally.add(order)
    assert.throws(() => tally.settle(), /are not the ones that were sent/)
  }
})

test('the last array of orders is as short as it has to be', () => {
  assert.deepEqual(
    createOrders(1000, 1000, 1002).map(({ id }) => id),
    [1000, 1001],
  )
})

test('a lost or a repeated record does not settle', () => {
  for (const received of [
    [0, 1, 3],
    [0, 1, 1, 2],
  ]) {
    const tally = new RecordTally()
    for (const number of received) tally.add(number)
    assert.throws(() => tally.settle(), /are not the ones that were sent/)
  }
})
