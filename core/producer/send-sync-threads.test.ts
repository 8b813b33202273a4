/* With a real thread: what the others show by steps, once as it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { utf8 } from '../codec/utf8.js'
import { Fixture } from './fixture.test.helper.js'

/** Four segments of 256 bytes. */
const TINY = { codec: utf8(), memory: 1024 }

/** Lets everything run that does not need to wait. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Reads on in a thread of its own until it has seen a number of records. */
const DRAINING_WORKER = `
const { workerData } = require('node:worker_threads')
const load = (path) => import(new URL(path, workerData.base))
Promise.all([
  load('../memory.js'), load('../log/partition-log.js'), load('../thread-table.js'),
  load('./fixture.test.helper.js'), load('../codec/utf8.js'),
]).then(([memory, { PartitionLog }, { ThreadTable }, { Consumer }, { utf8 }]) => {
  const log = new PartitionLog(memory.attach(workerData.log))
  const table = new ThreadTable(memory.attach(workerData.table))
  const consumer = new Consumer(log, utf8(), 0, table, workerData.slot)
  let seen = 0
  consumer.hold()
  memory.store(new Int32Array(workerData.ready), 0, 1)
  memory.notify(new Int32Array(workerData.ready), 0)
  while (seen < workerData.count) seen += consumer.drain().length
})
`

test('sendSync blocks until another thread makes space', async () => {
  const fixture = new Fixture(TINY)
  const [log] = fixture.topic.logs
  fixture.hold()
  const count = 2000
  const ready = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(DRAINING_WORKER, {
    eval: true,
    workerData: {
      base: import.meta.url,
      log: log?.region.buffer,
      table: fixture.table.region.buffer,
      slot: fixture.table.takeSlot(),
      ready: ready.buffer,
      count,
    },
  })
  const ended = new Promise((resolve, reject) => {
    worker.on('exit', resolve)
    worker.on('error', reject)
  })
  while (ready[0] === 0) await settle()
  fixture.consumers[0]?.release()
  for (let number = 0; number < count; number++) {
    fixture.publisher.sendSync(null, `${number}`.padEnd(150))
  }
  await fixture.publisher.flushed()
  assert.equal(await ended, 0)
})
