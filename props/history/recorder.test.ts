import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { checkHistory } from './checker.js'
import { EventKind } from './recorded-events.js'
import { Recorder } from './recorder.js'
import { type RecorderThreadData, valueAt } from './recorder-thread.js'

test('what was noted comes back as operations, in the order of time', () => {
  const recorder = new Recorder(100)
  const producer = recorder.lane(1)
  const member = new Recorder(recorder.buffer).lane(2)
  producer.sends(0, 10, 7)
  producer.sends(0, 11)
  member.took(3, 0, 5, 2 ** 40)
  producer.sent(0, 10, 2 ** 40)
  member.polled(3, 0, 2 ** 40, 10, 1)
  producer.sent(0, 11)
  member.handlerFailed(3, 0, 2 ** 40)
  member.buried(3, 0, 2 ** 40)
  member.committed(3, 0, 2 ** 40 + 1, 5)
  member.seeks(3, 0)
  member.sought(3, 0, 4)
  member.took(3, 1, 6, 0)
  member.gaveBack(3, 0)
  member.gap(3, 1, 5, 9, 2)
  producer.sends(1, 12)
  producer.sendFailed(1, 12)
  producer.died(2)
  producer.committed(3, 0, 9)
  producer.peeked(3, 0, 4)

  const m = { process: 2, type: 'ok', group: 'group-3' }
  const offset = 2 ** 40
  const wanted = [
    {
      process: 1,
      type: 'invoke',
      f: 'send',
      value: [
        ['send', '0', 10, { key: '7' }],
        ['send', '0', 11],
      ],
    },
    { ...m, f: 'assign', value: ['0'], owned: { 0: { epoch: 5, from: offset } } },
    { ...m, f: 'poll', value: [['poll', { 0: [[offset, 10]] }]], attempt: 1 },
    {
      process: 1,
      type: 'ok',
      f: 'send',
      value: [
        ['send', '0', [offset, 10]],
        ['send', '0', [null, 11]],
      ],
    },
    { ...m, type: 'fail', f: 'handle', value: { 0: [offset] } },
    { ...m, f: 'dead-letter', value: { 0: [offset] } },
    { ...m, f: 'commit', value: { 0: { offset: offset + 1, epoch: 5 } } },
    { ...m, type: 'invoke', f: 'seek', value: { 0: null } },
    { ...m, f: 'seek', value: { 0: 4 } },
    { ...m, f: 'assign', value: ['0', '1'], owned: { 1: { epoch: 6, from: 0 } } },
    { ...m, f: 'assign', value: ['1'] },
    { ...m, f: 'gap', value: { 1: { from: 5, to: 9, count: 2 } } },
    { process: 1, type: 'invoke', f: 'send', value: [['send', '1', 12]] },
    { process: 1, type: 'fail', f: 'send', value: [['send', '1', [null, 12]]] },
    { process: 1, type: 'info', f: 'death', value: 2 },
    { ...m, process: 1, f: 'commit', value: { 0: { offset: 9 } } },
    { ...m, process: 1, f: 'peek', value: { 0: [4] } },
  ]
  assert.deepEqual(
    recorder.history(),
    wanted.map((operation, index) => ({ index, ...operation })),
  )
})

test('what was sent and polled by the book is clean; the same record at two offsets is not', () => {
  const history = (offset: number) => {
    const recorder = new Recorder(10)
    const lane = recorder.lane(1)
    lane.sends(0, 10)
    lane.sent(0, 10, 5)
    recorder.lane(2).polled(0, 0, offset, 10)
    return recorder.history()
  }
  assert.deepEqual(checkHistory(history(5), { drained: true }), {})
  assert.deepEqual(Object.keys(checkHistory(history(6))), ['duplicate'])
})

test('a recorder that had no room says so, and gives no history', () => {
  const recorder = new Recorder(1)
  const lane = recorder.lane(1)
  while (!recorder.isFull) lane.sends(0, 1)
  lane.sends(0, 1)
  assert.throws(() => recorder.history(), /no room/)
})

test('threads die at any instruction: an event is there whole or not at all', async () => {
  for (let process = 0; process < 6; process++) {
    const recorder = new Recorder(500_000)
    const workerData: RecorderThreadData = { buffer: recorder.buffer, process }
    const worker = new Worker(new URL('./recorder-thread.js', import.meta.url), { workerData })
    const exit = once(worker, 'exit')
    while (recorder.count === 0) await sleep(1)
    await worker.terminate()
    await exit
    let next = 0
    for (const event of recorder.events()) {
      const value = valueAt(process, next)
      const place = { kind: EventKind.POLLED, process, group: process, partition: next % 4 }
      assert.deepEqual(event, { ...place, extra: 1 + (next % 2), number: next, value })
      next++
    }
    // A ticket without an event is that of the instruction at which the thread died.
    assert.ok(next > 0 && next >= recorder.count - 1)
  }
})
