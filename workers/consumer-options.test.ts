import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '../core/codec/json.js'
import { checkConsumerOptions } from './consumer-options.js'
import { openEngine, refusal } from './engine.test.helper.js'
import { defineHandler } from './worker.js'

const ONE = { orders: { partitions: 1, codec: json(), memory: '64KiB' } }
const GOOD = { groupId: 'billing', topics: ['orders'] }

const BAD_OPTIONS: readonly [string, unknown, string, ...string[]][] = [
  ['nothing', undefined, 'INVALID_OPTION', 'consumer', 'undefined'],
  ['an unknown option', { ...GOOD, group: 'x' }, 'UNKNOWN_OPTION', 'consumer.group', 'groupId'],
  ['no groupId', { topics: ['orders'] }, 'INVALID_OPTION', 'groupId', 'undefined'],
  ['an empty groupId', { ...GOOD, groupId: '' }, 'INVALID_OPTION', 'groupId', '1 to 200'],
  ['a groupId with spaces', { ...GOOD, groupId: 'a b' }, 'INVALID_OPTION', "'a b'"],
  ['a long groupId', { ...GOOD, groupId: 'x'.repeat(201) }, 'INVALID_OPTION', 'groupId'],
  ['one topic as a text', { ...GOOD, topics: 'orders' }, 'INVALID_OPTION', 'topics', "'orders'"],
  ['no topics', { ...GOOD, topics: [] }, 'INVALID_OPTION', 'topics'],
  ['a topic twice', { ...GOOD, topics: ['orders', 'orders'] }, 'INVALID_OPTION', 'topics'],
  ['a bad from', { ...GOOD, from: 'start' }, 'INVALID_OPTION', "'earliest' or 'latest'", "'start'"],
  ['a bad delivery', { ...GOOD, delivery: 'exactly-once' }, 'INVALID_OPTION', 'at-most-once'],
  ['a bad deadLetter', { ...GOOD, deadLetter: 'dlq' }, 'INVALID_OPTION', 'deadLetter', "'dlq'"],
  ['bad retries', { ...GOOD, retry: { attempts: 0 } }, 'INVALID_OPTION', 'retry.attempts', '0'],
  ['no time', { ...GOOD, handlerTimeoutMs: 0 }, 'INVALID_OPTION', 'handlerTimeoutMs', '1 to'],
  ['a text as time', { ...GOOD, handlerTimeoutMs: '1s' }, 'INVALID_OPTION', "'1s'"],
]
for (const [what, options, code, ...parts] of BAD_OPTIONS) {
  test(`a consumer with ${what} is refused`, () => {
    assert.throws(() => checkConsumerOptions(options as never), refusal(code, ...parts))
  })
}

test('options have the defaults that their documentation says', () => {
  assert.deepEqual(checkConsumerOptions(GOOD), {
    group: {
      groupId: 'billing',
      settings: {
        topics: ['orders'],
        from: 'latest',
        deadLetter: true,
        policy: '{"delivery":"at-least-once","retry":{}}',
      },
      isAtMostOnce: false,
      handlerTimeoutMs: Number.POSITIVE_INFINITY,
    },
    retry: {},
  })
})

