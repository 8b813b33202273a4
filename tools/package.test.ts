import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import ts from 'typescript'
import { ROOT, readProjectFile } from './project.js'
import {
  documentedErrorCodes,
  type ExampleFile,
  expectedOutput,
  readReadmeCode,
  withCompiledNames,
} from './readme.js'

const README = readProjectFile('README.md').text
const { files, programs } = readReadmeCode(README)

/** Nothing here takes so long: what does, hangs. */
const TIMEOUT_MS = 120_000
/** Node strips types by itself from 22.18 on. */
const stripsTypes = Boolean(Reflect.get(process.features, 'typescript'))

/** What happens where the optional peer cannot be loaded. */
const WITHOUT_PEER = `
  const { createEngine, json } = await import('millrace')
  const engine = await createEngine({ topics: { orders: { partitions: 1, codec: json() } } })
  await engine.close()
  await import('millrace/msgpack').catch(({ code, message }) => console.log(code, message))`

interface Manifest {
  readonly version: string
  readonly devDependencies: Readonly<Record<string, string>>
}

let app: string
let tour: string
let withoutPeer: string

/** The package as a user has it: packed, and installed in an empty project. */
before(
  async () => {
    app = mkdtempSync(join(tmpdir(), 'millrace-package-'))
    const manifest = readProjectFile('package.json').text
    const { version } = JSON.parse(manifest) as Manifest
    // What is packed is what these tests run from: the scripts would build it anew under their feet.
    await npm(ROOT, 'pack', '--ignore-scripts', '--pack-destination', app)
    writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }\n')
    const file = `./millrace-${version}.tgz`
    await install(file)
    const peer = join(app, 'node_modules', 'msgpackr')
    assert.ok(!existsSync(peer), 'nobody asked for the optional peer')
    // A folder above may have one: this one hides it, and cannot be imported.
    mkdirSync(peer)
    writeFileSync(join(peer, 'package.json'), '{ "name": "msgpackr", "exports": {} }')
    withoutPeer = await run(app, process.execPath, ['--input-type=module', '-e', WITHOUT_PEER])
    rmSync(peer, { recursive: true })
    const { devDependencies } = JSON.parse(manifest) as Manifest
    await install(`msgpackr@${devDependencies.msgpackr}`)
    tour = writeFiles('tour', [...files, ...programs].filter(isTypeScript).map(compile))
  },
  { timeout: TIMEOUT_MS },
)

after(() => rmSync(app, { recursive: true, force: true }))

describe('the installed package', () => {
  it('has code, types, licence and README, and no tests', () => {
    const home = join(app, 'node_modules', 'millrace')
    for (const path of [
      'dist/workers/index.js',
      'dist/workers/index.d.ts',
      'LICENSE',
      'README.md',
    ]) {
      assert.ok(existsSync(join(home, path)), path)
    }
    for (const path of ['dist/core/options.test.js', 'dist/bench', 'dist/props', 'dist/examples']) {
      assert.ok(!existsSync(join(home, path)), path)
    }
  })

  it('needs msgpackr for msgpack only', () => {
    assert.match(withoutPeer, /^ERR_PACKAGE_PATH_NOT_EXPORTED .*msgpackr/)
  })

  it("runs the README's first example", async () => {
    const folder = writeFiles('javascript', files.filter(isJavaScript))
    assertFirstExample(await runNode(folder, 'orders.js'))
  })

  it("runs the README's first example as TypeScript", { skip: !stripsTypes }, async () => {
    const folder = writeFiles('typescript', files.filter(isTypeScript))
    assertFirstExample(await runNode(folder, 'orders.ts'))
  })

  it("has types that fit the README's TypeScript", () => {
    const folder = writeFiles('types', [...files, ...programs].filter(isTypeScript))
    assert.deepEqual(typeErrorsOf(folder), [])
  })
})

describe("the README's API tour", { concurrency: 2 }, () => {
  for (const { name, code, expected } of programs) {
    it(`runs ${name}`, { timeout: TIMEOUT_MS }, async () => {
      const lines = await runNode(tour, name.replace('.ts', '.js'))
      assert.deepEqual(
        lines.filter((line) => expected.includes(line)),
        expected,
        `of its output:\n${lines.join('\n')}\nby:\n${code}`,
      )
    })
  }

  it('has examples, and most of them say what they print', () => {
    assert.ok(programs.length >= 12)
    assert.ok(programs.filter(({ expected }) => expected.length > 0).length > programs.length / 2)
  })

  it('has a table with every error code, and no other', () => {
    const { text } = readProjectFile('core/errors.ts')
    const [, union = ''] = /export type ErrorCode =(.*?)\n\n/s.exec(text) ?? []
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map((match) => match[1] as string)
    assert.ok(codes.length > 0)
    assert.deepEqual(documentedErrorCodes(README).sort(), codes.sort())
  })
})

/** Lines of different threads may come in any order, but those of one key do not. */
function assertFirstExample(lines: readonly string[]): void {
  const [, shown = ''] = /```text\n(.*?)```/s.exec(README) ?? []
  const wanted = shown.trimEnd().split('\n')
  assert.deepEqual([...lines].sort(), [...wanted].sort())
  const ofOneKey = (all: readonly string[]) => all.filter((line) => line.startsWith('c-17'))
  assert.deepEqual(ofOneKey(lines), ofOneKey(wanted))
  const [first] = files.filter(isJavaScript).flatMap(({ code }) => expectedOutput(code))
  assert.equal(wanted.at(-1), first)
}

function isTypeScript({ name }: ExampleFile): boolean {
  return name.endsWith('.ts')
}

function isJavaScript({ name }: ExampleFile): boolean {
  return name.endsWith('.js')
}

function compile({ name, code }: ExampleFile): ExampleFile {
  const { outputText } = ts.transpileModule(withCompiledNames(code), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  })
  return { name: name.replace('.ts', '.js'), code: outputText }
}

function writeFiles(folder: string, examples: readonly ExampleFile[]): string {
  const path = join(app, folder)
  mkdirSync(path)
  for (const { name, code } of examples) writeFileSync(join(path, name), code)
  return path
}

function typeErrorsOf(folder: string): string[] {
  const names = [...files, ...programs].filter(isTypeScript).map(({ name }) => join(folder, name))
  const program = ts.createProgram(names, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    typeRoots: [join(ROOT, 'node_modules', '@types')],
    types: ['node'],
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
  })
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

function install(name: string): Promise<string> {
  return npm(app, 'install', '--prefer-offline', '--no-audit', '--no-fund', name)
}

function npm(folder: string, ...parameters: string[]): Promise<string> {
  return run(folder, process.platform === 'win32' ? 'npm.cmd' : 'npm', parameters)
}

/** Runs a program to its own end. @returns its lines on standard output */
async function runNode(folder: string, name: string): Promise<string[]> {
  const output = await run(folder, process.execPath, ['--no-warnings', name])
  return output.split('\n').filter((line) => line !== '')
}

async function run(folder: string, command: string, parameters: readonly string[]) {
  const child = spawn(command, parameters, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', resolve)
  })
  const [code, output, errors] = await Promise.all([
    ended,
    readText(child.stdout),
    readText(child.stderr),
  ])
  assert.equal(code, 0, `${command} ${parameters.join(' ')} failed:\n${output}\n${errors}`)
  return output
}
