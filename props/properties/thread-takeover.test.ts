import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { attachEngine, bytes, createEngine } from '../../workers/index.js'
import { nowMs } from '../chaos/clock.js'
import { GroupRun } from '../chaos/group-run.js'
import { drawPlan, type Plan } from '../chaos/plan.js'
import { ProducerFleet } from '../chaos/producer-fleet.js'
import { Random } from '../chaos/random.js'
import { SendLedger } from '../chaos/send-ledger.js'
import { until } from '../chaos/until.js'
import { judge } from '../chaos/verdict.js'
import { assertClean } from '../history/checker.js'
import { HistoryWriter } from '../history/history-writer.js'
import { Recorder } from '../history/recorder.js'

const PLAN: Plan = {
  ...drawPlan(1),
  partitions: 2,
  memoryKib: 128,
  keys: 7,
  fillerBytesMax: 40,
  batchMax: 20,
  producers: 1,
  pauseMs: 1,
  workers: 2,
  handler: 'message',
  asyncPerMille: 0,
  throwsPerMillion: 0,
  spinMicroseconds: 0,
}
/** A limit for a stall, not an expectation. */
const BLOCKED_MS_MAX = 20_000

test('a worker dies while the main thread is blocked: its partitions go on meanwhile', async () => {
  await using engine = await createEngine({
    topics: { samples: { partitions: 2, codec: bytes(), memory: PLAN.memoryKib * 1024 } },
  })
  const sends = new SendLedger()
  const recorder = new Recorder(2 ** 18)
  const run = new GroupRun(engine, 0, PLAN, recorder)
  await run.start()
  const fleet = new ProducerFleet(engine, sends, recorder, PLAN, new Random(1))
  fleet.begin()
  await until('both partitions are read', () => {
    return run.takeoverLog.deliveries(0) > 0 && run.takeoverLog.deliveries(1) > 0
  })
  assert.equal(typeof run.kill(new Random(2)), 'number')
  const [killed] = run.kills.keys()
  const wasTakenOver = () => run.takeoverLog.takeovers().some(({ from }) => from === killed)

  // Not one turn of the event loop until the other worker has the partition.
  const limitMs = nowMs() + BLOCKED_MS_MAX
  while (!wasTakenOver() && nowMs() < limitMs);
  assert.ok(wasTakenOver(), 'nobody took over while the main thread was blocked')

  await fleet.stop()
  await until('the group drained', () => run.lag === 0)
  await run.close()
  assert.deepEqual(judge(recorder, [run]).findings, [])
})

/** After every 8th record a lane looks whether 100 ms have passed since its last commit. */
const HANGS_AT = 15
const COMMIT_DUE_MS = 150
const RECORDS = 40

test('zombie-fenced: who is held for dead and comes back, commits nothing', async () => {
  await using engine = await createEngine({
    topics: { samples: { partitions: 1, codec: bytes(), memory: '1MiB' } },
  })
  const messages = Array.from({ length: RECORDS }, (_, n) => ({ key: 'k', value: Buffer.of(n) }))
  const history = new HistoryWriter()
  const values = messages.map((_, n) => n)
  history.sends('main', 'samples/0', values, { key: 'k' })
  const sent = await engine.producer().send({ topic: 'samples', messages })
  const first = sent[0]?.baseOffset ?? Number.NaN
  const pairs = values.map((n) => ['send', 'samples/0', [first + n, n]] as const)
  history.add({ process: 'main', type: 'ok', f: 'send', value: pairs })
  const seen = (
    process: string,
    message: { readonly offset: number; readonly value: Buffer },
  ): void => {
    const pair = [message.offset, message.value.readUInt8()] as const
    history.polled(process, 'samples/0', [pair], { group: 'group' })
  }
  const options = { groupId: 'group', topics: ['samples'], from: 'earliest' } as const

  const zombieEngine = await attachEngine(engine.handle())
  const zombie = zombieEngine.consumer<Buffer>(options)
  const zombieSaw: number[] = []
  let comeBack = () => {}
  const hang = new Promise<void>((resolve) => {
    comeBack = resolve
  })
  await zombie.run({
    eachMessage: ({ message }) => {
      zombieSaw.push(message.offset)
      seen('zombie', message)
      return message.offset === HANGS_AT ? hang : undefined
    },
  })
  await until('the zombie hangs', () => zombieSaw.at(-1) === HANGS_AT)
  // As at its death, of which it knows nothing.
  zombieEngine.parts.link().close()

  const heir = engine.consumer<Buffer>(options)
  const heirSaw: number[] = []
  await heir.run({
    eachMessage: ({ message }) => {
      // It has the partition, so the zombie is fenced.
      if (heirSaw.length === 0) history.died('zombie')
      heirSaw.push(message.offset)
      seen('heir', message)
    },
  })
  await until('the heir has handled all', () => heir.lag().messages === 0)
  await sleep(COMMIT_DUE_MS)
  comeBack()
  const observe = (): void => {
    const offset = heir.lag().partitions[0]?.committedOffset ?? 0
    history.committed('main', 'samples/0', { offset }, { group: 'group' })
  }
  observe()
  await until('the late commit is refused', () => zombie.stats().staleCommits === 1)
  observe()

  assert.equal(heir.lag().partitions[0]?.committedOffset, RECORDS)
  const began = heirSaw[0] ?? RECORDS
  assert.ok(began <= HANGS_AT)
  assert.deepEqual(heirSaw, messages.map((_, offset) => offset).slice(began))
  assert.equal(heir.stats().redelivered, HANGS_AT + 1 - began)
  assert.equal(zombieSaw.length, HANGS_AT + 1)
  assertClean(history.history, { drained: true })
  await heir.close()
})

test('count-lost-on-crash: what is done is committed before the note of a record that failed', async () => {
  await using engine = await createEngine({
    topics: { samples: { partitions: 2, codec: bytes(), memory: '1MiB' } },
  })
  const messages = Array.from({ length: 40 }, (_, n) => ({ value: Buffer.of(n), partition: n % 2 }))
  await engine.producer().send({ topic: 'samples', messages })
  const consumer = engine.consumer({
    groupId: 'group',
    topics: ['samples'],
    from: 'earliest',
    retry: { backoff: { initialMs: 1, maxMs: 1 } },
  })
  // As the other partition sees it, before the member has a reason to commit.
  let committed: number | undefined
  let hasFailed = false
  await consumer.run({
    eachMessage: ({ message, attempt }) => {
      const { partition, offset } = message
      if (partition === 1 && hasFailed) {
        committed ??= consumer.lag().partitions[0]?.committedOffset
      } else if (partition === 0 && offset === 3 && attempt === 1) {
        hasFailed = true
        throw new Error('for the first time')
      }
    },
  })
  await until('all is handled', () => consumer.lag().messages === 0)
  await consumer.close()
  // There is room for one note: were record 2 to come again and fail, it would take it.
  assert.equal(committed, 3)
})
