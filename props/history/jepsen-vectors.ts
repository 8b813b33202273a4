import { existsSync, readFileSync } from 'node:fs'
import type { Anomaly } from './anomalies.js'
import { checkHistory, saysSomething } from './checker.js'
import type { History } from './history.js'
import { unseenOverTime } from './log-anomalies.js'

/** One of Jepsen's own cases for its checker, and what it must find; null: it must not. */
export interface Vector {
  readonly name: string
  readonly history: History
  readonly expect: Readonly<Record<string, readonly Expected[] | boolean | null>>
}

/** The same fields as ours, but a partition is called key there. */
type Expected = Omit<Anomaly, 'partition'> & { readonly key?: string }

/** Beside the repository, where it was developed. */
const FILE = new URL('../../../../shared/vectors/queue-history-anomalies.json', import.meta.url)

export const HAS_VECTORS = existsSync(FILE)

export function readVectors(): readonly Vector[] {
  return (JSON.parse(readFileSync(FILE, 'utf8')) as { histories: Vector[] }).histories
}

/** What the checker says where the vector says what it must say, in the words of the vector. */
export function answer({ history, expect }: Vector): Record<string, unknown> {
  const found = checkHistory(history) as Readonly<Record<string, readonly Anomaly[]>>
  const answers = Object.entries(expect).map(([name, expected]) => {
    if (name === 'valid') return [name, saysSomething(history)]
    if (name === 'unseen') return [name, unseenOverTime(history)]
    if (!Array.isArray(expected) || found[name] === undefined) return [name, found[name] ?? null]
    return [name, found[name].map((anomaly, at) => tellAs(expected[at] ?? {}, anomaly))]
  })
  return Object.fromEntries(answers)
}

/** An anomaly with the fields that the vector has. */
function tellAs(expected: Expected, { partition, ...found }: Anomaly): Record<string, unknown> {
  const told: Record<string, unknown> = { key: partition, ...found }
  return Object.fromEntries(Object.keys(expected).map((field) => [field, told[field]]))
}
