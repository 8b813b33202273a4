/**
 * Performs schedules of the explorer's scenarios in real threads, in lock-step with the simulation,
 * and prints one JSON object per scenario:
 *
 *     node --conditions=millrace:sim dist/props/lockstep/main.js
 *     node --conditions=millrace:sim dist/props/lockstep/main.js --schedules 20 --seed 7
 *
 * | option | |
 * |---|---|
 * | `--schedules N` | schedules drawn at random for each scenario, with up to 12 preemptions and 2 deaths; default 2 |
 * | `--deaths N` | a thread dies at operation k, for N operations k of each scenario, or for `every` one; default 0 |
 * | `--seed N` | repeats what is drawn at random |
 * | `--only TEXT` | only the scenarios whose name contains this |
 * | `--fault NAME` | one real operation is wrong on purpose, see `faults.ts` |
 *
 * | field | |
 * |---|---|
 * | `scenario`, `seed` | |
 * | `schedules` | schedules performed: the one without interruptions, the stored examples, those drawn |
 * | `operations` | operations that were compared one by one |
 * | `crashes` | threads that were killed, each at the operation where the schedule says so |
 * | `differences` | each with its `schedule` and what differs; must be empty |
 *
 * Exits with 1 if there is a difference.
 */
import { parseArgs } from 'node:util'
import { performAll } from './program.js'
import { subjects } from './subjects.js'
import { Troupe } from './troupe.js'

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '2' },
    deaths: { type: 'string', default: '0' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
    fault: { type: 'string' },
  },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const deaths = values.deaths === 'every' ? Number.POSITIVE_INFINITY : Number(values.deaths)
const options = { schedules: Number(values.schedules), deaths, seed }
const troupe = new Troupe(values.fault)
for (const subject of subjects()) {
  if (!subject.name.includes(values.only)) continue
  const report = await subject.use((scenario) => performAll(scenario, troupe, options))
  console.log(JSON.stringify(report))
  if (report.differences.length > 0) process.exitCode = 1
}
await troupe.dismiss()
