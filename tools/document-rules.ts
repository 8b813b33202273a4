/** The house rules for Markdown: its code parses, and the files that it names exist. */
import { posix } from 'node:path'
import ts from 'typescript'
import type { Finding } from './finding.js'
import type { ProjectFile } from './project.js'

const FENCE = /^```(\w*)/
const CODE_LANGUAGES: ReadonlySet<string> = new Set(['ts', 'typescript', 'js', 'javascript'])
const LINK = /\]\(([^)\s#]+)[^)]*\)/g
const FILE_NAME = /`((?:core|workers|bench|props|examples|tools)\/[\w./-]+\.ts)`/g

/**
 * Every breach in one document, in the order of its lines.
 *
 * @param exists whether the project has a file or folder of this path
 */
export function inspectDocument(
  { path, text }: ProjectFile,
  exists: (path: string) => boolean,
): Finding[] {
  const lines = text.split('\n')
  return [...findBadCode(path, lines), ...findDeadNames(path, lines, exists)].sort(
    (a, b) => a.line - b.line,
  )
}

function findBadCode(path: string, lines: readonly string[]): Finding[] {
  return codeBlocksOf(lines).flatMap(({ code, firstLine }) => {
    const { diagnostics } = ts.transpileModule(code, {
      reportDiagnostics: true,
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext },
    })
    // One mistake makes more: only the first is told.
    return (diagnostics ?? []).slice(0, 1).map((diagnostic) => ({
      path,
      line: firstLine + lineOf(diagnostic),
      rule: 'example',
      message: ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '),
    }))
  })
}

function lineOf({ file, start }: ts.Diagnostic): number {
  return file === undefined || start === undefined
    ? 0
    : file.getLineAndCharacterOfPosition(start).line
}

function codeBlocksOf(lines: readonly string[]): { code: string; firstLine: number }[] {
  const blocks: { code: string; firstLine: number }[] = []
  let open: { language: string; index: number } | undefined
  for (const [index, line] of lines.entries()) {
    const language = FENCE.exec(line)?.[1]
    if (language === undefined) continue
    if (open === undefined) {
      open = { language, index }
      continue
    }
    if (CODE_LANGUAGES.has(open.language)) {
      blocks.push({
        code: lines.slice(open.index + 1, index).join('\n'),
        firstLine: open.index + 2,
      })
    }
    open = undefined
  }
  return blocks
}

function findDeadNames(
  path: string,
  lines: readonly string[],
  exists: (path: string) => boolean,
): Finding[] {
  return lines.flatMap((line, index) => {
    const links = [...line.matchAll(LINK)]
      .map((match) => match[1] as string)
      .filter((target) => !/^\w+:/.test(target))
      .map((target) => posix.join(posix.dirname(path), target))
    const names = [...line.matchAll(FILE_NAME)].map((match) => match[1] as string)
    return [...links, ...names]
      .filter((target) => !exists(target))
      .map((target) => ({
        path,
        line: index + 1,
        rule: 'link',
        message: `${target} does not exist`,
      }))
  })
}
