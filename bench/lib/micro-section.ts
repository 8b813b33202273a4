import { runMicro } from './micro-runner.js'
import { formatMicro } from './report.js'
import type { Section } from './section.js'

/** What benny measures inside one thread. */
export function microSection(
  name: string,
  title: string,
  suites: readonly { readonly name: string; readonly module: URL }[],
): Section {
  return {
    name,
    title,
    parts: suites.map((suite) => suite.name),
    claims: [],
    async measure({ isWanted }) {
      const measurements = await runMicro(suites.filter((suite) => isWanted(suite.name)))
      return {
        blocks: [
          'By benny. Nanoseconds, median and middle half of its samples.',
          formatMicro(measurements),
        ],
        claims: [],
        plots: [],
        measurements,
      }
    },
  }
}
