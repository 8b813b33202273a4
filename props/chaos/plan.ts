import { KEYS_MAX } from './group-ledger.js'
import { Random } from './random.js'
import { PARTITIONS_MAX } from './send-ledger.js'

/** Workload and faults of one trial. Everything in it is drawn from the seed. */
export interface Plan {
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
  /** Longest time between two faults. */
  readonly calmMsMax: number
}

export function drawPlan(seed: number): Plan {
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
    workers: random.pick([1, 2, 3, 4]),
    handler: random.pick(['message', 'batch']),
    asyncPerMille: random.pick([0, 0, 20]),
    throwsPerMillion: random.pick([0, 0, 300]),
    spinMicroseconds: random.pick([0, 10, 50]),
    calmMsMax: random.pick([30, 300, 600]),
  }
}

export function describePlan(plan: Plan): string {
  return Object.entries(plan)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
