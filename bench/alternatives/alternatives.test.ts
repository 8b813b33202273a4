import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activateGate, commit, ownership } from '../../core/group/cursor.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { Reader } from '../../core/log/reader.js'
import * as memory from '../../core/memory.js'
import { ThreadTable } from '../../core/thread-table.js'
import { type Alternative, createCoordination } from './alternative.js'
import { alternative as bufferCopy } from './buffer-copy.js'
import { alternative as compareExchange } from './compare-exchange.js'
import { alternative as exclusive } from './exclusive.js'
import { alternative as exclusivePlain } from './exclusive-plain.js'
import { alternative as fetchAdd } from './fetch-add.js'
import { alternative as fetchAddPosition } from './fetch-add-position.js'
import { alternative as lock } from './lock.js'
import { createMemory, createMemoryCopy } from './memory-copy.js'
import { alternative as splitClaims } from './split-claims.js'
import { alternative as webAssembly } from './web-assembly.js'

const GATE = 0
const GEOMETRY = { segmentCount: 4, segmentGranules: 128 }
const VALUE_BYTES = 64
/** 1 to 40: frames of several lengths, so that segments end in pads of several lengths. */
const COUNTS_MAX = 40
const FRAMES = 3000

/** Appends frame after frame by the producers in turn, reads each, and gives all that was read. */
function roundTrip(alternative: Alternative, producers: number): number[] {
  const buffer = alternative.createLog(GEOMETRY)
  const log = new PartitionLog(memory.attach(buffer))
  const threads = ThreadTable.create()
  activateGate(log, GATE, 0)
  const coordination = createCoordination(GEOMETRY)
  const joined = Array.from({ length: producers }, () =>
    alternative.join({ log, threads, coordination }),
  )
  const [first] = joined
  assert.ok(first)
  const frame = first.createFrame(VALUE_BYTES, COUNTS_MAX)
  const reader = new Reader(log, 0, 0)
  const { epoch } = ownership(log, GATE)
  let committed = 0
  let number = 0
  const read: number[] = []
  for (let turn = 0; turn < FRAMES; turn++) {
    for (let left = 1 + (turn % COUNTS_MAX); left > 0; left--) frame.add(number++)
    assert.ok(joined[turn % producers]?.append(frame))
    frame.clear()
    assert.ok(reader.next())
    while (reader.nextRecord()) read.push(log.doubles[reader.valueFrom >>> 3] as number)
    const to = alternative.offsetsArePositions ? reader.position : reader.offset
    assert.ok(commit(log, threads, GATE, epoch, committed, to))
    committed = to
    assert.ok(!reader.next())
  }
  assert.equal(read.length, number)
  return read
}

/** It fits the log's memory many times. */
const inOrder = Array.from({ length: (FRAMES * (COUNTS_MAX + 1)) / 2 }, (_, number) => number)

const alone = { bufferCopy, exclusive, exclusivePlain, webAssembly }
const shared = { compareExchange, splitClaims, fetchAdd, fetchAddPosition, lock }

for (const [name, alternative] of Object.entries({ ...alone, ...shared })) {
  test(`${name}: what one producer appends is read, lap after lap, over pads`, () => {
    assert.deepEqual(roundTrip(alternative, 1), inOrder)
  })
}

for (const [name, alternative] of Object.entries(shared)) {
  test(`${name}: what two producers append in turn is read in that order`, () => {
    assert.deepEqual(roundTrip(alternative, 2), inOrder)
  })
}

test('memory.copy by WebAssembly copies the bytes it is told, and no others', () => {
  const shared = createMemory(100_000)
  const bytes = new Uint8Array(shared.buffer)
  bytes.set([1, 2, 3, 4, 5], 70_000)
  createMemoryCopy(shared)(9, 70_001, 3)
  assert.deepEqual([...bytes.subarray(8, 13)], [0, 2, 3, 4, 0])
  assert.equal(bytes.byteLength, 131_072)
})
