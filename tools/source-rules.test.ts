import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspectSource } from './source-rules.js'

/** What the rules say of a file, as `line rule`. */
function findingsOf(path: string, text: string): string[] {
  return inspectSource({ path, text }).map(({ line, rule }) => `${line} ${rule}`)
}

const REFUSED: readonly (readonly [name: string, path: string, text: string, rule: string])[] = [
  ['Atomics in the log', 'core/log/append.ts', 'Atomics.load(words, 0)', 'memory'],
  ['Atomics in a test', 'core/log/append.test.ts', 'Atomics.load(words, 0)', 'memory'],
  ['Atomics under another name', 'workers/pool.ts', 'const { load } = Atomics', 'memory'],
  ['Atomics by way of globalThis', 'core/engine.ts', 'globalThis.Atomics.load(words, 0)', 'memory'],
  ['Atomics in an example', 'examples/flights/main.ts', 'Atomics.wait(words, 0, 0)', 'memory'],
  ['memory of its own', 'core/log/append.ts', 'new SharedArrayBuffer(8)', 'memory'],
  ['wall-clock time in core', 'core/log/append.ts', 'Date.now()', 'clock'],
  ['a date in workers', 'workers/pool.ts', 'new Date()', 'clock'],
  ['the fine clock', 'core/engine.ts', 'performance.now()', 'clock'],
  [
    'the fine clock imported',
    'workers/pool.ts',
    "import { performance } from 'node:perf_hooks'",
    'clock',
  ],
  ['a timer', 'workers/pool.ts', 'setTimeout(run, 1)', 'clock'],
  ['a timer passed on', 'workers/pool.ts', 'const later = setTimeout', 'clock'],
  ['a timer of globalThis', 'workers/pool.ts', 'globalThis.setTimeout(run, 1)', 'clock'],
  ['an interval', 'core/engine.ts', 'setInterval(run, 1)', 'clock'],
  ['an immediate', 'core/engine.ts', 'setImmediate(run)', 'clock'],
  ['a microtask', 'core/producer/batch.ts', 'queueMicrotask(run)', 'clock'],
  ['a tick', 'core/producer/batch.ts', 'process.nextTick(run)', 'clock'],
  ['chance', 'core/topic/partitioner.ts', 'Math.random()', 'clock'],
  [
    'timers as promises',
    'workers/pool.ts',
    "import { scheduler } from 'node:timers/promises'",
    'clock',
  ],
  [
    'the memory seam by its path',
    'core/log/append.ts',
    "import * as memory from '../memory.js'",
    'seam',
  ],
  [
    'the clock seam by its path',
    'workers/pool.ts',
    "import { nowMs } from '../core/clock.js'",
    'seam',
  ],
  ['core importing workers', 'core/engine.ts', "import '../workers/pool.js'", 'direction'],
  [
    'core importing the package',
    'core/engine.ts',
    "import type { Engine } from 'millrace'",
    'direction',
  ],
  ['workers importing bench', 'workers/pool.ts', "import '../bench/main.js'", 'direction'],
  ['props importing bench', 'props/chaos/run.ts', "import '../../bench/main.js'", 'direction'],
  ['the log importing a topic', 'core/log/append.ts', "import '../topic/topic.js'", 'direction'],
  [
    'a type from above',
    'core/log/append.ts',
    "import type { Topic } from '../topic/topic.js'",
    'direction',
  ],
  [
    'a type from above, in place',
    'core/log/read.ts',
    "type A = import('../topic/topic.js').A",
    'direction',
  ],
  ['an export from above', 'core/log/read.ts', "export * from '../group/lag.js'", 'direction'],
  ['a lazy import from above', 'core/log/read.ts', "await import('../group/lag.js')", 'direction'],
  [
    'a thread file from above',
    'core/log/read.ts',
    "new URL('../../workers/worker.js', import.meta.url)",
    'direction',
  ],
  ['producer importing group', 'core/producer/batch.ts', "import '../group/lag.js'", 'direction'],
  ['root file importing a folder', 'core/errors.ts', "import './log/layout.js'", 'direction'],
  ['folder importing the engine', 'core/group/lag.ts', "import '../engine.js'", 'direction'],
  ['a folder without a place', 'core/extra/x.ts', "import '../errors.js'", 'direction'],
  ['a part without a place', 'extra/x.ts', "import '../core/index.js'", 'direction'],
  ['leaving the project', 'bench/main.ts', "import '../../elsewhere.js'", 'direction'],
  [
    'a thread in core',
    'core/engine.ts',
    "import { Worker } from 'node:worker_threads'",
    'dependency',
  ],
  ['a package in core', 'core/engine.ts', "import { Piscina } from 'piscina'", 'dependency'],
  ['the peer elsewhere', 'core/codec/json.ts', "import { Packr } from 'msgpackr'", 'dependency'],
  ['the peer in workers', 'workers/engine.ts', "import { Packr } from 'msgpackr'", 'dependency'],
  ['an undeclared package', 'workers/pool.ts', "import fastq from 'fastq'", 'dependency'],
  ['an unfinished line', 'core/engine.ts', 'run() // TODO: stop', 'comment'],
  ['an unfinished block', 'core/engine.ts', '/** FIXME */\nrun()', 'comment'],
  ['an unfinished end', 'core/engine.ts', 'function run() {\n  // XXX\n}', 'comment'],
  ['a silenced linter', 'core/engine.ts', '// biome-ignore lint: because\nrun()', 'comment'],
  ['a silenced compiler', 'core/engine.ts', '// @ts-ignore\nrun()', 'comment'],
  ['an expected error that ships', 'core/engine.ts', '// @ts-expect-error\nrun()', 'comment'],
  ['a file too long', 'core/engine.ts', 'run()\n'.repeat(601), 'length'],
  ['a single test', 'core/engine.test.ts', "test.only('x', run)", 'test'],
  ['a skipped suite', 'core/engine.test.ts', "describe.skip('x', run)", 'test'],
  ['a test that skips itself', 'core/engine.test.ts', 'context.skip()', 'test'],
  ['a skipping option', 'core/engine.test.ts', "test('x', { skip: true }, run)", 'test'],
]

