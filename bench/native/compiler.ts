import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SOURCE = new URL('../../../bench/native/ring.cpp', import.meta.url)
/** Beside this module, in the folder of what is compiled. */
const PROGRAM = new URL('./ring', import.meta.url)

/** By their usual names; the first one that works is taken. */
const COMPILERS = [process.env.CXX, 'g++', 'clang++', 'c++']

/** The compiled ring. */
export const RING = fileURLToPath(PROGRAM)

/**
 * Compiles the ring with the machine's C++ compiler, optimized as programs usually are.
 *
 * @returns whether there was a compiler that could
 */
export function compileRing(): boolean {
  return COMPILERS.some((compiler) => compiler !== undefined && compilesWith(compiler))
}

function compilesWith(compiler: string): boolean {
  const parameters = ['-O2', '-std=c++17', '-pthread', '-o', RING, fileURLToPath(SOURCE)]
  try {
    execFileSync(compiler, parameters, { stdio: 'ignore' })
    return existsSync(PROGRAM)
  } catch {
    return false
  }
}
