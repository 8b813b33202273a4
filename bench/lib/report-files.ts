import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { MachineFacts } from '../../tools/machine.js'
import { type SectionOutline, updateDocument } from './document.js'
import { drawPlot } from './plot.js'
import type { SectionFindings } from './section.js'

const PROJECT = new URL('../../../', import.meta.url)
const REPORT = new URL('BENCHMARKS.md', PROJECT)
const RESULTS = new URL('bench/results/', PROJECT)
const PLOTS = new URL('bench/plots/', PROJECT)

/** A section that was measured, whole or in part. */
export interface Measured {
  readonly section: SectionOutline
  readonly findings: SectionFindings
  readonly isWhole: boolean
  /** How: the command, rounds. */
  readonly origin: string
}

/** Writes every measurement of a section as JSON; what is a part gets a name that says so. */
export function saveMeasurements(
  { section, findings, isWhole, origin }: Measured,
  machine: MachineFacts,
): void {
  mkdirSync(RESULTS, { recursive: true })
  const file = new URL(`${section.name}${isWhole ? '' : '-part'}.json`, RESULTS)
  const { measurements, claims } = findings
  writeFileSync(
    file,
    `${JSON.stringify({ machine, origin, claims, measurements }, undefined, 2)}\n`,
  )
  console.log(`Every measurement: ${fileURLToPath(file)}`)
}

/** Writes a section of BENCHMARKS.md, the lines of its claims, and its plots. */
export function updateReport(
  { section, findings, origin }: Measured,
  machine: MachineFacts,
  outlines: readonly SectionOutline[],
): void {
  const { blocks, plots, claims } = findings
  mkdirSync(PLOTS, { recursive: true })
  for (const plot of plots) writeFileSync(new URL(`${plot.name}.svg`, PLOTS), drawPlot(plot))
  const known = existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : ''
  const fresh = [{ title: section.title, origin, blocks, plots, claims }]
  writeFileSync(REPORT, updateDocument(known, outlines, fresh, machine))
  console.log(`Report: ${fileURLToPath(REPORT)}`)
}
