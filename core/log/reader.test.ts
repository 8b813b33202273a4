import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memory from '#memory'
import {
  appendValues,
  atEveryStep,
  createWorld,
  emptyFrame,
  fillUp,
  frameOf,
  frameOfValues,
  hold,
  readAll,
  rush,
  SteppedLog,
  valueText,
} from './frames.test.helper.js'
import * as layout from './layout.js'
import { Reader } from './reader.js'
import { repairLog } from './repair.js'

const SMALL = { segmentCount: 4, segmentGranules: 4 }

function keyOf(reader: Reader): string {
  return reader.log.bytes.toString('utf8', reader.keyFrom, reader.keyTo)
}

function headersOf(reader: Reader): string {
  return reader.log.bytes.toString('utf8', reader.headersFrom + 4, reader.headersTo)
}

test('every part of a record comes back, and what is missing is not what is empty', () => {
  const { log, thread } = createWorld({ segmentCount: 4, segmentGranules: 16 })
  const records = [
    { value: 'all parts', key: 'key', timestamp: 77, headers: 'header bytes' },
    { value: '', key: '' },
    { value: null, key: null },
    { value: 'odd', key: 'a', headers: '' },
    { value: null, key: 'tombstone', timestamp: -1.5 },
  ]
  thread().appender.append(frameOf(records, 1_000))
  const reader = new Reader(log, 0, 0)
  assert.ok(reader.next())
  assert.equal(reader.remaining, records.length)
  assert.equal(reader.newestTimestamp, 1_000)
  for (const [offset, record] of records.entries()) {
    assert.ok(reader.nextRecord())
    assert.equal(reader.recordOffset, offset)
    assert.equal(reader.offset, offset + 1)
    assert.equal(reader.remaining, records.length - offset - 1)
    assert.equal(reader.hasValue, record.value !== null)
    assert.equal(valueText(reader), record.value ?? '')
    assert.equal(reader.valueFrom % 8, 0, 'the value can be read in place')
    assert.equal(reader.hasKey, record.key !== null)
    assert.equal(keyOf(reader), record.key ?? '')
    assert.equal(reader.timestamp, record.timestamp ?? 1_000)
    assert.equal(reader.hasHeaders, record.headers !== undefined)
    if (record.headers !== undefined) assert.equal(headersOf(reader), record.headers)
  }
  assert.equal(reader.nextRecord(), false)
  assert.equal(reader.next(), false)
  assert.equal(reader.offset, records.length)
})

test('a frame tells its newest timestamp, before its records', () => {
  const { log, thread } = createWorld(SMALL)
  thread().appender.append(frameOf([{ value: 'a', timestamp: 9_000 }, { value: 'b' }], 5))
  const reader = new Reader(log, 0, 0)
  assert.ok(reader.next())
  assert.equal(reader.newestTimestamp, 9_000)
})

test('pads and gaps are passed over, and gaps take their offsets', () => {
  const { log, table, thread } = createWorld(SMALL)
  const { appender } = thread()
  const dead = thread()
  appender.append(frameOfValues(['a', 'b'], 3))
  appender.append(frameOfValues(['c'], 2))
  dead.appender.claim(frameOfValues(['x', 'y'], 2))
  appender.append(frameOfValues(['d']))
  const reader = new Reader(log, 0, 0)
  assert.deepEqual(readAll(reader), [
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ])
  assert.equal(reader.hasNext(), false, 'what is claimed may still be published')
  repairLog(log, table, dead.slot)
  assert.equal(reader.hasNext(), true)
  assert.deepEqual(readAll(reader), [[5, 'd']])
  assert.equal(reader.offset, 6)
})

test('a gap at the end is passed over before anything follows it', () => {
  const { log, table, thread } = createWorld(SMALL)
  const dead = thread()
  dead.appender.claim(frameOfValues(['x', 'y']))
  repairLog(log, table, dead.slot)
  const reader = new Reader(log, 0, 0)
  assert.equal(reader.hasNext(), true)
  assert.equal(reader.next(), false)
  assert.equal(reader.offset, 2, 'so that it can be committed')
})

test('records of the lap before are not read again from a segment that is not open yet', () => {
  for (const segmentGranules of [1, 2, 4]) {
    const { log, thread } = createWorld({ segmentCount: 4, segmentGranules })
    const { appender } = thread()
    const reader = new Reader(log, 0, 0)
    for (let lap = 0; lap < 5; lap++) {
      hold(log, 0, reader.offset)
      const written = fillUp(appender)
      assert.ok(written >= log.capacityGranules - segmentGranules)
      assert.equal(reader.hasNext(), true)
      assert.equal(readAll(reader).length, written)
      assert.equal(reader.hasNext(), false)
      assert.equal(reader.next(), false)
    }
  }
})

test('a reader that has read all before a pad is not left behind when the log runs on', () => {
  for (const [first, then] of [
    [3, 2],
    [2, 3],
    [1, 4],
  ] as const) {
    const { log, thread } = createWorld(SMALL)
    const { appender } = thread()
    const reader = new Reader(log, 0, 0)
    hold(log, 0, 0)
    appender.append(frameOfValues(['read'], first))
    assert.deepEqual(readAll(reader), [[0, 'read']])
    hold(log, 0, reader.offset)
    const written: [number, string][] = []
    for (let offset = 1; appender.append(frameOfValues([`late ${offset}`], then)); offset++) {
      written.push([offset, `late ${offset}`])
    }
    assert.equal(reader.hasNext(), true)
    assert.deepEqual(readAll(reader), written)
  }
})

