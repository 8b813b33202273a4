/** The house rules for package.json and its lock: few dependencies, nothing run at install. */
import type { Finding } from './finding.js'
import type { ProjectFile } from './project.js'

const RUNTIME_DEPENDENCIES: ReadonlySet<string> = new Set(['piscina'])
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare']

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Every breach in package.json. */
export function inspectManifest({ path, text }: ProjectFile): Finding[] {
  const { scripts = {}, dependencies = {} } = JSON.parse(text) as Manifest
  const finding = (message: string): Finding => ({ path, line: 1, rule: 'manifest', message })
  return [
    ...INSTALL_SCRIPTS.filter((name) => name in scripts).map((name) =>
      finding(`the script ${name} would run at install`),
    ),
    ...Object.keys(dependencies)
      .filter((name) => !RUNTIME_DEPENDENCIES.has(name))
      .map((name) => finding(`${name} is no dependency that users should get`)),
  ]
}

/** Every line of package-lock.json that ties it to one registry. */
export function inspectLock({ path, text }: ProjectFile): Finding[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      /^\s*"resolved":/.test(line)
        ? [{ path, line: index + 1, rule: 'lock', message: 'the lock file names a host' }]
        : [],
    )
}
