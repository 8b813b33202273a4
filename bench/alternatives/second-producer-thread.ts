import { workerData } from 'node:worker_threads'
import { PartitionLog } from '../../core/log/partition-log.js'
import * as memory from '../../core/memory.js'
import { ThreadTable } from '../../core/thread-table.js'
import { announceReady } from '../lib/thread.js'
import type { Alternative } from './alternative.js'
import { awaitRun, type SecondProducerData, sendShare } from './second-producer.js'

const { control, settings, coordination, ...setup } = workerData as SecondProducerData
const { alternative } = (await import(setup.module)) as { readonly alternative: Alternative }
const log = new PartitionLog(memory.attach(setup.log))
const threads = new ThreadTable(memory.attach(setup.threads))
const producer = alternative.join({ log, threads, coordination })
const frame = producer.createFrame(settings.sizeBytes as number, settings.batch as number)

announceReady()
for (let run = 0; ; run++) {
  const count = awaitRun(control, run)
  if (count < 0) break
  sendShare(producer, frame, { first: 1, step: 2, count })
}
