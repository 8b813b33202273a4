import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's root folder: this file runs from `dist/tools`. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A file of the project. The path starts at the root and has forward slashes. */
export interface ProjectFile {
  readonly path: string
  readonly text: string
}

export function readProjectFile(path: string): ProjectFile {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') }
}

/** Every TypeScript file of the folders that the compiler is told of, sorted by path. */
export function sourcePaths(): string[] {
  return sourceFolders().filter(exists).flatMap(filesBelow).filter(isSource).sort()
}

/** The Markdown files at the root. */
export function documentPaths(): string[] {
  return readdirSync(ROOT).filter((name) => name.endsWith('.md'))
}

/** Whether the project has a file or folder of this path. */
export function exists(path: string): boolean {
  return existsSync(join(ROOT, path))
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

/** Where the compiler puts a source file. */
export function compiledPath(path: string): string {
  return join(ROOT, 'dist', path.replace(/\.ts$/, '.js'))
}

function isSource(path: string): boolean {
  return path.endsWith('.ts') && !path.endsWith('.d.ts')
}

function sourceFolders(): string[] {
  const settings = JSON.parse(readProjectFile('tsconfig.json').text) as { include: string[] }
  return settings.include
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}
