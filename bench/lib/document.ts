import { describeMachine, type MachineFacts } from '../../tools/machine.js'
import { formatTable } from '../../tools/markdown-table.js'
import { HEADING, sectionsOf } from '../../tools/sections.js'
import { CLAIM_HEAD, claimCells, type JudgedClaim } from './claims.js'
import type { Plot } from './plot.js'

/** What is known of a section without measuring it. */
export interface SectionOutline {
  readonly name: string
  readonly title: string
  readonly claims: readonly string[]
}

/** One section of BENCHMARKS.md, newly measured. */
export interface NewSection {
  readonly title: string
  /** How it was measured: the command, rounds. */
  readonly origin: string
  readonly blocks: readonly string[]
  readonly plots: readonly Plot[]
  readonly claims: readonly JudgedClaim[]
}

const CLAIMS_TITLE = 'What is claimed'
const CLAIMS_TEXT = `Each claim is judged by the ratio or figure in every single round: *met* and *missed* mean
that all rounds agree. The range is that of the rounds.`

/** What stands between these lines is written by hand: it stays when its section is written anew. */
const HAND_BEGIN = '<!-- by hand -->'
const HAND_END = '<!-- end by hand -->'

/**
 * BENCHMARKS.md, with new sections for what was measured. Everything else stays: the sections of
 * other runs, sections with titles that no outline has, and what is written by hand.
 *
 * @param known the file as it was
 * @param outlines all sections, in their order
 */
export function updateDocument(
  known: string,
  outlines: readonly SectionOutline[],
  fresh: readonly NewSection[],
  machine: MachineFacts,
): string {
  const before = sectionsOf(known)
  const bodies = new Map<string, string>()
  const claims = updateClaims(before.get(CLAIMS_TITLE) ?? '', outlines, fresh, machine)
  bodies.set(CLAIMS_TITLE, withHandwritten(claims, before.get(CLAIMS_TITLE)))
  for (const { title } of outlines) {
    const section = fresh.find((one) => one.title === title)
    const body = section === undefined ? before.get(title) : formatSection(section, machine)
    if (body === undefined) continue
    bodies.set(title, section === undefined ? body : withHandwritten(body, before.get(title)))
  }
  const head = withHandwritten(INTRODUCTION, known.split(`\n${HEADING}`)[0])
  return `${[head, ...inOrder(bodies, before)].join('\n\n')}\n`
}

/** The generated sections in their order; those of other hands behind the one they stood behind. */
function inOrder(
  bodies: ReadonlyMap<string, string>,
  before: ReadonlyMap<string, string>,
): string[] {
  const titles = [...bodies.keys()]
  let previous = -1
  for (const title of before.keys()) {
    const at = titles.indexOf(title)
    if (at === -1) titles.splice(++previous, 0, title)
    else previous = at
  }
  return titles.map((title) => bodies.get(title) ?? (before.get(title) as string))
}

function withHandwritten(body: string, before = ''): string {
  const kept = before
    .split(HAND_BEGIN)
    .slice(1)
    .map((piece) => `${HAND_BEGIN}${piece.split(HAND_END)[0]}${HAND_END}`)
  return [body, ...kept].join('\n\n')
}

/** The body of a section. */
function formatSection(section: NewSection, machine: MachineFacts): string {
  const { title, origin, blocks, plots } = section
  return [
    `${HEADING}${title}`,
    `${origin} ${describeMachine(machine)} Load before: ${machine.loadBefore}.`,
    ...blocks,
    ...plots.map((plot) => `![${plot.title}](bench/plots/${plot.name}.svg)`),
  ].join('\n\n')
}

/** The table of all claims: new lines for those that were judged, the others' lines as they were. */
function updateClaims(
  before: string,
  outlines: readonly SectionOutline[],
  fresh: readonly NewSection[],
  { commit }: MachineFacts,
): string {
  const lines = new Map<string, string[]>()
  for (const line of before.split('\n').filter((one) => one.startsWith('| '))) {
    const cells = line.slice(2, -2).split(' | ')
    lines.set(cells[0] as string, cells)
  }
  for (const claim of fresh.flatMap((section) => section.claims)) {
    lines.set(claim.text, [...claimCells(claim), commit])
  }
  const rows = outlines.flatMap(({ claims }) => claims.flatMap((text) => [lines.get(text) ?? []]))
  const table = formatTable(
    [...CLAIM_HEAD, 'commit'],
    rows.filter((cells) => cells.length > 0),
  )
  return [`${HEADING}${CLAIMS_TITLE}`, CLAIMS_TEXT, table].join('\n\n')
}

const INTRODUCTION = `# Benchmarks

Written by \`npm run bench\`; the code is in \`bench/\`. A run writes the sections that it measured whole
and leaves the others alone: each says itself what it comes from. What stands between
\`<!-- by hand\` comments is kept.

\`\`\`sh
npm ci
npm run bench                            # everything but the soak, about a quarter of an hour
npm run bench -- --only latency          # one section
npm run bench -- --only raw-64,ringbuf   # some rows: prints them, and leaves this file alone
npm run bench -- --rounds 3              # fewer rounds
npm run bench -- --patience 600          # seconds to wait for a machine that others use
npm run soak -- --minutes 20             # half of the full load for a long time
\`\`\`

Figures depend on the machine: compare ratios, which come from runs within seconds of each other.
Every run has a process of its own; what is compared takes turns, round after round. A run during
which other processes used more than a tenth of the machine is repeated, within limits, and left out
if three others remain. Figures are medians of the rounds that count, with their range.`
