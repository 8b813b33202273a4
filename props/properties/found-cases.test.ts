/** Cases in which a defect was found, kept as they were shrunk. */
import { test } from 'node:test'
import { traceOf } from './group-machine.js'
import { assignmentIsComplete } from './group-oracles.js'
import type { GroupAction, GroupSetting } from './group-script.js'

const SETTING: GroupSetting = {
  partitions: 2,
  segmentGranules: 4,
  startPosition: 0,
  startOffset: 0,
  codec: 'utf8',
  keys: 1,
  producers: 1,
  members: 1,
  isPerBatch: false,
  poisonEvery: 0,
  attempts: 1,
  hasDeadLetters: false,
  valueBytes: 0,
}

test('a partition that was sought and assigned to another changes hands', async () => {
  const actions: GroupAction[] = [
    { type: 'work', member: 0, pause: undefined },
    { type: 'seek', partition: 1, place: 0 },
    { type: 'join' },
  ]
  const trace = await traceOf(
    { setting: SETTING, actions },
    { fault: undefined, sometimes: () => {} },
  )
  assignmentIsComplete(trace)
})
