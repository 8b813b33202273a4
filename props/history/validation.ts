import fc from 'fast-check'
import { ANOMALIES, type AnomalyName } from './anomalies.js'
import { checkHistory } from './checker.js'
import type { History } from './history.js'
import { validHistory } from './model.js'
import { MUTATIONS } from './mutations.js'
import { PLANTED } from './planted.js'

export const NAMES = Object.keys(ANOMALIES) as AnomalyName[]

/** What decides what happens in a model, and then where it is changed. */
export const CHOICES = fc.array(fc.nat({ max: 2 ** 20 }), {
  minLength: 100,
  maxLength: 600,
  size: 'max',
})

/** Two histories of the model that are right: one with seeks and gaps, one that reads all there is. */
export function validHistories(choices: readonly number[]): { free: History; calm: History } {
  return {
    free: validHistory(choices, { seeks: true, gaps: true }),
    calm: validHistory(choices, { seeks: false, gaps: false }),
  }
}

/** What is found in histories in which there is nothing to find. */
export function falseAlarms({ free, calm }: { free: History; calm: History }): AnomalyName[] {
  const found = { ...checkHistory(free), ...checkHistory(calm, { drained: true }) }
  return Object.keys(found) as AnomalyName[]
}

/** Whether a mutation of a valid history is found; undefined if there was no place for it. */
export function findsMutation(
  name: AnomalyName,
  calm: History,
  choices: readonly number[],
): boolean | undefined {
  let used = choices.length
  const draw = (bound: number) => (choices[--used] ?? 0) % bound
  const mutated = MUTATIONS[name](calm, draw)
  return mutated && name in checkHistory(mutated, { drained: true })
}

export interface ValidationRow {
  readonly anomaly: AnomalyName
  /** Histories that show it: one by hand, the others by a mutation. */
  readonly planted: number
  readonly found: number
  /** Histories that are right: one near miss by hand, the others from the model. */
  readonly validHistories: number
  readonly falseAlarms: number
}

/** Judges the checker by histories of which it is known what they show. */
export function validate(seed: number, runs: number): ValidationRow[] {
  const samples = fc.sample(CHOICES, { seed, numRuns: runs })
  const rows = new Map(NAMES.map((name) => [name, { anomaly: name, ...plantedByHand(name) }]))
  for (const choices of samples) {
    const valid = validHistories(choices)
    const alarms = falseAlarms(valid)
    for (const [name, row] of rows) {
      row.validHistories += 2
      if (alarms.includes(name)) row.falseAlarms++
      const isFound = findsMutation(name, valid.calm, choices)
      if (isFound !== undefined) row.planted++
      if (isFound === true) row.found++
    }
  }
  return [...rows.values()]
}

function plantedByHand(name: AnomalyName) {
  const { shows, nearMiss } = PLANTED.get(name) ?? { shows: [], nearMiss: [] }
  const options = { drained: name === 'unseen' }
  return {
    planted: 1,
    found: name in checkHistory(shows, options) ? 1 : 0,
    validHistories: 1,
    falseAlarms: Object.keys(checkHistory(nearMiss, options)).length,
  }
}
