import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { json } from '../core/codec/json.js'
import { MillraceError } from '../core/errors.js'
import type { Engine } from './engine.js'
import { drain, fixture, openEngine, refusal, sendTogether, until } from './engine.test.helper.js'
import { Journal } from './journal.test.helper.js'

const ONE = { orders: { partitions: 1, codec: json(), memory: '64KiB' } }
const GROUP = { groupId: 'billing', topics: ['orders'], from: 'earliest' } as const

function temporaryFile(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Runs a handler that cannot work, and shows that nothing of it is left: a good one runs next. */
async function errorOf(engine: Engine, handler: URL | string): Promise<Error> {
  await sendTogether(engine, 'orders', [{ action: 'handle' }])
  const consumer = engine.consumer(GROUP)
  const error = await consumer.run({ workers: 2, handler }).then(
    () => assert.fail('it ran'),
    (reason: unknown) => reason,
  )
  assert.deepEqual(consumer.workers, [])
  const journal = Journal.create()
  const workerData = journal.region.buffer
  await consumer.run({ workers: 1, handler: fixture('obedient-handler'), workerData })
  await until('the message is handled', () => consumer.stats().processed === 1)
  await consumer.close()
  assert.deepEqual(journal.offsets(), [0])
  return error as Error
}

test('a handler file that is missing is refused with the reason', async (t) => {
  const engine = await openEngine(t, ONE)
  const error = await errorOf(engine, fixture('no-such-handler'))
  refusal('HANDLER_NOT_LOADED', 'no-such-handler.js')(error)
  assert.equal(Reflect.get(error.cause as Error, 'code'), 'ERR_MODULE_NOT_FOUND')
})

test('a handler file with a syntax error is refused with that error', async (t) => {
  const engine = await openEngine(t, ONE)
  const path = temporaryFile(t, 'handler.mjs', 'export default {{')
  // An absolute path does, too.
  const error = await errorOf(engine, path)
  refusal('HANDLER_NOT_LOADED', 'handler.mjs', 'Unexpected token')(error)
  assert.equal((error.cause as Error).name, 'SyntaxError')
})

test('a handler file of a kind that Node does not know is refused with that reason', async (t) => {
  const engine = await openEngine(t, ONE)
  const path = temporaryFile(t, 'handler.coffee', 'module.exports = ->')
  const error = await errorOf(engine, pathToFileURL(path).href)
  refusal('HANDLER_NOT_LOADED', 'handler.coffee')(error)
})

test('a handler file that throws while it loads is refused with what it threw', async (t) => {
  const engine = await openEngine(t, ONE)
  const error = await errorOf(engine, fixture('throwing-module'))
  refusal('HANDLER_NOT_LOADED', 'no configuration')(error)
  assert.equal((error.cause as Error).name, 'RangeError')
})

test('what a handler file throws need not be an error', async (t) => {
  const engine = await openEngine(t, ONE)
  const path = temporaryFile(t, 'handler.mjs', "throw 'no luck'")
  refusal('HANDLER_NOT_LOADED', 'no luck')(await errorOf(engine, path))
})

test('a handler with both functions is refused when its file loads', async (t) => {
  const engine = await openEngine(t, ONE)
  const error = await errorOf(engine, fixture('ambiguous-handler'))
  refusal('HANDLER_NOT_LOADED', 'eachMessage', 'eachBatch')(error)
  refusal('INVALID_OPTION')(error.cause)
})

test('a handler file that exports nothing usable is refused with what it exports', async (t) => {
  const engine = await openEngine(t, ONE)
  const error = await errorOf(engine, fixture('useless-module'))
  refusal('HANDLER_INVALID', 'defineHandler', 'default export')(error)
  assert.deepEqual((error as MillraceError).details.exports, ['eachMessage'])
})

for (const text of ['export default 5', 'export default null', 'export default {}']) {
  test(`a handler file with ${text} is refused`, async (t) => {
    const engine = await openEngine(t, ONE)
    const error = await errorOf(engine, temporaryFile(t, 'handler.mjs', text))
    refusal('HANDLER_INVALID', 'defineHandler')(error)
  })
}

test('what onStart throws is what run rejects with', async (t) => {
  const engine = await openEngine(t, ONE)
  const error = await errorOf(engine, fixture('failing-start'))
  assert.ok(!(error instanceof MillraceError))
  assert.equal(error.name, 'RangeError')
  assert.equal(error.message, 'no database')
})

test('the handler does not start for a group that is live with other settings', async (t) => {
  const engine = await openEngine(t, ONE)
  await engine.consumer(GROUP).run({ eachMessage() {} })
  const other = engine.consumer({ ...GROUP, retry: { attempts: 9 } })
  const text =
    'export default { onStart: ({ workerData }) => { workerData[0] = 1 }, eachMessage() {} }'
  const hasStarted = new Uint8Array(new SharedArrayBuffer(1))
  const handler = temporaryFile(t, 'handler.mjs', text)
  const running = other.run({ workers: 1, handler, workerData: hasStarted })
  await assert.rejects(running, refusal('GROUP_CONFLICT', 'policy'))
  assert.equal(hasStarted[0], 0)
  assert.deepEqual(other.workers, [])
})

test('a group that became another one while the handler started is refused', async (t) => {
  const engine = await openEngine(t, ONE)
  const text = `export default {
    async onStart({ workerData }) {
      workerData[0] = 1
      while (workerData[1] === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    },
    eachMessage() {},
  }`
  const steps = new Uint8Array(new SharedArrayBuffer(2))
  const handler = temporaryFile(t, 'handler.mjs', text)
  const running = engine.consumer(GROUP).run({ workers: 1, handler, workerData: steps })
  const refused = assert.rejects(running, refusal('GROUP_CONFLICT', 'policy'))
  await until('the handler starts', () => steps[0] === 1)
  await engine.consumer({ ...GROUP, retry: { attempts: 9 } }).run({ eachMessage() {} })
  steps[1] = 1
  await refused
})

test('a thread that ends in onStart is no crash of a running worker: run rejects', async (t) => {
  const engine = await openEngine(t, ONE)
  const text = 'export default { onStart: () => process.exit(3), eachMessage() {} }'
  const error = await errorOf(engine, temporaryFile(t, 'handler.mjs', text))
  assert.match(error.message, /exit/)
})

test('a handler produces from its own thread', async (t) => {
  const engine = await openEngine(t, {
    ...ONE,
    copies: { partitions: 2, codec: json(), memory: '64KiB' },
  })
  await sendTogether(engine, 'orders', ['a', 'b', 'c'])
  const consumer = engine.consumer(GROUP)
  const handler = fixture('copying-handler')
  await consumer.run({ workers: 1, handler, workerData: 'copies' })
  await until('all are copied', () => consumer.stats().processed === 3)
  const copies = await drain(engine, 'all', 'copies')
  assert.deepEqual(copies.map(({ value }) => value).sort(), ['a', 'b', 'c'])
})

test('worker data that cannot be cloned is refused before a thread is started', async (t) => {
  const engine = await openEngine(t, ONE)
  const consumer = engine.consumer(GROUP)
  const handler = fixture('obedient-handler')
  await assert.rejects(
    consumer.run({ workers: 1, handler, workerData: { callback: () => {} } }),
    refusal('INVALID_OPTION', 'workerData'),
  )
  assert.deepEqual(consumer.workers, [])
})
