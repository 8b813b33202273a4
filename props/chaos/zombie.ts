import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import * as memory from '../../core/memory.js'
import type { Engine } from '../../workers/index.js'
import type { GroupRun } from './group-run.js'
import { Orders } from './orders.js'
import type { Random } from './random.js'
import type { ZombieData, ZombieReport } from './zombie-thread.js'

/** So long it waits for records to die of. */
const PATIENCE_MS = 10_000
/** Its heirs have that much of a start. */
const BACK_MS_MAX = 50

/**
 * A thread joins a group, is held for dead while its handler blocks, and comes back when others have
 * its partitions. Resolves when it has ended.
 */
export async function raiseZombie(
  fault: string,
  engine: Engine,
  group: GroupRun,
  random: Random,
): Promise<void> {
  const handle = engine.handle()
  const release = memory.allocate(8)
  const data: ZombieData = {
    engine: handle,
    consumer: group.consumerOptions,
    // Of its own, so that it dies of nothing else.
    subject: { ...group.subjectData, orders: new Orders().buffer },
    release: release.buffer,
  }
  const worker = new Worker(new URL('./zombie-thread.js', import.meta.url), {
    workerData: data,
    transferList: [...handle.transferList],
  })
  const { threadId } = worker
  group.startedAtMs.set(threadId, Number.POSITIVE_INFINITY)
  const isBuried = deathOf(engine, handle.slot)
  const patience = new AbortController()
  sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(
    () => worker.postMessage('leave'),
    () => {},
  )
  worker.on('message', async (report: ZombieReport) => {
    if (report.type === 'end') {
      group.addZombie(report)
      return
    }
    group.kills.set(threadId, { fault, atMs: report.atMs })
    await isBuried
    await sleep(random.integer(0, BACK_MS_MAX))
    memory.store(release.words, 0, 1)
    memory.notify(release.words, 0)
  })
  try {
    await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))
  } finally {
    patience.abort()
  }
}

/** Resolves when the supervisor has buried the thread in this slot. */
function deathOf(engine: Engine, wanted: number): Promise<void> {
  return new Promise((resolve) => {
    const listen = ({ slot }: { readonly slot: number }) => {
      if (slot !== wanted) return
      engine.off('thread:death', listen)
      resolve()
    }
    engine.on('thread:death', listen)
  })
}
