import { formatTable } from '../../../tools/markdown-table.js'
import type { Part } from '../part.js'
import { figure, groupBy, numberOf, textOf } from './lines.js'

/** Small changes of the core's code, and whether its tests notice. */
export const mutation: Part = {
  name: 'mutation',
  title: 'Mutation tests of core',
  about: `Stryker changes every expression and statement of the core in small ways, and the
deterministic tests of the core run against each change. A test noticed those that are killed; where
a change makes a test hang, its time is up. Most survivors are equivalent: fast paths, caches and
pauses, without which the same happens more slowly. Only with \`--deep\`: it takes most of an hour. Reports of
\`npm run mutation\`, also of parts, that are newer than the core's files are shown as they are; the
minutes are then those of reading them.`,
  isDrawn: false,
  isDeep: true,
  programs: () => [{ path: 'props/prove/mutation' }],
  describe: (lines) =>
    formatTable(
      ['file', 'mutants', 'killed', 'time is up', 'survived', 'not reached', 'score'],
      [...groupBy(lines, 'file').values()].map(([line = {}]) => [
        textOf(line, 'file'),
        figure(numberOf(line, 'mutants')),
        figure(numberOf(line, 'killed')),
        figure(numberOf(line, 'timeout')),
        figure(numberOf(line, 'survived')),
        figure(numberOf(line, 'noCoverage')),
        `${numberOf(line, 'score').toFixed(1)} %`,
      ]),
    ),
}
