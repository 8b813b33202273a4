import { formatTable } from '../../../tools/markdown-table.js'
import type { Part } from '../part.js'
import { fieldOf, figure, groupBy, having, listOf, sumOf, textOf } from './lines.js'

const SCHEDULES = 6
/** Operations of each scenario at which a thread is killed. */
const DEATHS = 10

/** What the explorer's operations mean is what real ones do. */
export const lockStep: Part = {
  name: 'lock-step',
  title: 'Lock-step: the explorer against real threads',
  about: `A schedule of the explorer is repeated by real worker threads, over real shared memory with
real atomics, one operation at a time. Each operation, its address and its result must be the same; in the
end so must all bytes, all recorded events and who sleeps. A death in the schedule ends a real
thread exactly at that operation. This shows that the simulation means what the machine does; that
every other order of plain accesses means the same follows from there being no data race.`,
  isDrawn: true,
  programs: (seed) => [
    {
      path: 'props/lockstep/main',
      conditions: ['millrace:sim'],
      parameters: [
        ...['--schedules', String(SCHEDULES)],
        ...['--deaths', String(DEATHS)],
        ...['--seed', String(seed)],
      ],
    },
    { path: 'props/lockstep/teeth', conditions: ['millrace:sim'] },
  ],
  describe(lines) {
    const scenarios = having(lines, 'scenario')
    const differences = scenarios.reduce((sum, line) => sum + listOf(line, 'differences').length, 0)
    const table = formatTable(
      ['scenarios', 'schedules', 'operations compared', 'threads killed', 'differences'],
      [
        [
          figure(groupBy(scenarios, 'scenario').size),
          figure(sumOf(scenarios, 'schedules')),
          figure(sumOf(scenarios, 'operations')),
          figure(sumOf(scenarios, 'crashes')),
          figure(differences),
        ],
      ],
    )
    const faults = [...groupBy(lines, 'fault').values()]
      .map(([line]) => line)
      .filter((line) => line !== undefined)
    const noticed = faults.filter((line) => fieldOf(line, 'isReported') === true)
    const names = faults.map((line) => textOf(line, 'fault')).join(', ')
    return `${table}\n\nReal operations made wrong on purpose: ${noticed.length} of ${faults.length} noticed (${names}).`
  },
}
