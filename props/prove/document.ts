import type { MachineFacts } from '../../tools/machine.js'
import { formatTable } from '../../tools/markdown-table.js'
import type { Outcome } from './part.js'

/** VERIFICATION.md. */
export function formatDocument(
  machine: MachineFacts,
  seed: number,
  outcomes: readonly Outcome[],
): string {
  return `${[
    INTRODUCTION,
    formatMachine(machine, seed),
    formatSummary(outcomes),
    ...outcomes.map(formatOutcome),
  ].join('\n\n')}\n`
}

const INTRODUCTION = `# Verification

Written by \`npm run prove\`: do not edit, run it again. The code is in \`props/\`, and
[props/README.md](props/README.md) says how it works and how to add to it.

\`\`\`sh
npm ci
npm run prove                            # everything once; writes this file
npm run prove -- --deep                  # and what takes most of an hour and gigabytes
npm run prove -- --hours 8               # the drawn parts again and again, with new seeds
npm run prove -- --seed 12               # the same drawn parts as the run that printed this seed
npm run prove -- --only explored,chaos   # these parts alone; prints, and leaves this file alone
\`\`\`

\`npm test\` contains a part of each of these, sized for every day.`

function formatMachine(machine: MachineFacts, seed: number): string {
  const { processor, cores, memoryGib, platform, node, v8, commit, date } = machine
  return formatTable(
    ['', ''],
    [
      ['Machine', `${processor}, ${cores} cores, ${memoryGib} GiB, ${platform}`],
      ['Node', `${node} (V8 ${v8})`],
      ['Commit', commit],
      ['Date', date],
      ['Seed', String(seed)],
    ],
  )
}

/** One line for each part, also for the terminal. */
export function formatSummary(outcomes: readonly Outcome[]): string {
  return formatTable(
    ['part', 'rounds', 'minutes', 'verdict'],
    outcomes.map(({ part, rounds, elapsedMs, failures }) => [
      part.title,
      String(rounds),
      (elapsedMs / 60_000).toFixed(1),
      failures.length === 0 ? 'holds' : 'FAILS',
    ]),
  )
}

/** The section of one part, also for the terminal. */
export function formatOutcome({ part, lines, failures }: Outcome): string {
  const section = [`## ${part.title}`, part.about]
  if (lines.length > 0) section.push(part.describe(lines))
  for (const failure of failures) section.push(`**It fails:**\n\n\`\`\`\n${failure}\n\`\`\``)
  return section.join('\n\n')
}
