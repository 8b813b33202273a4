import { latency } from './latency/experiment.js'
import type { SectionOutline } from './lib/document.js'
import { experimentSection } from './lib/experiment-section.js'
import { microSection } from './lib/micro-section.js'
import { rowSection } from './lib/row-section.js'
import type { Section } from './lib/section.js'
import { throughput } from './rows.js'

/** What benny measures inside one thread. */
export const suites = [
  { name: 'log', module: new URL('./micro/log.js', import.meta.url) },
  { name: 'codec', module: new URL('./micro/codec.js', import.meta.url) },
  { name: 'partitioner', module: new URL('./micro/partitioner.js', import.meta.url) },
]

export const rowGroups = [throughput]

export const experiments = [latency]

/** All that `npm run bench` measures, in the order of the report. */
export const sections: readonly Section[] = [
  ...rowGroups.map(rowSection),
  ...experiments.map(experimentSection),
  microSection('micro', 'Inside one thread', suites),
]

/** All sections of the report. */
export const outlines: readonly SectionOutline[] = sections
