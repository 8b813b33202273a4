/**
 * All benchmarks: `npm run bench`. Writes the sections of BENCHMARKS.md that were measured whole with
 * their plots, and every single measurement as JSON to `bench/results`.
 */
import { machineFacts } from '../tools/machine.js'
import { formatClaims } from './lib/claims.js'
import { Patience } from './lib/patience.js'
import { type Measured, saveMeasurements, updateReport } from './lib/report-files.js'
import type { Section } from './lib/section.js'
import { isWanted, type Options, parseOptions } from './options.js'
import { outlines, sections } from './sections.js'

async function main(options: Options): Promise<void> {
  const wanted = sections.filter((section) => partsOf(section, options).length > 0)
  if (wanted.length === 0) {
    const names = sections.flatMap(({ name, parts }) => [name, ...parts]).join(', ')
    throw new RangeError(`no benchmark has a name with ${options.only.join(' or ')}: ${names}`)
  }
  const machine = machineFacts('core', 'workers', 'bench')
  const patience = new Patience(options.patienceSeconds * 1000)
  for (const section of wanted) {
    const measured = await measure(section, options, patience)
    saveMeasurements(measured, machine)
    if (measured.isWhole) updateReport(measured, machine, outlines)
  }
}

/** Names of the parts of a section that are wanted: all, if its own name is. */
function partsOf({ name, parts }: Section, options: Options): readonly string[] {
  if (options.only.includes(name)) return parts
  return parts.filter((part) => isWanted(part, options))
}

async function measure(section: Section, options: Options, patience: Patience): Promise<Measured> {
  const wanted = partsOf(section, options)
  const isWhole = wanted.length === section.parts.length
  const rounds = Math.min(options.rounds, section.roundsMax ?? options.rounds)
  console.log(`\n${section.title}\n`)
  const findings = await section.measure({
    rounds,
    patience,
    isWanted: (name) => wanted.includes(name),
    log: (line) => console.log(line),
  })
  const { blocks, claims } = findings
  console.log(
    `\n${[...blocks, ...(claims.length > 0 ? [formatClaims(claims)] : [])].join('\n\n')}\n`,
  )
  const origin = `${rounds} rounds, npm run bench -- --only ${section.name}.`
  return { section, findings, isWhole, origin }
}

await main(parseOptions(process.argv.slice(2)))
