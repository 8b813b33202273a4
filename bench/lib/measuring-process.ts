/** Measures once: calls the `measure` of a module. */
import { readAssignment, reportResult } from './child-process.js'

export interface MeasuringAssignment {
  readonly module: string
  readonly parameters: readonly unknown[]
}

/** What a module measured, and what it says of processes that it started itself. */
interface Measured {
  readonly otherCpuMs?: number
}

export interface MeasuringReport<Result> {
  readonly result: Result
  /** Processor time of all threads of the process, and of processes that these started. */
  readonly cpuMs: number
}

const { module, parameters } = readAssignment<MeasuringAssignment>()
const { measure } = (await import(module)) as {
  measure(...parameters: readonly unknown[]): Promise<Measured>
}
const result = await measure(...parameters)
const { user, system } = process.cpuUsage()
const report: MeasuringReport<Measured> = {
  result,
  cpuMs: (user + system) / 1000 + (result.otherCpuMs ?? 0),
}
reportResult(report)
