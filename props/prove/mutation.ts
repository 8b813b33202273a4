/**
 * The mutation score of core as lines of JSON, one for each file and one for all, as
 * `tools/mutation/table.ts` prints them. Runs Stryker first, for most of an hour, unless there are reports in
 * `.mutation` already that are newer than every file of core:
 *
 *     node dist/props/prove/mutation.js
 *
 * Ends with status 1 if the score of all is too low.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, sourcePaths } from '../../tools/project.js'

const FOLDER = join(ROOT, '.mutation')

function reports(): string[] {
  if (!existsSync(FOLDER)) return []
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(FOLDER, name))
}

function areCurrent(paths: readonly string[]): boolean {
  const core = sourcePaths().filter((path) => path.startsWith('core/'))
  const newestSource = Math.max(...core.map((path) => statSync(join(ROOT, path)).mtimeMs))
  return paths.length > 0 && paths.every((path) => statSync(path).mtimeMs > newestSource)
}

if (!areCurrent(reports())) {
  // The table judges the score, not Stryker's own status.
  spawnSync('npx', ['stryker', 'run'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
}
const table = spawnSync(
  process.execPath,
  [join('dist', 'tools', 'mutation', 'table.js'), ...reports()],
  { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
)
process.exitCode = table.status ?? 1
