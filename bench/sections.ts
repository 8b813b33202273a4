import { alternatives } from './alternatives/rows.js'
import { latency } from './latency/experiment.js'
import { layers } from './layers/section.js'
import type { SectionOutline } from './lib/document.js'
import { experimentSection } from './lib/experiment-section.js'
import { microSection } from './lib/micro-section.js'
import { rowSection } from './lib/row-section.js'
import type { Section } from './lib/section.js'
import { memory, redelivery, startUp } from './life/experiments.js'
import { throughput } from './rows.js'
import { cpuBound, curves, delivery, shapes, workloads } from './workloads/experiments.js'

/** What benny measures inside one thread. */
const engineSuites = [
  { name: 'log', module: new URL('./micro/log.js', import.meta.url) },
  { name: 'codec', module: new URL('./micro/codec.js', import.meta.url) },
  { name: 'partitioner', module: new URL('./micro/partitioner.js', import.meta.url) },
]

/** `alternatives/README.md` draws the conclusions. */
const copySuites = [
  { name: 'alternatives-copy', module: new URL('./alternatives/copy.js', import.meta.url) },
]

export const suites = [...engineSuites, ...copySuites]

export const rowGroups = [throughput, ...alternatives]

export const experiments = [
  latency,
  workloads,
  shapes,
  curves,
  delivery,
  cpuBound,
  startUp,
  memory,
  redelivery,
]

/** All that `npm run bench` measures, in the order of the report. */
export const sections: readonly Section[] = [
  ...rowGroups.map(rowSection),
  ...experiments.map(experimentSection),
  layers,
  microSection('micro', 'Inside one thread', engineSuites),
  microSection('copy', 'Alternatives: copies into shared memory', copySuites),
]

/** What `npm run soak` writes. */
export const soakOutline: SectionOutline = { name: 'soak', title: 'Soak', claims: [] }

/** All sections of the report, in their order. */
export const outlines: readonly SectionOutline[] = [...sections, soakOutline]
