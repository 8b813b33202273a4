/**
 * Runs the compiled tests with Node's own runner. Node 20 takes no patterns of file names, so the
 * files are listed here, from the sources: what a deleted test left in `dist` does not run.
 *
 *     npm test                                        every test
 *     npm test -- core/log props                      the files whose path contains one of these
 *     npm test -- core/log --test-name-pattern=wraps  options go to the runner
 */
import { spawnSync } from 'node:child_process'
import { compiledPath, isTest, sourcePaths } from './project.js'

/** Two files at a time: most of them start threads of their own. */
const CONCURRENCY = 2
/** A test that hangs must not hang its run; no test comes near this. */
const TIMEOUT_MS = 600_000

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

const runner = spawnSync(
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
  { stdio: 'inherit' },
)
process.exitCode = runner.status ?? 1
