/**
 * Runs the compiled tests with Node's own runner. Node 20 takes no patterns of file names, so the
 * files are listed here, from the sources: what a deleted test left in `dist` does not run.
 *
 *     npm test                                        every test
 *     npm test -- core/log props                      the files whose path contains one of these
 *     npm test -- core/log --test-name-pattern=wraps  options go to the runner
 */
import { spawn } from 'node:child_process'
import { compiledPath, isTest, sourcePaths } from './project.js'

/** Two files at a time: most of them start threads of their own. */
const CONCURRENCY = 2
/** A test that hangs must not hang its run; no test comes near this. */
const TIMEOUT_MS = 600_000
/** Nobody waits longer for a run that has failed: what is broken may well hang other tests. */
const PATIENCE_MS = 300_000
/** How the reporter begins the line of a test that failed. */
const FAILURE = '\u2716'

const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'))
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const files = sourcePaths()
  .filter(isTest)
  .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
  .map(compiledPath)

if (files.length === 0) {
  console.error(`No test file has a path that contains ${wanted.join(' or ')}`)
  process.exit(1)
}

const runner = spawn(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TIMEOUT_MS}`,
    ...options,
    ...files,
  ],
  {
    // A process group of its own, so that no test outlives the run.
    detached: true,
    stdio: ['inherit', 'pipe', 'inherit'],
    env: process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env,
  },
)

function endRun(): void {
  if (runner.pid !== undefined) process.kill(-runner.pid, 'SIGKILL')
}

let patience: NodeJS.Timeout | undefined
runner.stdout.pipe(process.stdout)
runner.stdout.setEncoding('utf8').on('data', (text: string) => {
  if (patience !== undefined || !text.includes(FAILURE)) return
  patience = setTimeout(() => {
    console.error('Tests have failed, and others take too long: the run ends here')
    endRun()
  }, PATIENCE_MS - performance.now())
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, endRun)
runner.once('close', (status) => {
  clearTimeout(patience)
  process.exitCode = status ?? 1
})
