import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineFacts } from '../../tools/machine.js'
import { exists, readProjectFile } from '../../tools/project.js'
import { BREAKAGES, broken } from './breakages.js'
import { formatSection, updateDocument } from './document.js'
import { parseOptions } from './options.js'
import type { Line, Part } from './part.js'
import { groupBy, sumOf } from './parts/lines.js'
import { parts } from './parts.js'
import { PartRun } from './runner.js'

const MACHINE: MachineFacts = {
  processor: 'a processor',
  cores: 2,
  memoryGib: 4,
  platform: 'linux x64',
  node: 'v20.19.0',
  v8: '11.3',
  commit: 'abc',
  date: '2026-11-24 12:00 UTC',
  loadBefore: 0,
}

const SETTING = { machine: MACHINE, seed: 7 }

function partThatEnds(status: number): Part {
  return {
    name: 'sample',
    title: 'A sample',
    about: 'It is about nothing.',
    isDrawn: true,
    programs: (seed) => [
      { path: 'props/fixtures/proof-program', parameters: [String(status), String(seed)] },
    ],
    describe: (lines) => `${lines.length} lines, ${sumOf(lines, 'lost')} lost`,
  }
}

test('the lines of all rounds come together, each round with its seed', async () => {
  const run = new PartRun(partThatEnds(0))
  const heard: Line[] = []
  await run.runRound(7, (line) => heard.push(line))
  await run.runRound(8, (line) => heard.push(line))
  const { lines, rounds } = run.outcome()
  assert.deepEqual(heard, lines)
  assert.equal(rounds, 2)
  assert.deepEqual(
    lines.map(({ seed }) => seed),
    [7, 7, 8, 8],
  )
  assert.equal(run.hasFailed, false)
})

test('programs that may run side by side all run, each once', async () => {
  const part = partThatEnds(0)
  const programs = [1, 2, 3].flatMap((seed) => part.programs(seed))
  const run = new PartRun({ ...part, isParallel: true, programs: () => programs })
  await run.runRound(0, () => {})
  const seeds = run.outcome().lines.map(({ seed }) => seed)
  assert.deepEqual(seeds.sort(), [1, 1, 2, 2, 3, 3])
})

test('a program that ends with another status fails the part, and its words are kept', async () => {
  const run = new PartRun(partThatEnds(3))
  await run.runRound(7, () => {})
  assert.equal(run.hasFailed, true)
  const document = formatSection(run.outcome(), SETTING)
  assert.match(document, /FAILS/)
  assert.match(document, /status 3/)
  assert.match(document, /a reason/)
  assert.match(document, /a word in between/)
})

test('a section says what it found, where, when and how', async () => {
  const run = new PartRun(partThatEnds(0))
  await run.runRound(7, () => {})
  const section = formatSection(run.outcome(), SETTING)
  for (const text of [
    '## A sample',
    '2 lines, 2 lost',
    'v20.19.0',
    'seed 7,',
    '**Holds.**',
    'abc',
  ]) {
    assert.ok(section.includes(text), text)
  }
})

test('a run writes the sections of its parts and leaves the others alone, in order', async () => {
  const [first, second, third] = ['First', 'Second', 'Third'].map((title) => ({
    ...partThatEnds(0),
    title,
  })) as [Part, Part, Part]
  const order = [first, second, third]
  const outcome = (part: Part, lines: readonly Line[]) => ({
    part,
    lines,
    rounds: 1,
    elapsedMs: 0,
    failures: [],
  })
  const before = updateDocument('', order, [outcome(third, [{}]), outcome(first, [{}])], SETTING)
  const after = updateDocument(
    before,
    order,
    [outcome(second, [{}]), outcome(first, [{}, {}])],
    SETTING,
  )
  const titles = (text: string) => [...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
  assert.deepEqual(titles(before), ['First', 'Third'])
  assert.deepEqual(titles(after), ['First', 'Second', 'Third'])
  assert.equal([...after.matchAll(/^1 lines/gm)].length, 2)
  assert.equal([...after.matchAll(/^2 lines/gm)].length, 1)
  assert.equal(updateDocument(after, order, [], SETTING), after)
})

test('a program that is not there fails the part', async () => {
  const run = new PartRun({ ...partThatEnds(0), programs: () => [{ path: 'props/prove/nothing' }] })
  await run.runRound(7, () => {})
  assert.equal(run.hasFailed, true)
})

test('the programs of every part are there, and drawn parts pass on the seed', () => {
  const seeded = (part: Part, seed: number) => JSON.stringify(part.programs(seed))
  for (const part of parts) {
    for (const { path } of part.programs(1)) assert.ok(exists(`${path}.ts`), `${path}.ts`)
    assert.equal(seeded(part, 1) !== seeded(part, 2), part.isDrawn, part.name)
  }
  assert.equal(new Set(parts.map(({ name }) => name)).size, parts.length)
})

test('options are read, and refused with their limits', () => {
  const draw = () => 5
  assert.deepEqual(parseOptions([], draw), { only: [], deep: false, hours: 0, seed: 5 })
  assert.deepEqual(
    parseOptions(['--only', 'chaos,teeth', '--hours', '0.5', '--seed', '9', '--deep'], draw),
    {
      only: ['chaos', 'teeth'],
      deep: true,
      hours: 0.5,
      seed: 9,
    },
  )
  assert.throws(() => parseOptions(['--hours', 'many'], draw), /--hours .* 0 to 1000.*'many'/)
  assert.throws(() => parseOptions(['--hours', ''], draw), RangeError)
  assert.throws(() => parseOptions(['--seed', '1.5'], draw), /--seed .* whole .*'1.5'/)
  assert.throws(() => parseOptions(['--seed=-1'], draw), /--seed .* 0 to /)
  assert.throws(() => parseOptions(['--sed', '1'], draw), /--sed/)
})

test('lines are grouped by name over all rounds', () => {
  const lines = [{ row: 'a', n: 1 }, { row: 'b', n: 2 }, { row: 'a', n: 3 }, { other: 1 }]
  const groups = groupBy(lines, 'row')
  assert.deepEqual([...groups.keys()], ['a', 'b'])
  assert.equal(sumOf(groups.get('a') ?? [], 'n'), 4)
})

test('what is broken on purpose has its place in the sources', () => {
  for (const breakage of BREAKAGES) {
    const { text } = readProjectFile(breakage.file)
    assert.ok(broken(text, breakage).includes(breakage.wrong.trim()), breakage.name)
    assert.throws(() => broken(text + text, breakage), /no place of its own/)
  }
})
