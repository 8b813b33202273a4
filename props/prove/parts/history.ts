import { formatTable } from '../../../tools/markdown-table.js'
import type { Line, Part } from '../part.js'
import { figure, groupBy, sumOf } from './lines.js'

const RUNS = 300

/** The checker of histories, checked. */
export const history: Part = {
  name: 'history',
  title: 'The history checker',
  about: `Every run, simulated, in lock-step or with real threads, leaves a history of sends, polls,
commits and deaths, which is searched for anomalies: those of Jepsen's queue workload, by the same
names, and some of our own. Here the checker itself is tried: with the histories of Jepsen's own tests where they
are at hand, with an anomaly planted by hand and a near miss for each name, and with valid histories drawn at
random, each of which is then spoilt.`,
  isDrawn: true,
  programs: (seed) => [
    { path: 'props/history/main', parameters: ['--seed', String(seed), '--runs', String(RUNS)] },
  ],
  describe(lines) {
    return formatTable(
      ['anomaly', 'planted', 'found', 'valid histories', 'false alarms'],
      [...groupBy(lines, 'anomaly')].map(([name, rounds]: [string, readonly Line[]]) => [
        name,
        figure(sumOf(rounds, 'planted')),
        figure(sumOf(rounds, 'found')),
        figure(sumOf(rounds, 'validHistories')),
        figure(sumOf(rounds, 'falseAlarms')),
      ]),
    )
  },
}