const HANDLER = new URL('file:///handler.js')
const BAD_RUNS: readonly [string, unknown, string, ...string[]][] = [
  ['nothing', undefined, 'INVALID_OPTION', 'run', 'undefined'],
  ['no handler', {}, 'INVALID_OPTION', 'eachMessage'],
  ['workers without a handler', { workers: 2 }, 'INVALID_OPTION', 'handler', 'undefined'],
  ['a handler without workers', { handler: HANDLER }, 'INVALID_OPTION', 'workers', 'undefined'],
  ['no workers', { workers: 0, handler: HANDLER }, 'INVALID_OPTION', 'workers', '1 to 200'],
  ['too many workers', { workers: 201, handler: HANDLER }, 'INVALID_OPTION', '201'],
  ['a relative path', { workers: 1, handler: './handler.js' }, 'INVALID_OPTION', './handler.js'],
  ['a function as handler', { workers: 1, handler: () => {} }, 'INVALID_OPTION', 'a function'],
  ['an unknown option', { workers: 1, handler: HANDLER, env: {} }, 'UNKNOWN_OPTION', 'run.env'],
  [
    'a number as limits',
    { workers: 1, handler: HANDLER, resourceLimits: 64 },
    'INVALID_OPTION',
    'resourceLimits',
  ],
  [
    'an unknown limit',
    { workers: 1, handler: HANDLER, resourceLimits: { heapMb: 64 } },
    'UNKNOWN_OPTION',
    'resourceLimits.heapMb',
  ],
  [
    'a limit of nothing',
    { workers: 1, handler: HANDLER, resourceLimits: { stackSizeMb: 0 } },
    'INVALID_OPTION',
    'resourceLimits.stackSizeMb',
  ],
  ['two handlers', { eachMessage() {}, eachBatch() {} }, 'INVALID_OPTION', 'one function'],
  ['a handler that is none', { eachMessage: 'x' }, 'INVALID_OPTION', 'one function'],
  ['an unknown handler', { eachRecord() {} }, 'UNKNOWN_OPTION', 'run.eachRecord', 'eachBatch'],
]
for (const [what, options, code, ...parts] of BAD_RUNS) {
  test(`run with ${what} is refused, and may be called again`, async (t) => {
    const engine = await openEngine(t, ONE)
    const consumer = engine.consumer(GOOD)
    await assert.rejects(consumer.run(options as never), refusal(code, ...parts))
    await consumer.run({ eachMessage() {} })
    await assert.rejects(consumer.run({ eachMessage() {} }), refusal('CONSUMER_RUNNING', 'billing'))
  })
}

test('a consumer of an unknown topic is refused', async (t) => {
  const engine = await openEngine(t, ONE)
  const options = { groupId: 'billing', topics: ['orders', 'order'] }
  assert.throws(() => engine.consumer(options), refusal('UNKNOWN_TOPIC', "'order'", 'orders'))
})

test('two live consumers of one group must have the same settings', async (t) => {
  const engine = await openEngine(t, { ...ONE, other: ONE.orders })
  const first = engine.consumer({ ...GOOD, retry: { attempts: 2 } })
  await first.run({ eachMessage() {} })
  const others = [
    [{ ...GOOD, retry: { attempts: 3 } }, 'policy'],
    [{ ...GOOD, retry: { attempts: 2 }, from: 'earliest' }, 'from'],
    [{ ...GOOD, retry: { attempts: 2 }, deadLetter: false }, 'deadLetter'],
    [{ ...GOOD, retry: { attempts: 2 }, topics: ['other'] }, 'topics'],
  ] as const
  for (const [options, field] of others) {
    const second = engine.consumer(options)
    await assert.rejects(
      second.run({ eachMessage() {} }),
      refusal('GROUP_CONFLICT', "'billing'", field),
    )
    const handler = HANDLER
    await assert.rejects(second.run({ workers: 1, handler }), refusal('GROUP_CONFLICT', field))
  }
  const same = engine.consumer({ ...GOOD, retry: { attempts: 2 } })
  await same.run({ eachMessage() {} })
  await same.close()
  await first.close()
  // Nobody lives there any more: other settings may move in.
  const next = engine.consumer({ ...GOOD, topics: ['orders', 'other'], deadLetter: false })
  await next.run({ eachMessage() {} })
})

test('defineHandler wants one of its two functions', () => {
  const handler = { eachMessage() {} }
  assert.equal(defineHandler(handler), handler)
  for (const bad of [undefined, null, 5, {}, { eachMessage() {}, eachBatch() {} }]) {
    assert.throws(() => defineHandler(bad as never), refusal('INVALID_OPTION', 'handler'))
  }
})
