import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import * as cursor from '../../core/group/cursor.js'
import { Appender } from '../../core/log/appender.js'
import { valueText } from '../../core/log/frames.test.helper.js'
import { countGaps } from '../../core/log/gaps.js'
import { type LogGeometry, PartitionLog } from '../../core/log/partition-log.js'
import { Reader } from '../../core/log/reader.js'
import { repairLog } from '../../core/log/repair.js'
import { readTail } from '../../core/log/tail.js'
import * as memory from '../../core/memory.js'
import { ThreadTable } from '../../core/thread-table.js'
import { assertClean } from '../history/checker.js'
import { Recorder } from '../history/recorder.js'
import { type ProducerData, recordValue } from './log-producer-thread.js'
import type { SearcherData } from './log-searcher-thread.js'

const GATE = 0
const PRODUCERS_MAX = 256
const KILLS = 20
const EVENTS_MAX = 2_000_000
/** The number of this thread in the history: no producer has it. */
const READER = PRODUCERS_MAX
/** Records that must be read after each death before the next one. */
const PROGRESS_RECORDS = 100

interface LiveThread {
  readonly worker: Worker
  readonly slot: number
  readonly exit: Promise<unknown>
}

/** A log in which the threads of a kind are ended at random, while this thread reads all of it. */
class Run {
  readonly log: PartitionLog
  readonly table = ThreadTable.create()
  readonly acknowledged = memory.allocate(PRODUCERS_MAX * 4)
  readonly findings = memory.allocate(16)
  readonly recorder = new Recorder(EVENTS_MAX)
  /** Of each producer, the number that its next record must have. */
  readonly next: number[] = []
  records = 0
  aborted = 0
  private readonly reader: Reader
  private readonly lane = this.recorder.lane(READER)
  private readonly epoch: number
  private committed: number
  private producers = 0
  private isReading = true
  private readonly workers: Worker[] = []

  constructor(geometry: LogGeometry) {
    this.log = PartitionLog.create(geometry)
    const { position, offset } = readTail(this.log)
    cursor.activateGate(this.log, GATE, offset)
    const owned = cursor.acquire(this.log, GATE, 1) as cursor.Ownership
    this.epoch = owned.epoch
    this.committed = owned.committed
    this.lane.took(GATE, 0, owned.epoch, owned.committed)
    this.reader = new Reader(this.log, position, offset)
  }

  startProducer(): LiveThread {
    const producer = this.producers++
    this.next.push(0)
    return this.start('./log-producer-thread.js', {
      acknowledged: this.acknowledged.buffer,
      events: this.recorder.buffer,
      producer,
    })
  }

  startSearcher(): LiveThread {
    return this.start('./log-searcher-thread.js', { findings: this.findings.buffer })
  }

