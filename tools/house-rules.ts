/** Holds the whole project against the house rules. */
import { inspectDocument } from './document-rules.js'
import type { Finding } from './finding.js'
import { inspectLock, inspectManifest } from './manifest-rules.js'
import { documentPaths, exists, readProjectFile, sourcePaths } from './project.js'
import { inspectSource } from './source-rules.js'

/** Every breach in the project's sources, documents and manifest. */
export function inspectProject(): Finding[] {
  return [
    ...sourcePaths().map(readProjectFile).flatMap(inspectSource),
    ...documentPaths()
      .map(readProjectFile)
      .flatMap((document) => inspectDocument(document, exists)),
    ...inspectManifest(readProjectFile('package.json')),
    ...inspectLock(readProjectFile('package-lock.json')),
  ]
}

/** A finding as one line that editors can jump to. */
export function describeFinding({ path, line, rule, message }: Finding): string {
  return `${path}:${line} ${rule}: ${message}`
}
