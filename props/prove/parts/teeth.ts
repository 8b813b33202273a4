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
  describe: (lines) =>
    [
      describeCanaries(lines),
      describeFaults(lines),
      describeFunctions(lines),
      describeLiving(lines),
    ]
      .filter((text) => text !== '')
      .join('\n\n'),
}

function describeCanaries(lines: readonly Line[]): string {
  return formatTable(
    ['canary', 'caught as', 'decisions in the shrunk schedule', 'states'],
    having(lines, 'canary').map((line) => [
      textOf(line, 'canary'),
      textOf(line, 'kind') || 'MISSED',
      figure(numberOf(line, 'decisions')),
      figure(numberOf(line, 'states')),
    ]),
  )
}

function describeFaults(lines: readonly Line[]): string {
  return formatTable(
    ['fault', 'mutants', ...VERDICTS],
    [...groupBy(having(lines, 'mutant'), 'fault')].map(([fault, mutants]) => [
      fault,
      ...countsOf(mutants).map(figure),
    ]),
  )
}

const VERDICTS = ['killed', 'killed elsewhere', 'equivalent', 'survived']
const KINDS = ['race', 'deadlock', 'error', 'check']

function describeFunctions(lines: readonly Line[]): string {
  return formatTable(
    ['function', 'mutants', ...VERDICTS, ...KINDS.map((kind) => `by ${kind}`)],
    [...groupBy(having(lines, 'mutant'), 'function')].map(([name, mutants]) => [
      name,
      ...countsOf(mutants).map(figure),
      ...KINDS.map((kind) =>
        figure(mutants.filter((line) => textOf(line, 'kind') === kind).length),
      ),
    ]),
  )
}

function countsOf(lines: readonly Line[]): number[] {
  const killed = having(lines, 'killedBy').length
  const elsewhere = having(lines, 'killedElsewhere').length
  const equivalent = having(lines, 'reason').length
  const survived = lines.length - killed - elsewhere - equivalent
  return [lines.length, killed, elsewhere, equivalent, survived]
}

/** Survivors and operations that nothing reaches, by their reasons. */
function describeLiving(lines: readonly Line[]): string {
  const living = [...having(lines, 'reason'), ...having(lines, 'killedElsewhere')]
  const named = living.map((line) => ({
    ...line,
    reason: textOf(line, 'reason') || textOf(line, 'killedElsewhere'),
    name: textOf(line, 'mutant') || `not reached: ${textOf(line, 'unreached')}`,
  }))
  return [...groupBy(named, 'reason')]
    .map(
      ([reason, same]) =>
        `- ${reason} ${same.map((line) => `\`${textOf(line, 'name')}\``).join(', ')}`,
    )
    .join('\n')
}
