/** Runs one row once. */
import { readAssignment, reportResult } from './child-process.js'
import type { Load, Measurement, RowModule, Settings } from './row.js'

export interface RowAssignment extends Load {
  readonly module: string
  readonly settings: Settings
}

export interface RowReport {
  readonly measurement: Measurement
  /** Processor time of all threads of the process. */
  readonly cpuMs: number
}

const { module, settings, ...load } = readAssignment<RowAssignment>()
const row = (await import(module)) as RowModule
const measurement = await row.measure(load, settings)
const { user, system } = process.cpuUsage()
const report: RowReport = {
  measurement,
  cpuMs: (user + system) / 1000 + (measurement.otherCpuMs ?? 0),
}
reportResult(report)
