import { isMainThread, workerData } from 'node:worker_threads'
import { Appender } from '../../core/log/appender.js'
import { frameOfValues } from '../../core/log/frames.test.helper.js'
import { SPACE_WAITERS_WORD } from '../../core/log/layout.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { enlist } from '../../core/log/wait-set.js'
import * as memory from '../../core/memory.js'
import { ThreadTable } from '../../core/thread-table.js'
import { Recorder } from '../history/recorder.js'

export interface ProducerData {
  readonly log: SharedArrayBuffer
  readonly threads: SharedArrayBuffer
  /** One word for each producer: how many of its records are acknowledged. */
  readonly acknowledged: SharedArrayBuffer
  /** The buffer of a {@link Recorder}. */
  readonly events: SharedArrayBuffer
  readonly producer: number
  readonly slot: number
}

/** What a record is called in the history. */
export function recordValue(producer: number, number: number): number {
  return producer * 2 ** 32 + number
}

/** Each frame is written that often, so that many deaths come between claim and publish. */
const FILLS = 50

/** Sends numbered records until the threads' table is closed or somebody ends this thread. */
function produce(data: ProducerData): void {
  const { log: buffer, threads, acknowledged, events, producer, slot } = data
  const log = new PartitionLog(memory.attach(buffer))
  const table = new ThreadTable(memory.attach(threads))
  const counts = memory.attach(acknowledged).words
  const appender = new Appender(log, table, slot)
  const lane = new Recorder(events).lane(producer)
  for (let next = 0; !table.closed; ) {
    const records = 1 + (next % 3)
    const values = Array.from({ length: records }, (_, index) => `${producer}:${next + index}`)
    const frame = frameOfValues(values, 1 + (next % 4))
    for (let index = 0; index < records; index++) lane.sends(0, recordValue(producer, next + index))
    while (!appender.claim(frame)) {
      const signal = table.signal(slot)
      enlist(log.words, SPACE_WAITERS_WORD, slot)
      if (table.closed) return
      if (appender.claim(frame)) break
      table.wait(slot, signal, Number.POSITIVE_INFINITY)
    }
    for (let fill = 0; fill < FILLS; fill++) appender.fill(frame)
    if (!appender.publish()) throw new Error('the frame of a living thread was aborted')
    for (let index = 0; index < records; index++) {
      lane.sent(0, recordValue(producer, next + index), appender.claimedOffset + index)
    }
    next += records
    memory.store(counts, producer, next)
  }
}

if (!isMainThread) produce(workerData as ProducerData)
