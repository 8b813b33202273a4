/** Properties of one partition's log, whose threads sleep and die anywhere. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MillraceError } from '../../core/errors.js'
import { latestOffset, seekGroup } from '../../core/group/seek.js'
import { Appender } from '../../core/log/appender.js'
import { pinOffset, unpin } from '../../core/log/finder.js'
import { frameOf, valueText } from '../../core/log/frames.test.helper.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { Reader } from '../../core/log/reader.js'
import { Thread } from '../../core/thread.js'
import { ThreadTable } from '../../core/thread-table.js'
import { LogMachine } from './log-machine.js'
import { type Action, type Setting, STARTS, script, setting } from './log-script.js'
import { type Property, property, type Run } from './property.js'

const GROUPS_FORGOTTEN = 'a recycler does not ask the groups'

interface LogCase {
  readonly where: Setting
  readonly actions: readonly Action[]
  readonly start: (typeof STARTS)[number]
}

const logCase: fc.Arbitrary<LogCase> = fc.record({
  where: setting,
  actions: script,
  start: fc.constantFrom(...STARTS),
})

const blockRetention = property({
  name: 'block-retention',
  claim: 'What a group has not committed or a thread has pinned is not recycled, and is unchanged.',
  generator: logCase.map((drawn) => {
    return { ...drawn, where: { ...drawn.where, groups: Math.max(1, drawn.where.groups) } }
  }),
  runs: 250,
  oracle: ({ where, actions, start }, run) => {
    const machine = new LogMachine(where, start)
    if (run.fault === GROUPS_FORGOTTEN) machine.forgetGroups()
    machine.run(actions)
    machine.finish()
    for (const mark of machine.marks) run.sometimes(mark)
  },
  reaches: [
    'recycled',
    'full',
    'unpinned',
    'sought back',
    'died with the lease',
    'counted gaps',
    'slept for a lap',
  ],
  faults: [GROUPS_FORGOTTEN],
})

const wrapAround = property({
  name: 'wrap-around',
  claim: 'The same script sees the same whether counters wrap at 2^31, at 2^32 or not at all.',
  generator: logCase,
  runs: 60,
  oracle: ({ where, actions }, run) => {
    const [first, ...others] = STARTS.map((start) => {
      const machine = new LogMachine(where, start)
      machine.run(actions)
      machine.finish()
      for (const mark of machine.marks) run.sometimes(mark)
      return machine.observations
    })
    if (run.fault !== undefined) others[0]?.pop()
    for (const other of others) assert.deepEqual(other, first)
  },
  reaches: ['recycled', 'died with a claim', 'counted gaps'],
  faults: ['a start sees less than another'],
})

interface OverwriteCase {
  readonly segmentCount: number
  readonly segmentGranules: number
  readonly start: (typeof STARTS)[number]
  /** Records and granules of each frame. */
  readonly frames: readonly (readonly [number, number])[]
}

const overwriteIsVisible = property({
  name: 'overwrite-is-visible',
  claim: 'A log that no group holds drops its oldest, and who asks for that is told exactly what.',
  generator: fc.record({
    segmentCount: fc.constantFrom(4, 8),
    segmentGranules: fc.constantFrom(4, 8),
    start: fc.constantFrom(...STARTS),
    frames: fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })), {
      maxLength: 60,
      size: 'max',
    }),
  }),
  runs: 100,
  oracle: checkOverwrite,
  reaches: ['overwritten', 'nothing overwritten'],
  faults: ['a record is dropped in silence'],
})

const GATE = 0

function checkOverwrite({ frames, start, ...geometry }: OverwriteCase, run: Run): void {
  const log = PartitionLog.create({ ...geometry, ...start })
  const table = ThreadTable.create()
  const thread = new Thread(table, table.takeSlot())
  const model = fill(log, table, frames)
  const end = start.startOffset + model.length
  assert.equal(latestOffset(log, thread), end)
  const told = earliestTold(log, thread, start.startOffset)
  const earliest = told + (run.fault === undefined ? 0 : 1)
  run.sometimes(earliest > start.startOffset ? 'overwritten' : 'nothing overwritten')
  for (let offset = start.startOffset - 1; offset <= end + 1; offset++) {
    const place = pinOffset(log, table, thread.slot, offset)
    assert.equal(
      place !== undefined,
      offset >= earliest && offset <= end,
      `${offset} of ${earliest} to ${end}`,
    )
    if (place !== undefined) checkSuffix(new Reader(log, place.position, place.offset), offset)
    unpin(log, table, thread.slot)
  }
  // Of what fits, nothing is dropped; of the rest, a segment at most more than it takes.
  const granules = frames.reduce((sum, [, size]) => sum + size, 0)
  const roomy = (log.segmentCount - 1) * (log.segmentGranules - 3)
  if (granules <= roomy) assert.equal(told, start.startOffset)
  else assert.ok(end - told >= Math.floor(roomy / 4), `${end - told} records are left`)

  function checkSuffix(reader: Reader, from: number): void {
    let next = from
    while (reader.next()) {
      while (reader.nextRecord()) {
        if (reader.recordOffset < from) continue
        assert.equal(reader.recordOffset, next)
        assert.equal(valueText(reader), model[next++ - start.startOffset])
      }
    }
    assert.equal(next, end)
  }
}

function fill(
  log: PartitionLog,
  table: ThreadTable,
  frames: readonly (readonly [number, number])[],
): string[] {
  const appender = new Appender(log, table, table.takeSlot())
  const model: string[] = []
  for (const [records, granules] of frames) {
    const values = Array.from({ length: records }, (_, index) => `${model.length + index}`)
    const fitting = Math.min(granules, log.segmentGranules)
    const frame = frameOf(
      values.map((value) => ({ value })),
      1,
      fitting,
    )
    assert.ok(appender.append(frame), 'nobody holds it, so it takes everything')
    model.push(...values)
  }
  return model
}

/** Where the log begins, by what a seek to before it is told. */
function earliestTold(log: PartitionLog, thread: Thread, startOffset: number): number {
  try {
    return seekGroup(log, thread, GATE, { offset: startOffset })
  } catch (error) {
    assert.ok(error instanceof MillraceError)
    assert.equal(error.code, 'OFFSET_OUT_OF_RANGE')
    const { offset, earliest, latest } = error.details as Record<string, number>
    assert.equal(offset, startOffset)
    assert.equal(latest, latestOffset(log, thread))
    return earliest as number
  }
}

export const LOG_PROPERTIES: readonly Property[] = [blockRetention, overwriteIsVisible, wrapAround]
