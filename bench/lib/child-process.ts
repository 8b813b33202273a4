import { fork } from 'node:child_process'

const TIMEOUT_MS = 60_000

/**
 * Runs a module in a process of its own, which gives it a fresh heap and fresh optimizations: what
 * one benchmark taught the compiler, or left behind, cannot favour another.
 *
 * @param module passes its result to {@link reportResult}
 * @param assignment what the module gets from {@link readAssignment}; must survive JSON
 * @param conditions which seams it gets instead of the engine's own
 * @throws if the process ends without a result, or takes more than a minute
 */
export async function runInProcess<Result>(
  module: URL,
  assignment: unknown,
  conditions: readonly string[] = [],
): Promise<Result> {
  const child = fork(module, [JSON.stringify(assignment)], {
    execArgv: [...process.execArgv, ...conditions.map((name) => `--conditions=${name}`)],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let result: { readonly value: Result } | undefined
  child.once('message', (value) => {
    result = { value: value as Result }
  })
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  if (end === 'code 0' && result !== undefined) return result.value
  throw new Error(`its process ended with ${end} and ${result ? 'a' : 'no'} result`)
}

/** In the process: what it has to do. */
export function readAssignment<Assignment>(): Assignment {
  return JSON.parse(process.argv[2] as string) as Assignment
}

/** In the process: gives the result back. The process then ends by itself. */
export function reportResult(result: unknown): void {
  process.send?.(result, () => process.disconnect())
}
