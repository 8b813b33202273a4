import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../../tools/project.js'
import type { Line, Outcome, Part, Program } from './part.js'

/** What takes longer hangs. */
const TIME_LIMIT_MS = 2 * 3_600_000

/** How much of what a failed program said is kept. */
const WORDS_KEPT = 4_000

/** Runs one round of a part after another; each has a seed of its own. */
export class PartRun {
  readonly part: Part
  private readonly lines: Line[] = []
  private readonly failures: string[] = []
  private rounds = 0
  private elapsedMs = 0

  constructor(part: Part) {
    this.part = part
  }

  /** @param onLine hears of each line as it comes */
  async runRound(seed: number, onLine: (line: Line) => void): Promise<void> {
    const start = performance.now()
    const programs = [...this.part.programs(seed)]
    const runNext = async (): Promise<void> => {
      for (let program = programs.shift(); program !== undefined; program = programs.shift()) {
        const failure = await runProgram(program, (line) => {
          this.lines.push(line)
          onLine(line)
        })
        if (failure !== undefined) this.failures.push(failure)
      }
    }
    const width = this.part.isParallel === true ? availableParallelism() : 1
    await Promise.all(Array.from({ length: width }, runNext))
    this.rounds++
    this.elapsedMs += performance.now() - start
  }

  get hasFailed(): boolean {
    return this.failures.length > 0
  }

  outcome(): Outcome {
    const { part, lines, rounds, elapsedMs, failures } = this
    return { part, lines, rounds, elapsedMs, failures }
  }
}

/** @returns why it failed, if it did */
async function runProgram(
  { path, parameters = [], conditions = [] }: Program,
  onLine: (line: Line) => void,
): Promise<string | undefined> {
  const command = [
    ...conditions.map((condition) => `--conditions=${condition}`),
    join('dist', `${path}.js`),
    ...parameters,
  ]
  const child = spawn(process.execPath, command, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  const words: string[] = []
  createInterface(child.stderr).on('line', (line) => words.push(line))
  createInterface(child.stdout).on('line', (line) => {
    const parsed = parse(line)
    if (parsed === undefined) words.push(line)
    else onLine(parsed)
  })
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? `status ${code}`))
  })
  if (end === 'status 0') return undefined
  return `node ${command.join(' ')}: ${end}\n${words.join('\n').slice(-WORDS_KEPT)}`
}

function parse(line: string): Line | undefined {
  if (!line.startsWith('{')) return undefined
  return JSON.parse(line) as Line
}
