/**
 * Breaks the engine on purpose, in copies of the project, and shows that `npm test` fails there:
 *
 *     node dist/props/prove/broken-builds.js [--only repair]
 *
 * Prints a line of JSON for each: what was broken, whether the tests failed, which ones, and how
 * long they took. Ends with status 1 if the tests of a broken build pass. The same tests pass in
 * the project itself: that is what CI shows.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../tools/project.js'
import { BREAKAGES, type Breakage, broken } from './breakages.js'

/** What a copy does without. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  '.git',
  '.nodes',
  'coverage',
  'dist',
  'node_modules',
])

function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-broken-'))
  cpSync(ROOT, folder, {
    recursive: true,
    filter: (path) => !LEFT_OUT.has(relative(ROOT, path)),
  })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function apply(folder: string, breakage: Breakage): void {
  const path = join(folder, breakage.file)
  writeFileSync(path, broken(readFileSync(path, 'utf8'), breakage))
}

async function runTests(folder: string): Promise<{ passes: boolean; failed: string[] }> {
  const output: string[] = []
  const child = spawn('npm', ['test'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text))
  }
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { passes: status === 0, failed: failedTests(output.join('')) }
}

/** The names of the tests that failed, in order. */
function failedTests(output: string): string[] {
  const lines = output.matchAll(/^ *✖ (.+) \([\d.]+ms\)$/gm)
  return [...new Set([...lines].map(([, name]) => name as string))]
}

async function tryBreakage(breakage: Breakage): Promise<boolean> {
  const folder = copyProject()
  try {
    apply(folder, breakage)
    const start = performance.now()
    const { passes, failed } = await runTests(folder)
    const elapsedMs = Math.round(performance.now() - start)
    console.log(JSON.stringify({ breakage: breakage.name, caught: !passes, failed, elapsedMs }))
    return !passes
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
for (const breakage of BREAKAGES.filter(({ name }) => name.includes(values.only))) {
  if (!(await tryBreakage(breakage))) process.exitCode = 1
}
