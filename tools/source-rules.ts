/**
 * The house rules for TypeScript files: what neither the compiler nor the linter knows of. They
 * look at the syntax tree, so that words in comments and strings do not count.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import type { Finding } from './finding.js'
import { refusalOfImport } from './layers.js'
import { isTest, type ProjectFile } from './project.js'

type Report = (node: ts.Node, rule: string, message: string) => void
type Rule = (path: string, node: ts.Node, report: Report) => void

const LINES_MAX = 600

/** Bench races against peers that are used as their users use them; lock-step counts waiters. */
const ATOMICS_PATHS =
  /^(core\/memory\.ts|props\/sim\/memory\.ts|props\/lockstep\/sleepers\.ts|bench\/.*)$/
const SEAM_FILES: Readonly<Record<string, string>> = {
  'core/memory.js': '#memory',
  'core/clock.js': '#clock',
}
const TIME_NAMES: ReadonlySet<string> = new Set([
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
])
const TIME_MEMBERS: ReadonlySet<string> = new Set([
  'Math.random',
  'process.nextTick',
  'process.hrtime',
])
const TIME_MODULES: ReadonlySet<string> = new Set(['node:timers', 'node:timers/promises'])

/** What core may take from Node beside its seams: none of these starts a thread or waits. */
const CORE_MODULES: ReadonlySet<string> = new Set([
  'node:buffer',
  'node:events',
  'node:stream',
  'node:util',
])
const WORKERS_PACKAGES: ReadonlySet<string> = new Set(['piscina'])
/** The one file of core with a package: an optional one, so only `millrace/msgpack` may load it. */
const MSGPACK_FILE = 'core/codec/msgpack.ts'
const MSGPACK_PACKAGE = 'msgpackr'

const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/
const SILENCED = /\bbiome-ignore\b|@ts-ignore\b|@ts-nocheck\b|\bc8 ignore\b/
const EXPECTED_ERROR = /@ts-expect-error\b/
const TEST_SWITCHES: ReadonlySet<string> = new Set(['only', 'skip', 'todo'])

const RULES: readonly Rule[] = [
  refuseAtomics,
  refuseSharedMemory,
  refuseTime,
  refuseSeamByPath,
  refuseDirection,
  refusePackages,
  refuseTestSwitches,
]

/** Every breach in one file, in the order of its lines. */
export function inspectSource({ path, text }: ProjectFile): Finding[] {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const findings: Finding[] = []
  const add = (line: number, rule: string, message: string): void => {
    findings.push({ path, line, rule, message })
  }
  const lineAt = (position: number): number => tree.getLineAndCharacterOfPosition(position).line + 1
  const report: Report = (node, rule, message) => add(lineAt(node.getStart()), rule, message)

  const visit = (node: ts.Node): void => {
    for (const rule of RULES) rule(path, node, report)
    ts.forEachChild(node, visit)
  }
  visit(tree)

  for (const comment of commentsOf(tree)) {
    const message = refusalOfComment(path, comment.text)
    if (message !== undefined) add(lineAt(comment.position), 'comment', message)
  }
  const lines = text.split('\n').length - 1
  if (lines > LINES_MAX) add(LINES_MAX + 1, 'length', `${lines} lines, more than ${LINES_MAX}`)
  return findings.sort((a, b) => a.line - b.line)
}

function refuseAtomics(path: string, node: ts.Node, report: Report): void {
  if (ATOMICS_PATHS.test(path) || globalNameOf(node) !== 'Atomics') return
  report(node, 'memory', 'Atomics is only for the seam: import #memory')
}

function refuseSharedMemory(path: string, node: ts.Node, report: Report): void {
  if (!isShipped(path) || path === 'core/memory.ts') return
  if (!ts.isNewExpression(node) || globalNameOf(node.expression) !== 'SharedArrayBuffer') return
  report(node, 'memory', 'shared memory comes from allocate of #memory, or the explorer misses it')
}

function refuseTime(path: string, node: ts.Node, report: Report): void {
  if (!isShipped(path) || path === 'core/clock.ts') return
  const name = ts.isPropertyAccessExpression(node) ? memberNameOf(node) : globalNameOf(node)
  const module = moduleNameOf(node)
  const found =
    name !== undefined && (TIME_NAMES.has(name) || TIME_MEMBERS.has(name))
      ? name
      : module !== undefined && TIME_MODULES.has(module)
        ? module
        : undefined
  if (found !== undefined) report(node, 'clock', `${found} is only for the seam: import #clock`)
}

