import { formatTable } from '../../../tools/markdown-table.js'
import type { Line, Part } from '../part.js'
import { figure, groupBy, having, numberOf, textOf } from './lines.js'

/** The explorer notices what is wrong. */
export const teeth: Part = {
  name: 'teeth',
  title: 'Teeth: canaries and mutants',
  about: `Canaries are known-bad variants of the shipped algorithms. Mutants are all shared operations of the
core that a scenario reaches, each made wrong in every way that makes sense: a plain access instead
of an atomic one, an operation that does not happen or happens too late, a read-modify-write in two
steps. The explorer must find fault with each, or the reason is given why
the program is as good with it.`,
  isDrawn: false,
  programs: () => [{ path: 'props/sim/teeth/main', conditions: ['millrace:sim'] }],
  describe: (lines) => [describeCanaries(lines), describeMutants(lines)].join('\n\n'),
}

function describeCanaries(lines: readonly Line[]): string {
  return formatTable(
    ['canary', 'caught as', 'decisions in the shrunk schedule', 'states'],
    having(lines, 'canary').map((line) => [
      textOf(line, 'canary'),
      textOf(line, 'kind') || 'MISSED',
      figure(numberOf(line, 'schedule')),
      figure(numberOf(line, 'states')),
    ]),
  )
}

function describeMutants(lines: readonly Line[]): string {
  const mutants = having(lines, 'site')
  const table = formatTable(
    ['fault', 'mutants', 'killed', 'equivalent', 'survived'],
    [...groupBy(mutants, 'fault')].map(([fault, rows]) => [
      fault,
      ...counts(rows).map((count) => figure(count)),
    ]),
  )
  const equivalent = having(mutants, 'equivalent').map(
    (line) => `- ${textOf(line, 'site')}, ${textOf(line, 'fault')}: ${textOf(line, 'equivalent')}`,
  )
  return [table, ...(equivalent.length > 0 ? [equivalent.join('\n')] : [])].join('\n\n')
}

function counts(rows: readonly Line[]): number[] {
  const killed = having(rows, 'killedBy').length
  const equivalent = having(rows, 'equivalent').length
  return [rows.length, killed, equivalent, rows.length - killed - equivalent]
}
