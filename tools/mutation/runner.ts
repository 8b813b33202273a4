/**
 * Stryker's way to our tests: each test file runs in a process of its own, and a file that fails,
 * or takes far longer than it does without a mutant, has noticed the mutant.
 *
 * The tests of the mutated file's folder run first, the quick ones before the others, and each has a
 * time limit of its own. So an endless loop costs seconds, where Stryker alone would wait for as
 * long as all tests together may take. With `MUTATION_SUITE=folder` in the environment they run
 * alone: most survivors are soon known, though other folders' tests may notice some of them.
 */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { isTest, sourcePaths } from '../project.js'
import { COVERAGE_VARIABLE, HIT_LIMIT_VARIABLE } from './variables.js'

/** The deterministic tests: no threads, no time. */
const SUITE = /^(core\/(?!.*-threads\.)|props\/properties\/log-sequences\.)/
/** Written once by the runner that makes the dry run, for those beside it in the same sandbox. */
const TIMES_FILE = 'mutation-times.json'
const COVERAGE_FILE = 'mutation-coverage.json'

/**
 * A file's time limit, as a multiple of its own time. That was taken when the machine may have been
 * less busy, so it is taken again where the limit was not enough.
 */
const LIMIT_MS_MIN = 4_000
const LIMIT_FACTOR = 4

/** How the instrumented code learns which mutant it is. */
const ACTIVE_MUTANT_VARIABLE = '__STRYKER_ACTIVE_MUTANT__'
const PASSED = 0

const ASKS_FOLDER_ONLY = process.env.MUTATION_SUITE === 'folder'

/* What Stryker asks of a test runner; the names are its own. */
interface DryRun {
  /** Those with mutants. */
  readonly files?: readonly string[]
}

interface MutantRun {
  readonly activeMutant: { readonly id: string }
  readonly sandboxFileName: string
  /** The tests that reach the mutant. */
  readonly testFilter?: readonly string[]
  /** How often the mutant may be reached before it counts as an endless loop. */
  readonly hitLimit?: number
}

interface Outcome {
  readonly end: 'passed' | 'failed' | 'too long'
  readonly timeMs: number
  readonly output: string
}

type Coverage = Record<string, number>

class FileRunner {
  #timesMs: Record<string, number> | undefined

  capabilities() {
    return { reloadEnvironment: true }
  }

  async dryRun({ files = [] }: DryRun) {
    const folders = new Set(files.map((file) => dirname(relative(process.cwd(), file))))
    const timesMs: Record<string, number> = {}
    const perTest: Record<string, Coverage> = {}
    for (const path of sourcePaths().filter(isTest)) {
      if (!SUITE.test(path) || (ASKS_FOLDER_ONLY && !folders.has(dirname(path)))) continue
      const { end, timeMs, output } = await run(path, { [COVERAGE_VARIABLE]: COVERAGE_FILE })
      if (end !== 'passed') {
        return { status: 'error', errorMessage: `${path} ${end}\n${output}` }
      }
      timesMs[path] = timeMs
      perTest[path] = JSON.parse(readFileSync(COVERAGE_FILE, 'utf8')) as Coverage
    }
    writeFileSync(TIMES_FILE, JSON.stringify(timesMs))
    return {
      status: 'complete',
      tests: Object.entries(timesMs).map(([path, timeSpentMs]) => ({
        id: path,
        name: path,
        fileName: path,
        status: PASSED,
        timeSpentMs,
      })),
      mutantCoverage: { static: {}, perTest },
    }
  }

  async mutantRun(options: MutantRun) {
    this.#timesMs ??= JSON.parse(readFileSync(TIMES_FILE, 'utf8')) as Record<string, number>
    const timesMs = this.#timesMs
    const variables: Record<string, string> = {
      [ACTIVE_MUTANT_VARIABLE]: options.activeMutant.id,
    }
    if (options.hitLimit !== undefined) variables[HIT_LIMIT_VARIABLE] = String(options.hitLimit)

    const mutated = relative(process.cwd(), options.sandboxFileName)
    const tests = inOrder(options.testFilter ?? Object.keys(timesMs), mutated, timesMs)
    for (const [index, path] of tests.entries()) {
      const { end, output } = await runWithin(path, variables, timesMs[path] ?? 0)
      if (end === 'too long') return { status: 'timeout', reason: path }
      if (end === 'failed') {
        return {
          status: 'killed',
          killedBy: [path],
          failureMessage: output,
          nrOfTests: index + 1,
        }
      }
    }
    return { status: 'survived', nrOfTests: tests.length }
  }
}

function inOrder(
  tests: readonly string[],
  mutated: string,
  timesMs: Readonly<Record<string, number>>,
): string[] {
  const byTime = tests.toSorted((a, b) => (timesMs[a] ?? 0) - (timesMs[b] ?? 0))
  const near = byTime.filter((path) => dirname(path) === dirname(mutated))
  if (ASKS_FOLDER_ONLY) return near
  return [...near, ...byTime.filter((path) => !near.includes(path))]
}

async function runWithin(
  path: string,
  variables: Readonly<Record<string, string>>,
  usualMs: number,
): Promise<Outcome> {
  for (let expectedMs = usualMs; ; ) {
    const limitMs = Math.max(LIMIT_MS_MIN, expectedMs * LIMIT_FACTOR)
    const outcome = await run(path, variables, limitMs)
    if (outcome.end !== 'too long') return outcome
    const { timeMs } = await run(path, {})
    if (timeMs * LIMIT_FACTOR <= limitMs) return outcome
    expectedMs = timeMs * 2
  }
}

/** Runs one test file of the sandbox, which is the working folder. */
function run(
  path: string,
  variables: Readonly<Record<string, string>>,
  limitMs?: number,
): Promise<Outcome> {
  const startMs = performance.now()
  const child = spawn(
    process.execPath,
    [
      '--import=./dist/tools/mutation/hook.js',
      '--test-reporter=tap',
      `dist/${path.replace(/\.ts$/, '.js')}`,
    ],
    { env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  return new Promise((resolve) => {
    let output = ''
    let end: Outcome['end'] | undefined
    const stop = (how: Outcome['end']) => {
      end ??= how
      child.kill('SIGKILL')
    }
    const timer = limitMs === undefined ? undefined : setTimeout(stop, limitMs, 'too long')
    const listen = (chunk: Buffer) => {
      output += chunk.toString()
      if (/^not ok /m.test(output)) stop('failed')
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.on('close', (code) => {
      clearTimeout(timer)
      const timeMs = performance.now() - startMs
      resolve({ end: end ?? (code === 0 ? 'passed' : 'failed'), timeMs, output })
    })
  })
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'files', injectableClass: FileRunner }]
