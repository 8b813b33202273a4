/** Runs one suite. */
import { readAssignment, reportResult } from './child-process.js'
import { type MicroEffort, type MicroSuite, runSuite } from './micro.js'

export interface MicroAssignment {
  readonly module: string
  readonly effort: MicroEffort
}

const { module, effort } = readAssignment<MicroAssignment>()
const { default: suite } = (await import(module)) as { readonly default: MicroSuite }
reportResult(await runSuite(suite, effort))