const ALLOWED: readonly (readonly [name: string, path: string, text: string])[] = [
  ['Atomics in the seam', 'core/memory.ts', 'Atomics.load(words, 0)'],
  ['Atomics in the simulated seam', 'props/sim/memory.ts', 'Atomics.load(words, 0)'],
  ['Atomics that count waiters', 'props/lockstep/sleepers.ts', 'Atomics.notify(words, 0)'],
  ['Atomics in a benchmark', 'bench/lib/barrier.ts', 'Atomics.wait(words, 0, 0)'],
  ['Atomics in a comment', 'core/log/append.ts', '// Atomics.load is slow\nrun()'],
  ['Atomics in a string', 'core/log/append.ts', "fail('Atomics')"],
  ['time in the seam', 'core/clock.ts', 'setTimeout(run, Date.now() + performance.now())'],
  ['time in a test', 'workers/pool.test.ts', 'setTimeout(run, 1)'],
  ['time in a benchmark', 'bench/main.ts', 'performance.now()'],
  ['a date as a type', 'core/engine.ts', 'function seek(to: Date): void {}'],
  ['a member of the same name', 'core/engine.ts', 'options.performance = { setTimeout: 1 }'],
  ['seams by name', 'core/log/append.ts', "import * as memory from '#memory'\nimport '#clock'"],
  ['the engine importing a folder', 'core/engine.ts', "import './group/lag.js'"],
  ['delivery importing a producer', 'core/delivery/retry.ts', "import '../producer/producer.js'"],
  ['a topic importing a codec', 'core/topic/topic.ts', "import '../codec/json.js'"],
  ['a file of the same folder', 'core/log/append.ts', "import './layout.js'"],
  ['a thread file of the same part', 'workers/pool.ts', "new URL('./worker.js', import.meta.url)"],
  [
    'an example of the package',
    'examples/flights/main.ts',
    "import 'millrace'\nimport 'hyparquet'",
  ],
  ['the peer in its codec', 'core/codec/msgpack.ts', "import { Packr } from 'msgpackr'"],
  ['piscina in workers', 'workers/pool.ts', "import { Piscina } from 'piscina'\nimport 'node:fs'"],
  [
    'a type of threads in core',
    'core/engine.ts',
    "import type { MessagePort } from 'node:worker_threads'",
  ],
  ['an unfinished string', 'core/engine.ts', "fail('TODO')"],
  ['an expected error in a test', 'core/engine.test.ts', '// @ts-expect-error a wrong type\nrun()'],
  ['a file just short enough', 'core/engine.ts', 'run()\n'.repeat(600)],
  ['data that is not shipped', 'core/engine.test.ts', "test('x', { skip: !exists(DATA) }, run)"],
  ['a stream that skips', 'core/engine.ts', 'cursor.skip()'],
]

describe('rules for sources', () => {
  for (const [name, path, text, rule] of REFUSED) {
    it(`refuses ${name}`, () => {
      const rules = inspectSource({ path, text }).map((finding) => finding.rule)
      assert.deepEqual([...new Set(rules)], [rule])
    })
  }

  for (const [name, path, text] of ALLOWED) {
    it(`allows ${name}`, () => {
      assert.deepEqual(inspectSource({ path, text }), [])
    })
  }

  it('tells the line of each breach', () => {
    const text = "import '../topic/topic.js'\n\n// TODO\nrun()\nAtomics.load(words, 0)\n"
    assert.deepEqual(findingsOf('core/log/read.ts', text), ['1 direction', '3 comment', '5 memory'])
  })
})
