/** A checker that sees nothing finds nothing: each anomaly, made on purpose, must be reported. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type Anomaly, GroupLedger } from './group-ledger.js'
import { encodeSample, keyText, type Sample } from './sample.js'
import { placeOf, SendLedger } from './send-ledger.js'
import { judgeGroup, type Property, type Witness } from './verdict.js'

const KEY = 3

class Bench {
  readonly sends = new SendLedger()
  readonly group = new GroupLedger()

  constructor(tried: number) {
    this.sends.setTried(0, tried)
  }

  /** The handler is given the sample of this number, all with one key. */
  deliver(sequence: number, offset: number, changes: Partial<Sample> = {}, attempt = 1): void {
    const sample = { producer: 0, sequence, key: KEY, keySequence: sequence, ...changes }
    this.deliverBytes(encodeSample(sample, 9), offset, attempt)
  }

  deliverBytes(bytes: Buffer, offset: number, attempt = 1): void {
    this.group.observe(this.sends, 0, offset, keyText(KEY), bytes, 0, bytes.length, attempt)
  }

  get seen(): Anomaly[] {
    return this.group.anomalies().map(({ what }) => what)
  }
}

test('what is right is not reported', () => {
  const bench = new Bench(4)
  bench.deliver(0, 10)
  bench.deliver(1, 11)
  bench.deliver(1, 11, {}, 2)
  bench.deliver(2, 15)
  assert.deepEqual(bench.seen, [])
  assert.equal(bench.group.duplicates, 0)
  assert.equal(bench.group.deliveries(0), 4)
})

test('a record whose filler is not its own is torn', () => {
  const bench = new Bench(4)
  const bytes = encodeSample({ producer: 0, sequence: 1, key: KEY, keySequence: 0 }, 9)
  bytes[20] = 7
  bench.deliverBytes(bytes, 10)
  bench.deliverBytes(bytes.subarray(0, 9), 11)
  bench.deliver(2, 12, { key: KEY + 1, keySequence: 0 })
  assert.deepEqual(bench.seen, ['torn record', 'torn record', 'torn record'])
})

test('a record that nobody sent is a phantom', () => {
  const bench = new Bench(4)
  bench.deliver(4, 10, { keySequence: 0 })
  bench.deliver(0, 11, { producer: 1 })
  assert.deepEqual(bench.seen, ['phantom record', 'phantom record'])
})

test('a record that was appended twice lies at two places', () => {
  const bench = new Bench(4)
  bench.deliver(0, 10)
  bench.deliver(0, 11)
  assert.deepEqual(bench.seen, ['record at two places'])
})

test('a record that is left out shows with the next one of its key', () => {
  const bench = new Bench(4)
  bench.deliver(0, 10)
  bench.deliver(2, 11)
  assert.deepEqual(bench.seen, ['skipped record of a key'])
})

test('two records of a key that change places are reported, each in its way', () => {
  const bench = new Bench(4)
  bench.deliver(2, 10)
  bench.deliver(0, 11)
  assert.deepEqual(bench.seen, ['skipped record of a key', 'reordered record of a key'])
})

test('an owner that goes back is reported, unless it is a retry', () => {
  const bench = new Bench(4)
  bench.deliver(0, 10)
  bench.deliver(1, 11)
  bench.deliver(0, 10)
  assert.deepEqual(bench.seen, ['rewind within one ownership'])
  assert.equal(bench.group.duplicates, 1)
})

test('what was committed must not come again', () => {
  const bench = new Bench(4)
  bench.group.raiseFloor(0, 11)
  bench.deliver(0, 10)
  assert.deepEqual(bench.seen, ['redelivery of a committed record'])
})

const HEALTHY = { redelivered: 0, maybeLost: 0, deadLettered: 0, failed: 0 }

function judge(bench: Bench, stats = HEALTHY, parts: Partial<Witness> = {}): Property[] {
  const witness: Witness = {
    groupId: 'group',
    ledger: bench.group,
    stats,
    deaths: new Map(),
    crashes: new Map(),
    startedAtMs: new Map(),
    interruptions: [],
    blocks: [],
    ...parts,
  }
  const { findings } = judgeGroup(bench.sends, 1, witness)
  return findings.map(({ property }) => property)
}

test('an acknowledged sample that nobody saw is lost, one that was only tried is not', () => {
  const bench = new Bench(3)
  bench.deliver(0, 10)
  bench.sends.setAcknowledged(0, 1)
  assert.deepEqual(judge(bench), [])
  bench.sends.setAcknowledged(0, 2)
  assert.deepEqual(judge(bench), ['no-loss'])
})

test('a sample elsewhere than where send said is reported', () => {
  const bench = new Bench(3)
  bench.deliver(0, 10)
  bench.sends.setPlace(0, 0, placeOf(0, 10))
  assert.deepEqual(judge(bench), [])
  bench.sends.setPlace(0, 0, placeOf(0, 9))
  assert.deepEqual(judge(bench), ['offset-agreement'])
})

test('more duplicates than the engine admits are reported', () => {
  const bench = new Bench(3)
  bench.deliver(0, 10)
  bench.deliver(0, 10)
  const owned = { ...HEALTHY, redelivered: 1 }
  assert.deepEqual(judge(bench, owned), ['single-owner'])
  assert.deepEqual(judge(bench), ['single-owner', 'bounded-duplicates'])
})

test('a worker that dies of itself is reported, one that was killed is not', () => {
  const bench = new Bench(3)
  const crashes = new Map([[7, new Error('out of the blue')]])
  assert.deepEqual(judge(bench, HEALTHY, { crashes }), ['no-error'])
  const deaths = new Map([[7, { fault: 'worker terminated', atMs: 0 }]])
  assert.deepEqual(judge(bench, HEALTHY, { crashes, deaths }), [])
})

test('a partition that goes back although its owner lives is reported', async () => {
  const bench = new Bench(3)
  bench.deliver(0, 10)
  bench.deliver(1, 11)
  await deliverInOtherThread(bench, 10)
  const [takeover] = bench.group.takeovers()
  assert.equal(takeover?.lastOffset, 11)
  assert.equal(takeover?.firstOffset, 10)
  assert.deepEqual(judge(bench, { ...HEALTHY, redelivered: 1 }), ['single-owner'])
})

/** The first sample again, seen by a handler in a thread of its own. */
async function deliverInOtherThread(bench: Bench, offset: number): Promise<void> {
  const worker = new Worker(
    `const { workerData: data } = require('node:worker_threads')
     import(data.module).then(({ GroupLedger }) => import(data.sendModule).then(({ SendLedger }) => {
       const bytes = Buffer.from(data.bytes)
       new GroupLedger(data.group, data.times).observe(
         new SendLedger(data.sends), 0, data.offset, data.key, bytes, 0, bytes.length, 1)
     }))`,
    {
      eval: true,
      workerData: {
        module: import.meta.resolve('./group-ledger.js'),
        sendModule: import.meta.resolve('./send-ledger.js'),
        bytes: encodeSample({ producer: 0, sequence: 0, key: KEY, keySequence: 0 }, 9),
        key: keyText(KEY),
        group: bench.group.buffer,
        times: bench.group.timesBuffer,
        sends: bench.sends.buffer,
        offset,
      },
    },
  )
  await once(worker, 'exit')
}