function refuseSeamByPath(path: string, node: ts.Node, report: Report): void {
  const module = moduleNameOf(node)
  if (module === undefined || !/^(core|workers)\//.test(path)) return
  const seam = SEAM_FILES[targetOf(path, module) ?? '']
  if (seam !== undefined) report(node, 'seam', `import ${seam}, or the explorer cannot swap it`)
}

function refuseDirection(path: string, node: ts.Node, report: Report): void {
  const module = moduleNameOf(node)
  if (module === undefined) return
  const target = /^millrace(\/|$)/.test(module) ? 'workers/index.js' : targetOf(path, module)
  if (target === undefined) return
  const refusal = refusalOfImport(path, target.replace(/\.js$/, '.ts'))
  if (refusal !== undefined) report(node, 'direction', refusal)
}

function refusePackages(path: string, node: ts.Node, report: Report): void {
  const module = moduleNameOf(node)
  if (module === undefined || !isShipped(path) || /^[.#]/.test(module) || isErased(node)) return
  if (path === MSGPACK_FILE && module === MSGPACK_PACKAGE) return
  const allowed = path.startsWith('core/')
    ? CORE_MODULES.has(module)
    : module.startsWith('node:') || WORKERS_PACKAGES.has(module)
  if (!allowed) report(node, 'dependency', `shipped code of this folder may not import ${module}`)
}

function refuseTestSwitches(path: string, node: ts.Node, report: Report): void {
  if (isTest(path) && (isSwitchCall(node) || isSwitchOption(node))) {
    report(node, 'test', 'every test runs, always: no only, skip or todo')
  }
}

function isSwitchCall(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    TEST_SWITCHES.has(node.expression.name.text)
  )
}

/** An option of a test that is set for good. A condition may stand: some data is not shipped. */
function isSwitchOption(node: ts.Node): boolean {
  return (
    ts.isPropertyAssignment(node) &&
    TEST_SWITCHES.has(node.name.getText()) &&
    (node.initializer.kind === ts.SyntaxKind.TrueKeyword ||
      ts.isStringLiteralLike(node.initializer)) &&
    ts.isCallExpression(node.parent.parent) &&
    /^(test|it|describe|suite)$/.test(node.parent.parent.expression.getText())
  )
}

function refusalOfComment(path: string, text: string): string | undefined {
  if (UNFINISHED.test(text)) return 'unfinished work belongs in an issue, not in a comment'
  if (SILENCED.test(text)) return 'fix what the tool found instead of silencing it'
  if (EXPECTED_ERROR.test(text) && !isTest(path)) return 'expected type errors are for tests'
  return undefined
}

/** Code that users get: core and workers without their tests. */
function isShipped(path: string): boolean {
  return /^(core|workers)\//.test(path) && !isTest(path)
}

/** The name of a global that this identifier uses as a value, if it may be one. */
function globalNameOf(node: ts.Node): string | undefined {
  if (!ts.isIdentifier(node)) return undefined
  const { parent } = node
  if (ts.isTypeReferenceNode(parent)) return undefined
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return parent.expression.getText() === 'globalThis' ? node.text : undefined
  }
  const isMemberName =
    (ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent)) &&
    parent.name === node
  return isMemberName ? undefined : node.text
}

function memberNameOf(node: ts.PropertyAccessExpression): string | undefined {
  return ts.isIdentifier(node.expression) ? `${node.expression.text}.${node.name.text}` : undefined
}

/** The module that a node names: imports of every kind, and `new URL(module, import.meta.url)`. */
function moduleNameOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return stringOf(node.moduleSpecifier)
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return stringOf(node.argument.literal)
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return stringOf(node.arguments[0])
  }
  const isUrl =
    ts.isNewExpression(node) &&
    node.expression.getText() === 'URL' &&
    node.arguments?.[1]?.getText() === 'import.meta.url'
  const target = isUrl ? stringOf(node.arguments?.[0]) : undefined
  return target?.endsWith('.js') ? target : undefined
}

/** Types leave nothing behind in the compiled file. */
function isErased(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.isTypeOnly ?? false
  return ts.isImportTypeNode(node) || (ts.isExportDeclaration(node) && node.isTypeOnly)
}

function stringOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined
}

/** The path from the root of a module that is named by a relative path. */
function targetOf(path: string, module: string): string | undefined {
  return module.startsWith('.') ? posix.join(posix.dirname(path), module) : undefined
}

function commentsOf(tree: ts.SourceFile): { position: number; text: string }[] {
  const ranges = new Map<number, ts.CommentRange>()
  const visit = (node: ts.Node): void => {
    const leading = ts.getLeadingCommentRanges(tree.text, node.pos) ?? []
    const trailing = ts.getTrailingCommentRanges(tree.text, node.end) ?? []
    for (const range of [...leading, ...trailing]) ranges.set(range.pos, range)
    for (const child of node.getChildren(tree)) visit(child)
  }
  visit(tree)
  return [...ranges.values()].map(({ pos, end }) => ({
    position: pos,
    text: tree.text.slice(pos, end),
  }))
}
