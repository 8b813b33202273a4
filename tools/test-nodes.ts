/**
 * Runs the compiled tests and the main job with several versions of Node, one after the other. The
 * binaries come from the npm registry, into the folder `.nodes`, which git ignores.
 *
 *     npm run test:nodes             every version
 *     npm run test:nodes -- 24 26    these only
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './project.js'

/** The oldest Node that the package allows, and the newest of each line after it. */
const VERSIONS = ['20.19.0', '22', '24', '26']
const FOLDER = join(ROOT, '.nodes')

interface Outcome {
  readonly version: string
  readonly step: string
  readonly passed: boolean
}

function run(command: string, parameters: readonly string[]): boolean {
  return spawnSync(command, parameters, { cwd: ROOT, stdio: 'inherit' }).status === 0
}

/** The path of the Node binary of this version; it is fetched if it is not there yet. */
function install(version: string): string {
  const home = join(FOLDER, version)
  const binary = join(home, 'node_modules', 'node-binary', 'bin', 'node')
  if (!existsSync(binary)) {
    mkdirSync(home, { recursive: true })
    const source = `node-${process.platform}-${process.arch}@${version}`
    const parameters = ['install', '--no-save', '--prefix', home, `node-binary@npm:${source}`]
    if (!run('npm', parameters)) throw new Error(`npm has no ${source}`)
  }
  return binary
}

function tryVersion(version: string): Outcome[] {
  const binary = install(version)
  console.log(`\nNode ${version}`)
  run(binary, ['--version'])
  const steps = { tests: 'dist/tools/run-tests.js', 'main job': 'dist/examples/flights/main.js' }
  return Object.entries(steps).map(([step, file]) => ({
    version,
    step,
    passed: run(binary, [file]),
  }))
}

const wanted = process.argv.slice(2)
const outcomes = (wanted.length === 0 ? VERSIONS : wanted).flatMap(tryVersion)
console.log()
for (const { version, step, passed } of outcomes) {
  console.log(`Node ${version}: ${step} ${passed ? 'passed' : 'failed'}`)
}
if (outcomes.some(({ passed }) => !passed)) process.exitCode = 1
