/** A checker that sees nothing finds nothing: each anomaly, made on purpose, must be reported. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MillraceError } from '../../workers/index.js'
import { Recorder } from '../history/recorder.js'
import { decodeSample, encodeSample, TORN } from './sample.js'
import type { Takeover } from './takeover-log.js'
import { judge, type Property, type Verdict, type Witness } from './verdict.js'

const EVENTS = 1000
const KEY = 3
const PRODUCER = 1
const WORKER = 2
const HEIR = 3
const OBSERVER = 4
const HEALTHY = { redelivered: 0, maybeLost: 0, deadLettered: 0, failed: 0, staleCommits: 0 }

/** A run that is written by hand. All samples have one key; the n-th has the value n. */
class Bench {
  readonly recorder = new Recorder(EVENTS)
  private readonly producer = this.recorder.lane(PRODUCER)
  private readonly worker = this.recorder.lane(WORKER)
  private readonly heir = this.recorder.lane(HEIR)
  readonly observer = this.recorder.lane(OBSERVER)

  /** Sends samples 0, 1, ... which lie at these offsets. */
  send(...offsets: number[]): this {
    for (const [value, offset] of offsets.entries()) {
      this.producer.sends(0, value, KEY)
      this.producer.sent(0, value, offset)
    }
    return this
  }

  /** The first worker is given the sample of this number. */
  give(value: number, offset: number): this {
    this.worker.polled(0, 0, offset, value)
    this.worker.handled(0, 0, offset)
    return this
  }

  /** Its handler throws at it. */
  fail(value: number, offset: number): this {
    this.worker.polled(0, 0, offset, value)
    this.worker.handlerFailed(0, 0, offset)
    return this
  }

  /** The other worker is given it. */
  giveHeir(value: number, offset: number): this {
    this.heir.polled(0, 0, offset, value)
    this.heir.handled(0, 0, offset)
    return this
  }

  judge(parts: Partial<Witness> = {}, takeovers: readonly Takeover[] = []): Verdict {
    const witness: Witness = {
      groupId: 'group',
      gate: 0,
      takeoverLog: { takeovers: () => [...takeovers] },
      stats: HEALTHY,
      deaths: new Map(),
      crashes: new Map(),
      startedAtMs: new Map(),
      interruptions: [],
      blocks: [],
      ...parts,
    }
    return judge(this.recorder, [witness])
  }

  broken(parts: Partial<Witness> = {}, takeovers: readonly Takeover[] = []): Property[] {
    const { findings } = this.judge(parts, takeovers)
    return [...new Set(findings.map(({ property }) => property))].sort()
  }
}

function takeover(lastOffset: number, firstOffset: number, atMs = 5): Takeover {
  return { atMs, partition: 0, from: WORKER, lastOffset, to: HEIR, firstOffset }
}

const DEATH = { fault: 'worker terminated', atMs: 2 }
const DEATHS = new Map([[WORKER, DEATH]])

test('what is right is not reported', () => {
  const bench = new Bench().send(10, 11, 15).give(0, 10).fail(1, 11).give(1, 11).give(2, 15)
  const verdict = bench.judge({ stats: { ...HEALTHY, failed: 1 } })
  assert.deepEqual(verdict.findings, [])
  assert.equal(verdict.duplicates, 0)
  assert.equal(verdict.lost, 0)
})

test('a sample whose filler is not its own is torn', () => {
  const bytes = encodeSample({ producer: 0, sequence: 1, key: KEY }, 9)
  assert.deepEqual(decodeSample(bytes, 0, bytes.length), { producer: 0, sequence: 1, key: KEY })
  assert.equal(decodeSample(bytes, 0, 9), undefined)
  bytes[20] = 7
  assert.equal(decodeSample(bytes, 0, bytes.length), undefined)
})

test('a torn record, and one that nobody sent, are phantoms', () => {
  assert.ok(new Bench().send(10).give(0, 10).give(TORN, 11).broken().includes('no-phantom'))
  assert.ok(new Bench().send(10).give(0, 10).give(7, 11).broken().includes('no-phantom'))
})

test('a record that was appended twice lies at two places', () => {
  const bench = new Bench().send(10).give(0, 10).give(0, 11)
  assert.ok(bench.broken().includes('no-duplicate-append'))
})

test('a record that is left out is lost', () => {
  const verdict = new Bench().send(10, 11, 12).give(0, 10).give(2, 12).judge()
  assert.equal(verdict.lost, 1)
  assert.ok(verdict.findings.some(({ property }) => property === 'no-loss'))
})

