import { runInProcess } from './child-process.js'
import type { MicroEffort, MicroResult } from './micro.js'
import type { MicroAssignment } from './micro-process.js'

const PROCESS = new URL('./micro-process.js', import.meta.url)

/** In seconds: about 20 samples for each case. */
const EFFORT: MicroEffort = { minTime: 0.02, maxTime: 0.5, minSamples: 20 }

/** Runs suites one after the other, each in a process of its own. */
export async function runMicro(
  suites: readonly { readonly name: string; readonly module: URL }[],
  effort = EFFORT,
): Promise<MicroResult[]> {
  const results: MicroResult[] = []
  for (const { name, module } of suites) {
    const assignment: MicroAssignment = { module: module.href, effort }
    try {
      results.push(...(await runInProcess<MicroResult[]>(PROCESS, assignment)))
    } catch (cause) {
      throw new Error(`suite ${name} failed`, { cause })
    }
  }
  return results
}
