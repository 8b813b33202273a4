/**
 * A member of a group that is held for dead while its handler blocks, and that comes back: it goes
 * on as if nothing had happened, and tries to commit. What it sees then is no part of the history.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import * as memory from '../../core/memory.js'
import { attachEngine, type ConsumerOptions, type EngineHandle } from '../../workers/index.js'
import { nowMs } from './clock.js'
import { Subject, type SubjectData } from './subject.js'

export interface ZombieData {
  readonly engine: EngineHandle
  readonly consumer: ConsumerOptions
  readonly subject: SubjectData
  /** Its first word becomes 1 when the thread may come back. */
  readonly release: SharedArrayBuffer
}

/** From a zombie to whoever made it. */
export type ZombieReport =
  /** From here on it is held for dead. */
  | { readonly type: 'dead'; readonly atMs: number }
  /** It came back, or left without having died: these are the counts of its consumer. */
  | { readonly type: 'end'; readonly redelivered: number; readonly staleCommits: number }

/** At every 8th record of a partition, a commit is made if the one before is older than 100 ms. */
const DIES_AT_RECORD = 16
const COMMIT_DUE_MS = 120
const COMMIT_MS = 20

const data = workerData as ZombieData
const engine = await attachEngine(data.engine)
const consumer = engine.consumer<Buffer>(data.consumer)
const subject = new Subject(data.subject, 0)
const release = memory.attach(data.release)
const records = new Map<number, number>()
/** Of all handlers from its death on. */
let hanging: Promise<void> | undefined

parentPort?.once('message', leave)
await consumer.run({
  eachMessage({ message, attempt }) {
    if (hanging !== undefined) return hanging
    const { partition, offset, key, value } = message
    subject.handle(partition, offset, key, value, 0, value.length, attempt)
    const count = (records.get(partition) ?? 0) + 1
    records.set(partition, count)
    if (count < DIES_AT_RECORD) return subject.settle(partition, offset)
    hanging = die()
    return hanging
  },
})

/** The port is the only sign of life: to the supervisor this is a death like any other. */
async function die(): Promise<void> {
  report({ type: 'dead', atMs: nowMs() })
  engine.parts.link().close()
  // The port is closed within a turn of the event loop; then nothing turns any more.
  await nextTurn()
  await nextTurn()
  memory.wait(release.words, 0, 0, Number.POSITIVE_INFINITY)
  memory.wait(release.words, 1, 0, COMMIT_DUE_MS)
  setTimeout(end, COMMIT_MS)
}

/** Nothing came that it could have died of. */
async function leave(): Promise<void> {
  await consumer.close()
  end()
}

function end(): void {
  const { redelivered, staleCommits } = consumer.stats()
  report({ type: 'end', redelivered, staleCommits })
  setImmediate(() => process.exit(0))
}

function report(message: ZombieReport): void {
  parentPort?.postMessage(message)
}
