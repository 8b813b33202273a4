import { possibleFaults } from './faults.js'
import { Random } from './random.js'
import { KEYS_MAX } from './sample.js'
import { PARTITIONS_MAX } from './takeover-log.js'

/** What producers and handlers do in a trial. */
export interface Workload {
  readonly seed: number
  readonly partitions: number
  /** Of the whole topic: small, so that the log is often full and wraps many times. */
  readonly memoryKib: number
  readonly keys: number
  readonly fillerBytesMax: number
  readonly batchMax: number
  readonly producers: number
  readonly pauseMs: number
  readonly groups: number
  readonly workers: number
  readonly handler: 'message' | 'batch'
  readonly asyncPerMille: number
  readonly throwsPerMillion: number
  readonly spinMicroseconds: number
}

/** Workload and faults of one trial. Everything in it is drawn from the seed. */
export interface Plan extends Workload {
  /** Names of rows of the matrix. */
  readonly faults: readonly string[]
  /** Longest time between two faults. */
  readonly calmMsMax: number
}

/** So many rows of the matrix make up one trial. */
const HAND_FAULTS = 5

/** So many plans, from a seed on that it divides, have every row of the matrix once. */
export function trialsOfDeck(): number {
  return Math.ceil(possibleFaults().length / HAND_FAULTS)
}

export function drawPlan(seed: number): Plan {
  const faults = drawFaults(seed)
  const needs = possibleFaults().filter(({ name }) => faults.includes(name))
  return Object.assign(drawWorkload(seed), ...needs.map(({ workload }) => workload), { faults })
}

/** The rows are shuffled like a deck of cards, and each trial is dealt a hand of it. */
function drawFaults(seed: number): string[] {
  const hands = trialsOfDeck()
  const random = new Random(Math.floor(seed / hands))
  const deck = possibleFaults().map(({ name }) => name)
  for (let left = deck.length; left > 1; left--) {
    const card = random.integer(0, left - 1)
    deck.push(...deck.splice(card, 1))
  }
  return deck.filter((_, place) => place % hands === seed % hands)
}

function drawWorkload(seed: number): Omit<Plan, 'faults'> {
  const random = new Random(seed)
  const partitions = random.pick([1, 2, 3, 4, 6, PARTITIONS_MAX])
  return {
    seed,
    partitions,
    memoryKib: random.pick([64, 128, 256]),
    keys: random.pick([1, 7, KEYS_MAX]),
    fillerBytesMax: random.pick([0, 40, 300]),
    batchMax: random.pick([1, 20, 100]),
    producers: random.integer(1, 3),
    pauseMs: random.pick([0, 0, 0, 1]),
    groups: random.chance(0.25) ? 2 : 1,
    workers: random.pick([1, 2, 4, 6]),
    handler: random.pick(['message', 'batch']),
    asyncPerMille: random.pick([0, 0, 20]),
    throwsPerMillion: random.pick([0, 0, 300]),
    spinMicroseconds: random.pick([0, 10, 50]),
    calmMsMax: random.pick([10, 50, 200]),
  }
}

export function describePlan(plan: Plan): string {
  return Object.entries(plan)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