test('a seal does not stop a reader whose gate holds the segment', () => {
  const { log, thread } = createWorld({ segmentCount: 4, segmentGranules: 1 })
  appendValues(thread().appender, 'a', 'b')
  const state = layout.segmentStateWord(0)
  memory.store(log.words, state, layout.sealedState(0))
  const reader = new Reader(log, 0, 0)
  assert.equal(reader.hasNext(), true)
  assert.deepEqual(readAll(reader), [
    [0, 'a'],
    [1, 'b'],
  ])
})

test('the rest of a frame can be skipped', () => {
  const { log, thread } = createWorld(SMALL)
  const { appender } = thread()
  appender.append(frameOfValues(['a', 'b', 'c']))
  appender.append(frameOfValues(['d']))
  const reader = new Reader(log, 0, 0)
  reader.next()
  reader.nextRecord()
  reader.skipFrame()
  assert.equal(reader.offset, 3)
  assert.equal(reader.remaining, 0)
  assert.equal(reader.nextRecord(), false)
  assert.deepEqual(readAll(reader), [[3, 'd']])
})

test('a record can be read a second time', () => {
  const { log, thread } = createWorld(SMALL)
  thread().appender.append(frameOfValues(['a', 'b', 'c']))
  const reader = new Reader(log, 0, 0)
  reader.next()
  reader.nextRecord()
  reader.nextRecord()
  for (let attempt = 0; attempt < 3; attempt++) {
    reader.stepBack()
    assert.equal(reader.offset, 1)
    assert.equal(reader.remaining, 2)
    reader.nextRecord()
    assert.deepEqual([reader.recordOffset, valueText(reader)], [1, 'b'])
  }
  reader.nextRecord()
  assert.deepEqual([reader.recordOffset, valueText(reader)], [2, 'c'])
  assert.equal(reader.nextRecord(), false)
})

test('a reader can begin again anywhere', () => {
  const { log, thread } = createWorld(SMALL)
  const { appender } = thread()
  appendValues(appender, 'a', 'b', 'c')
  const reader = new Reader(log, 0, 0)
  reader.next()
  reader.moveTo(1, 1)
  assert.equal(reader.nextRecord(), false, 'nothing is left of the frame before')
  assert.deepEqual(readAll(reader), [
    [1, 'b'],
    [2, 'c'],
  ])
})

test('the place of a frame is known while it is read', () => {
  const { log, thread } = createWorld(SMALL)
  const { appender } = thread()
  appender.append(frameOfValues(['a'], 2))
  appender.append(frameOfValues(['b'], 1))
  const reader = new Reader(log, 0, 0)
  const positions: number[] = []
  while (reader.next()) positions.push(reader.framePosition)
  assert.deepEqual(positions, [0, 2])
  assert.equal(reader.position, 3)
})

test('positions and offsets wrap in the middle of reading', () => {
  for (const [startPosition, startOffset] of [
    [2 ** 31 - 4, 2 ** 31 - 3],
    [2 ** 32 - 4, 2 ** 32 - 3],
  ] as const) {
    const { log, thread } = createWorld({ ...SMALL, startPosition, startOffset })
    const { appender } = thread()
    const reader = new Reader(log, startPosition | 0, startOffset)
    for (let offset = startOffset; offset < startOffset + 40; offset++) {
      appendValues(appender, `record ${offset}`)
      assert.deepEqual(readAll(reader), [[offset, `record ${offset}`]])
    }
  }
})

test('a reader that sleeps at any step, under its gate, misses nothing', () => {
  for (const segmentGranules of [1, 2, 4]) {
    for (let lead = 0; lead <= 2 * segmentGranules + 1; lead++) {
      for (const others of [1, segmentGranules, 4 * segmentGranules, 9 * segmentGranules]) {
        const steps = atEveryStep((step) => {
          const { log, thread } = createWorld({ segmentCount: 4, segmentGranules })
          const { appender } = thread()
          hold(log, 0, 0)
          let written = rush(log, appender, lead)
          const view = SteppedLog.of(log)
          const reader = new Reader(view, 0, 0)
          view.before('any', step, () => {
            written += rush(log, appender, others)
          })
          const seen = readAll(reader)
          const reached = view.release()
          seen.push(...readAll(reader))
          assert.deepEqual(
            seen.map(([offset]) => offset),
            Array.from({ length: written }, (_, index) => index),
          )
          return reached
        })
        assert.ok(steps > 0)
      }
    }
  }
})

test('records are read whose bytes lie beyond 2^31', () => {
  const segmentGranules = 2 ** 23
  // Most of these 2 GiB are never touched, so they take no memory.
  const { log, thread } = createWorld({
    segmentCount: 4,
    segmentGranules,
    startPosition: 3 * segmentGranules,
  })
  const { appender } = thread()
  do {
    appender.claim(emptyFrame(layout.FRAME_GRANULES_MAX, 1))
    appender.publish()
  } while (log.dataByte(appender.claimedPosition) < 2 ** 31)
  appender.append(frameOf([{ value: 'one', key: 'a', headers: 'odd' }, { value: 'two' }]))
  const reader = new Reader(log, appender.claimedPosition, 0)
  assert.ok(reader.next() && reader.nextRecord())
  assert.deepEqual([valueText(reader), keyOf(reader), headersOf(reader)], ['one', 'a', 'odd'])
  assert.ok(reader.nextRecord())
  assert.equal(valueText(reader), 'two')
})
