/**
 * Holds what the last `npm run coverage` reached against what each folder must reach, in percent of
 * its lines and of its branches. Exits with 1 if one falls short.
 */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ROOT } from './project.js'

const REQUIRED: Readonly<Record<string, number>> = { core: 100, workers: 95 }

const c8 = join(dirname(createRequire(import.meta.url).resolve('c8/package.json')), 'bin', 'c8.js')

for (const [folder, percent] of Object.entries(REQUIRED)) {
  console.log(`\n${folder}: at least ${percent} % of its lines and of its branches`)
  const files = ['--src', folder, '--include', `${folder}/**`]
  const limits = ['--check-coverage', '--lines', `${percent}`, '--branches', `${percent}`]
  const parameters = [c8, 'report', '--reporter', 'text-summary', ...files, ...limits]
  const { status } = spawnSync(process.execPath, parameters, { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
