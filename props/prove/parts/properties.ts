import { formatTable } from '../../../tools/markdown-table.js'
import type { Part } from '../part.js'
import { fieldOf, figure, groupBy, seconds, sumOf } from './lines.js'

/** How many times the cases of `npm test`. */
const FACTOR = 5

/** The named properties. */
export const properties: Part = {
  name: 'properties',
  title: 'Properties',
  about: `Each has a name, a claim, a generator of cases and an oracle; what each claims is in
[props/properties/README.md](props/properties/README.md). Cases are drawn from the seed and shrink
when they fail. A property whose cases do not reach what it is about fails too, and each oracle is
shown to notice a defect planted for it.`,
  isDrawn: true,
  programs: (seed) => [
    {
      path: 'props/properties/main',
      parameters: ['--seed', String(seed), '--runs', String(FACTOR)],
    },
  ],
  describe(lines) {
    const rows = [...groupBy(lines, 'property')]
    return formatTable(
      ['property', 'cases', 'broken', 'seconds'],
      rows.map(([name, rounds]) => [
        name,
        figure(sumOf(rounds, 'runs')),
        figure(rounds.filter((line) => fieldOf(line, 'ok') !== true).length),
        seconds(sumOf(rounds, 'ms')),
      ]),
    )
  },
}