test('the last record is lost if nobody saw it, unless its send was not acknowledged', () => {
  const bench = new Bench().send(10, 11).give(0, 10)
  assert.equal(bench.judge().lost, 1)
  const other = new Bench().send(10).give(0, 10)
  other.recorder.lane(9).sends(0, 5, KEY)
  assert.deepEqual(other.broken(), [])
})

test('a record that one group never got is lost, though another one got it', () => {
  const bench = new Bench().send(10, 11).giveHeir(1, 11)
  bench.recorder.lane(9).polled(1, 0, 10, 0)
  bench.recorder.lane(9).polled(1, 0, 11, 1)
  assert.equal(bench.judge().lost, 1)
})

test('two records of a key that change places are reported', () => {
  const verdict = new Bench().send(10, 11).give(1, 11).give(0, 10).judge()
  assert.equal(verdict.reordered > 0, true)
})

test('sends that lie in another order than they were sent are reported', () => {
  assert.ok(new Bench().send(11, 10).give(1, 10).give(0, 11).broken().includes('order-per-key'))
})

test('a sample elsewhere than where send said is reported', () => {
  const bench = new Bench().send(10, 11).give(1, 10).give(0, 11)
  assert.ok(bench.broken().includes('offset-agreement'))
})

test('an owner that goes back is reported', () => {
  const bench = new Bench().send(10, 11).give(0, 10).give(1, 11).give(0, 10).give(1, 11)
  const stats = { ...HEALTHY, redelivered: 2 }
  assert.ok(bench.broken({ stats }).includes('single-owner'))
})

test('what was committed must not come again', () => {
  const bench = new Bench().send(10, 11).give(0, 10).give(1, 11)
  bench.observer.committed(0, 0, 11)
  bench.giveHeir(0, 10).giveHeir(1, 11)
  const parts = { stats: { ...HEALTHY, redelivered: 2 }, deaths: DEATHS }
  assert.deepEqual(bench.broken(parts), ['commit-never-regresses'])
})

test('a commit that covers what nobody has handled is reported', () => {
  const bench = new Bench().send(10, 11).give(0, 10)
  bench.observer.committed(0, 0, 12)
  assert.ok(bench.give(1, 11).broken().includes('no-loss'))
})

test('more duplicates than the engine admits are reported', () => {
  const bench = new Bench().send(10).give(0, 10).giveHeir(0, 10)
  assert.equal(bench.judge().duplicates, 1)
  assert.deepEqual(bench.broken({ stats: { ...HEALTHY, redelivered: 1 } }), [])
  assert.deepEqual(bench.broken(), ['bounded-duplicates'])
})

test('a partition that goes back although its owner lives is reported', () => {
  const bench = new Bench().send(10).give(0, 10)
  assert.deepEqual(bench.broken({}, [takeover(10, 10)]), ['single-owner'])
  assert.deepEqual(bench.broken({ deaths: DEATHS }, [takeover(10, 10)]), [])
  const stats = { ...HEALTHY, failed: 1 }
  assert.deepEqual(bench.broken({ stats }, [takeover(10, 10)]), [], 'a retry was pending')
})

test('a partition that goes back beyond what can be uncommitted is reported', () => {
  const bench = new Bench().send(10).give(0, 10)
  assert.deepEqual(bench.broken({ deaths: DEATHS }, [takeover(5000, 10)]), ['bounded-duplicates'])
})

test('a worker that dies of itself is reported, one that was killed is not', () => {
  const bench = new Bench().send(10).give(0, 10)
  const crashes = new Map([[WORKER, new Error('out of the blue')]])
  assert.deepEqual(bench.broken({ crashes }), ['no-error'])
  assert.deepEqual(bench.broken({ crashes, deaths: DEATHS }), [])
  const late = new Map([[WORKER, new MillraceError('HANDLER_TIMEOUT', 'too slow')]])
  assert.deepEqual(bench.broken({ crashes: late }, [takeover(10, 10)]), [])
})

test('recovery is timed from the death on, unless something was in its way', () => {
  const bench = new Bench().send(10).give(0, 10)
  const took = [takeover(10, 10, 5)]
  const timed = (parts: Partial<Witness>) =>
    bench.judge({ deaths: DEATHS, ...parts }, took).recoveries.map(({ to, timeMs }) => [to, timeMs])
  assert.deepEqual(timed({ startedAtMs: new Map([[HEIR, 1]]) }), [['survivor', 3]])
  assert.deepEqual(timed({}), [['newcomer', 3]])
  assert.deepEqual(timed({ blocks: [{ fromMs: 3, toMs: 4 }] }), [])
  assert.deepEqual(timed({ interruptions: [{ fromMs: 1, toMs: 3 }] }), [])
  assert.deepEqual(timed({ interruptions: [{ fromMs: 0, toMs: 1 }] }), [['newcomer', 3]])
})
