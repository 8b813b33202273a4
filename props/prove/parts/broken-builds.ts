import { formatTable } from '../../../tools/markdown-table.js'
import type { Part } from '../part.js'
import { fieldOf, figure, listOf, numberOf, seconds, textOf } from './lines.js'

/** The engine broken on purpose: the everyday tests notice. */
export const brokenBuilds: Part = {
  name: 'broken-builds',
  title: 'Builds broken on purpose',
  about: `A copy of the project is broken in one place, and \`npm test\` runs in it. It must fail. A
run that has failed ends after five minutes at the latest, whatever hangs in it.`,
  isDrawn: false,
  programs: () => [{ path: 'props/prove/broken-builds' }],
  describe(lines) {
    return formatTable(
      ['broken', 'npm test', 'tests that fail', 'the first', 'seconds'],
      lines.map((line) => [
        textOf(line, 'breakage'),
        fieldOf(line, 'caught') === true ? 'fails' : 'PASSES',
        figure(listOf(line, 'failed').length),
        String(listOf(line, 'failed')[0] ?? ''),
        seconds(numberOf(line, 'elapsedMs')),
      ]),
    )
  },
}
