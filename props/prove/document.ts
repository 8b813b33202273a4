import { describeMachine, type MachineFacts } from '../../tools/machine.js'
import { formatTable } from '../../tools/markdown-table.js'
import { HEADING, sectionsOf } from '../../tools/sections.js'
import type { Outcome, Part } from './part.js'

/** Where and when a part ran. */
export interface Setting {
  readonly machine: MachineFacts
  readonly seed: number
}

/**
 * VERIFICATION.md, with new sections for the parts that ran. Those of other parts stay as they are:
 * each section says itself what it comes from.
 *
 * @param known the file as it was
 * @param parts all parts, in the order of their sections
 */
export function updateDocument(
  known: string,
  parts: readonly Part[],
  outcomes: readonly Outcome[],
  setting: Setting,
): string {
  const sections = sectionsOf(known)
  for (const outcome of outcomes) sections.set(outcome.part.title, formatSection(outcome, setting))
  const bodies = parts.map(({ title }) => sections.get(title)).filter((body) => body !== undefined)
  return `${[INTRODUCTION, ...bodies].join('\n\n')}\n`
}

const INTRODUCTION = `# Verification

Written by \`npm run prove\`: do not edit, run it again. The code is in \`props/\`, and
[props/README.md](props/README.md) says how it works and how to add to it.

\`\`\`sh
npm ci
npm run prove                            # all parts once, but for those that take longest
npm run prove -- --deep                  # these as well
npm run prove -- --hours 8               # goes on with new seeds
npm run prove -- --seed 12               # draws what the run with this seed drew
npm run prove -- --only explored,chaos   # some parts
\`\`\`

A run writes the sections of its parts and leaves the others alone. \`npm test\` contains a share of
each, sized for every day.`

/** One line for each part, for the terminal. */
export function formatSummary(outcomes: readonly Outcome[]): string {
  return formatTable(
    ['part', 'rounds', 'minutes', 'verdict'],
    outcomes.map(({ part, rounds, elapsedMs, failures }) => [
      part.title,
      String(rounds),
      minutes(elapsedMs),
      failures.length === 0 ? 'holds' : 'FAILS',
    ]),
  )
}

/** The section of one part, also for the terminal. */
export function formatSection(outcome: Outcome, setting: Setting): string {
  const { part, lines, failures } = outcome
  const section = [`${HEADING}${part.title}`, describeRun(outcome, setting), part.about]
  if (lines.length > 0) section.push(part.describe(lines))
  for (const failure of failures) section.push(`**It fails:**\n\n\`\`\`\n${failure}\n\`\`\``)
  return section.join('\n\n')
}

function describeRun({ part, rounds, elapsedMs, failures }: Outcome, setting: Setting): string {
  const { machine, seed } = setting
  const draws = part.isDrawn
    ? `, seed ${seed}${rounds > 1 ? ` and ${rounds - 1} after it` : ''}`
    : ''
  return [
    failures.length === 0 ? '**Holds.**' : '**FAILS.**',
    `${minutes(elapsedMs)} minutes${draws}, npm run prove -- --only ${part.name}.`,
    describeMachine(machine),
  ].join(' ')
}

function minutes(timeMs: number): string {
  return (timeMs / 60_000).toFixed(1)
}
