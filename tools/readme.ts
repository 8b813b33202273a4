/**
 * The code of README.md as files and programs, so that it can be run: what it promises cannot drift
 * from what the package does.
 *
 * ```
 *   // name.ts, first line     a file; others may import it
 *   no such line               a program: the beginning that the tour names, and the block
 *   console.log(x) // text     prints this text
 * ```
 */
const BLOCK = /^```(?:js|ts)\n(.*?)^```$/gms
const FILE_LINE = /^\/\/ ([\w-]+\.[jt]s)\n/
const EXPECTATION = /console\.log\(.*\) \/\/ (.+)$/gm
const TOUR = '## API tour'
const HEADING = /^#+ (.+)$/gm
const ENDING = 'await engine.close()\n'

/** A file of the README's examples. */
export interface ExampleFile {
  readonly name: string
  readonly code: string
}

/** A file that is run by itself. */
interface ExampleProgram extends ExampleFile {
  /** Lines that it prints, in this order, perhaps among lines of its worker threads. */
  readonly expected: readonly string[]
}

export interface ReadmeCode {
  /** Blocks that are whole files. */
  readonly files: readonly ExampleFile[]
  /** The tour's examples, each behind the tour's beginning. */
  readonly programs: readonly ExampleProgram[]
}

/** Cuts the examples out of the README's text. */
export function readReadmeCode(text: string): ReadmeCode {
  const blocks = blocksOf(text)
  const isOfTour = ({ at, code }: Block) =>
    at > text.indexOf(TOUR) && fileNameOf(code) === undefined
  const [beginning, ...examples] = blocks.filter(isOfTour)
  return {
    files: blocks.flatMap(({ code }) => {
      const name = fileNameOf(code)
      return name === undefined ? [] : [{ name, code }]
    }),
    programs: examples.map(({ at, code }, index) => ({
      name: `${index + 1}-${headingBefore(text, at)}.ts`,
      code: `${beginning?.code}\n${code}\n${ENDING}`,
      expected: expectedOutput(code),
    })),
  }
}

/** What `console.log` is said to print, in the order of the code. */
export function expectedOutput(code: string): string[] {
  return [...code.matchAll(EXPECTATION)].map((match) => match[1] as string)
}

/** Rewrites imports and URLs of TypeScript files to those of the compiled ones. */
export function withCompiledNames(code: string): string {
  return code.replace(/'(\.\/[\w-]+)\.ts'/g, "'$1.js'")
}

/** The codes in the README's table of errors. */
export function documentedErrorCodes(text: string): string[] {
  const from = text.indexOf('## Errors')
  const section = text.slice(from, text.indexOf('\n## ', from + 1))
  return [...section.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1] as string)
}

interface Block {
  /** Where it begins in the README. */
  readonly at: number
  readonly code: string
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(BLOCK)].map((match) => ({ at: match.index, code: match[1] as string }))
}

/** The heading that a block stands under, as part of a file's name. */
function headingBefore(text: string, at: number): string {
  const heading = [...text.slice(0, at).matchAll(HEADING)].at(-1)?.[1] ?? ''
  return heading.toLowerCase().replace(/[^a-z]+/g, '-')
}

function fileNameOf(code: string): string | undefined {
  return FILE_LINE.exec(code)?.[1]
}
