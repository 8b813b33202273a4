import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** A call in the compiled core, by names that stay while lines come and go. */
export interface CallSite {
  /** Where the engine says that it is: `core/log/tail.js:22:19`. */
  readonly place: string
  /** `core/log/tail.ts readTail` */
  readonly site: string
  /** What is called: `memory.loadLong`, or the name of a function or method. */
  readonly callee: string
  /** Which of the function's calls of this callee it is, from 1; 0 if there is one only. */
  readonly ordinal: number
}

const FOLDER = fileURLToPath(new URL('../../../core/', import.meta.url))
const SEAM = 'memory.'
/** Functions of the seam that are no operation on shared memory. */
const NO_OPERATIONS: ReadonlySet<string> = new Set(['allocate', 'attach', 'pause'])

/** Every call in the core, by its place. */
export function callSites(): ReadonlyMap<string, CallSite> {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  const sources = files.filter((file) => file.endsWith('.js') && !/\.test\.|^memory\.js/.test(file))
  return new Map(
    sources
      .sort()
      .flatMap(callsOf)
      .map((call) => [call.place, call]),
  )
}

/** Whether the call is an operation on shared memory. */
export function isOperation({ callee }: CallSite): boolean {
  return callee.startsWith(SEAM) && !NO_OPERATIONS.has(callee.slice(SEAM.length))
}

/** What the call of an operation does, with its ordinal: `store 2`. */
export function operationOf(call: CallSite): string {
  return `${call.callee.replace(SEAM, '')}${numbered(call)}`
}

/** The kind of operation that the simulated memory makes of it: bytes are copied into it. */
export function kindOf({ callee }: CallSite): string {
  return callee === `${SEAM}copy` ? 'copyIn' : callee.replace(SEAM, '')
}

/** `openSegment`, or `Appender.wakeSleepers 2`: the caller, and which of its calls it is. */
export function callerOf(call: CallSite): string {
  return `${call.site.split(' ').at(-1)}${numbered(call)}`
}

/**
 * An operation's places, as the machine names them.
 *
 * @param caller '' for every caller
 */
export function sitesNamed(site: string, operation: string, caller = ''): string[] {
  const calls = [...callSites().values()]
  const call = calls.find(
    (candidate) =>
      candidate.site === site && isOperation(candidate) && operationOf(candidate) === operation,
  )
  if (call === undefined) throw new Error(`${site} has no ${operation}`)
  if (caller === '') return [`${call.place} ${kindOf(call)}`]
  const functionName = site.split(/[ .]/).at(-1)
  const callers = calls.filter((candidate) => {
    return candidate.callee === functionName && callerOf(candidate) === caller
  })
  if (callers.length === 0) throw new Error(`${caller} does not call ${site}`)
  return callers.map(({ place }) => `${call.place} < ${place} ${kindOf(call)}`)
}

function numbered({ ordinal }: CallSite): string {
  return ordinal === 0 ? '' : ` ${ordinal}`
}

function callsOf(file: string): CallSite[] {
  const path = `core/${file.replaceAll('\\', '/')}`
  const source = ts.createSourceFile(
    path,
    readFileSync(FOLDER + file, 'utf8'),
    ts.ScriptTarget.ES2023,
    true,
  )
  const calls: Omit<CallSite, 'ordinal'>[] = []
  const visit = (node: ts.Node): void => {
    const name = nameOfCallee(node)
    if (name !== undefined) {
      const { line, character } = source.getLineAndCharacterOfPosition(name.getStart())
      calls.push({
        place: `${path}:${line + 1}:${character + 1}`,
        site: `${path.replace(/js$/, 'ts')} ${functionAround(node)}`,
        callee: calleeOf(name),
      })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return calls.map((call) => ({ ...call, ordinal: ordinalOf(call, calls) }))
}

type Named = Omit<CallSite, 'ordinal'>

function ordinalOf(call: Named, calls: readonly Named[]): number {
  const alike = calls.filter(({ site, callee }) => site === call.site && callee === call.callee)
  return alike.length === 1 ? 0 : alike.indexOf(call) + 1
}

/** What is called, if it has a name: `load` of `memory.load(...)`. */
function nameOfCallee(node: ts.Node): ts.Node | undefined {
  if (!ts.isCallExpression(node)) return undefined
  const { expression } = node
  if (ts.isPropertyAccessExpression(expression)) return expression.name
  return ts.isIdentifier(expression) ? expression : undefined
}

function calleeOf(name: ts.Node): string {
  const { parent } = name
  const isOfSeam =
    ts.isPropertyAccessExpression(parent) && parent.expression.getText() === SEAM.slice(0, -1)
  return (isOfSeam ? SEAM : '') + name.getText()
}

/** The function, method or constructor around a node, methods with their class. */
function functionAround(node: ts.Node): string {
  for (let around = node.parent; around !== undefined; around = around.parent) {
    if (ts.isFunctionDeclaration(around)) return around.name?.getText() ?? 'default'
    if (!ts.isClassElement(around) || !ts.isClassLike(around.parent)) continue
    const type = around.parent.name?.getText() ?? 'class'
    return `${type}.${around.name?.getText() ?? 'constructor'}`
  }
  return 'module'
}