  private start(
    file: './log-producer-thread.js' | './log-searcher-thread.js',
    data: Partial<ProducerData & SearcherData>,
  ): LiveThread {
    const slot = this.table.takeSlot()
    const log = this.log.region.buffer
    const threads = this.table.region.buffer
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: { ...data, log, threads, slot },
    })
    this.workers.push(worker)
    return { worker, slot, exit: once(worker, 'exit') }
  }

  /** Ends a thread wherever it is, and cleans up after it as the supervisor does. */
  async kill({ worker, slot, exit }: LiveThread): Promise<void> {
    await worker.terminate()
    await exit
    this.aborted += repairLog(this.log, this.table, slot)
    this.table.wakeAll()
    this.table.freeSlot(slot)
  }

  /** Reads and commits until it is told to stop, and then to the end. */
  async read(): Promise<void> {
    while (this.isReading || this.reader.hasNext()) {
      for (let frames = 0; frames < 50 && this.reader.next(); frames++) {
        cursor.hold(this.log, GATE, this.reader.offset)
        while (this.reader.nextRecord()) this.check()
      }
      cursor.hold(this.log, GATE, this.reader.offset)
      this.commit()
      await setImmediate()
    }
  }

  private check(): void {
    const [producer, number] = valueText(this.reader).split(':').map(Number) as [number, number]
    this.lane.polled(GATE, 0, this.reader.recordOffset, recordValue(producer, number))
    assert.equal(number, this.next[producer], `producer ${producer} lost or doubled a record`)
    this.next[producer] = number + 1
    this.records++
  }

  private commit(): void {
    const { offset } = this.reader
    if (offset === this.committed) return
    assert.ok(cursor.commit(this.log, this.table, GATE, this.epoch, this.committed, offset))
    this.committed = offset
    this.lane.committed(GATE, 0, offset, this.epoch)
  }

  /** A stall makes this wait for ever. */
  async progress(): Promise<void> {
    const enough = this.records + PROGRESS_RECORDS
    while (this.records < enough) await setImmediate()
  }

  /** Ends whatever a test that failed has left running. */
  async end(): Promise<void> {
    this.isReading = false
    await Promise.all(this.workers.map((worker) => worker.terminate()))
  }

  async finish(threads: readonly LiveThread[]): Promise<void> {
    this.table.close()
    for (const { exit } of threads) await exit
    this.isReading = false
  }

  checkEverything(startOffset: number): void {
    for (let producer = 0; producer < this.producers; producer++) {
      const acknowledged = memory.load(this.acknowledged.words, producer)
      const read = this.next[producer] as number
      assert.ok(read >= acknowledged, `producer ${producer}: ${acknowledged - read} records lost`)
      assert.ok(read - acknowledged <= 3, 'one frame at most was published and not acknowledged')
    }
    const slot = this.table.takeSlot()
    assert.equal(new Appender(this.log, this.table, slot).endOffset(), this.reader.offset)
    const gaps = this.reader.offset - startOffset - this.records
    assert.ok(gaps >= this.aborted && gaps <= 3 * this.aborted, `${gaps} of ${this.aborted} frames`)
    assert.equal(countGaps(this.log, this.reader, this.reader.offset, this.reader.offset + 1), 0)
    assert.equal(memory.load(this.findings.words, 0), 0, 'what the searchers found wrong')
    assertClean(this.recorder.history(), { drained: true })
  }
}

/** Kills some threads one after the other, each of which is replaced at once. */
async function killAll(run: Run, threads: LiveThread[], start: () => LiveThread): Promise<void> {
  for (let kill = 0; kill < KILLS; kill++) {
    await setTimeout(Math.random() * 12)
    const index = Math.floor(Math.random() * threads.length)
    await run.kill(threads[index] as LiveThread)
    threads[index] = start()
    await run.progress()
  }
}

/** Producers are asleep most of the time in the first, and at work in the second. */
for (const [kind, segmentGranules] of [
  ['full', 8],
  ['roomy', 1024],
] as const) {
  test(`producers are killed anywhere, in a ${kind} log that wraps: nothing is lost`, async (context) => {
    const startPosition = 2 ** 32 - 4 * segmentGranules
    const startOffset = 2 ** 32 - 500
    const run = new Run({ segmentCount: 4, segmentGranules, startPosition, startOffset })
    context.after(() => run.end())
    const producers = Array.from({ length: 3 }, () => run.startProducer())
    const reading = run.read()
    await Promise.race([killAll(run, producers, () => run.startProducer()), reading])
    await run.finish(producers)
    await reading
    run.checkEverything(startOffset)
  })
}

test('readers are killed anywhere, with pins and in their sleep: the log goes on', async (context) => {
  const run = new Run({ segmentCount: 8, segmentGranules: 8 })
  context.after(() => run.end())
  const producers = Array.from({ length: 2 }, () => run.startProducer())
  const searchers = Array.from({ length: 2 }, () => run.startSearcher())
  const reading = run.read()
  await Promise.race([killAll(run, searchers, () => run.startSearcher()), reading])
  await run.finish([...producers, ...searchers])
  await reading
  run.checkEverything(0)
  assert.ok(memory.load(run.findings.words, 1) > 0, 'the searchers have read')
})
