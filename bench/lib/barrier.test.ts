import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { BARRIER_WORDS, Barrier } from './barrier.js'
import type { BarrierTask } from './barrier.test.helper.js'

const THREAD = new URL('./barrier.test.helper.js', import.meta.url)

function sharedWords(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT))
}

test('nobody passes before all have arrived, meeting after meeting', async () => {
  const parties = 3
  const words = sharedWords(BARRIER_WORDS + parties)
  const failures = await Promise.all(
    Array.from({ length: parties }, async (_, self) => {
      const workerData: BarrierTask = { words, parties, self, meetings: 2000 }
      const [count] = await once(new Worker(THREAD, { workerData }), 'message')
      return count as number
    }),
  )
  assert.deepEqual(failures, [0, 0, 0])
  assert.deepEqual([...words.subarray(BARRIER_WORDS)], [2000, 2000, 2000])
})

test('a barrier of one party holds nobody up', () => {
  const words = sharedWords(BARRIER_WORDS)
  const barrier = new Barrier(words, 1)
  barrier.arrive()
  barrier.arrive()
  assert.deepEqual([...words], [0, 2])
})
