import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, createEngine } from '../../workers/index.js'
import { Recorder } from '../history/recorder.js'
import { GroupRun } from './group-run.js'
import { drawPlan, type Plan } from './plan.js'
import { ProducerFleet } from './producer-fleet.js'
import { Random } from './random.js'
import { SendLedger } from './send-ledger.js'
import { until } from './until.js'
import { judge } from './verdict.js'

const PLAN: Plan = {
  ...drawPlan(1),
  partitions: 2,
  memoryKib: 64,
  keys: 7,
  fillerBytesMax: 40,
  batchMax: 20,
  producers: 2,
  pauseMs: 0,
  workers: 1,
  handler: 'message',
  asyncPerMille: 0,
  throwsPerMillion: 0,
  spinMicroseconds: 0,
}

const WAYS_TO_STOP = [
  { how: 'paused', stop: (run: GroupRun) => run.pause(), goOn: (run: GroupRun) => run.resume() },
  { how: 'closed', stop: (run: GroupRun) => run.close(), goOn: (run: GroupRun) => run.reopen() },
]

for (const { how, stop, goOn } of WAYS_TO_STOP) {
  test(`a group is ${how}: the other goes on until the log is full, then all drains`, async () => {
    await using engine = await createEngine({
      topics: { samples: { partitions: 2, codec: bytes(), memory: PLAN.memoryKib * 1024 } },
    })
    const sends = new SendLedger()
    const recorder = new Recorder(2 ** 18)
    const [going, stopped] = [
      new GroupRun(engine, 0, PLAN, recorder),
      new GroupRun(engine, 1, PLAN, recorder),
    ]
    await going.start()
    await stopped.start()
    await stop(stopped)
    const deliveriesBefore = stopped.deliveries

    const fleet = new ProducerFleet(engine, sends, recorder, PLAN, new Random(1))
    fleet.begin()
    // Nobody is in the way of the other group: it handles all that the log ever takes.
    let acknowledged = -1
    await until('the log is full and the other group has handled all of it', () => {
      const isStill = acknowledged === sends.acknowledged
      acknowledged = sends.acknowledged
      return isStill && fleet.areAllWaiting && going.lag === 0
    })
    assert.ok(acknowledged > 0)
    assert.ok(going.deliveries >= acknowledged)
    assert.equal(stopped.deliveries, deliveriesBefore)
    assert.equal(stopped.lag, going.deliveries)

    await goOn(stopped)
    await until('producers go on', () => sends.acknowledged > acknowledged * 3)
    await fleet.stop()
    await until('both groups drained', () => going.lag + stopped.lag === 0)
    await going.close()
    await stopped.close()

    const { findings, duplicates } = judge(recorder, [going, stopped])
    assert.deepEqual(findings, [])
    assert.equal(duplicates, 0)
  })
}
