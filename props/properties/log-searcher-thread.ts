import { workerData } from 'node:worker_threads'
import { findTimestamp, pinOffset, pinOldest, placeReader, unpin } from '../../core/log/finder.js'
import { valueText } from '../../core/log/frames.test.helper.js'
import { DATA_WAITERS_WORD } from '../../core/log/layout.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { Reader } from '../../core/log/reader.js'
import { enlist } from '../../core/log/wait-set.js'
import * as memory from '../../core/memory.js'
import { ThreadTable } from '../../core/thread-table.js'

export interface SearcherData {
  readonly log: SharedArrayBuffer
  readonly threads: SharedArrayBuffer
  /** Word 0 counts what is wrong, word 1 the records that were read. */
  readonly findings: SharedArrayBuffer
  readonly slot: number
}

const WRONG = 0
const READ = 1

/** Reads from the oldest record, from the middle and by time, under pins that come and go. */
function search({ log: buffer, threads, findings, slot }: SearcherData): void {
  const log = new PartitionLog(memory.attach(buffer))
  const table = new ThreadTable(memory.attach(threads))
  const counts = memory.attach(findings).words
  const reader = new Reader(log, 0, 0)
  while (!table.closed) {
    const oldest = pinOldest(log, table, slot)
    reader.moveTo(oldest.position, oldest.offset)
    readRest(reader, counts)
    const end = reader.offset
    unpin(log, table, slot)

    const middle = Math.floor((oldest.offset + end) / 2)
    const place = pinOffset(log, table, slot, middle)
    if (place !== undefined) {
      placeReader(reader, place, middle)
      readRest(reader, counts)
      unpin(log, table, slot)
    }
    // Every frame has the same timestamp.
    if (findTimestamp(log, table, slot, 0) < oldest.offset) memory.add(counts, WRONG, 1)
    sleepAt(reader, table, slot)
  }
}

/** The numbers of each producer rise by one, whatever there is to read. */
function readRest(reader: Reader, counts: Int32Array): void {
  const newest = new Map<string, number>()
  do {
    while (reader.nextRecord()) {
      const [producer, number] = valueText(reader).split(':') as [string, string]
      const before = newest.get(producer)
      if (before !== undefined && Number(number) !== before + 1) memory.add(counts, WRONG, 1)
      newest.set(producer, Number(number))
      memory.add(counts, READ, 1)
    }
  } while (reader.next())
}

/** Until there is more than the reader has seen. */
function sleepAt(reader: Reader, table: ThreadTable, slot: number): void {
  const signal = table.signal(slot)
  enlist(reader.log.words, DATA_WAITERS_WORD, slot)
  if (reader.hasNext() || table.closed) return
  table.wait(slot, signal, Number.POSITIVE_INFINITY)
}

search(workerData as SearcherData)
