import type { ConsumerStats } from '../../workers/index.js'
import type { Anomaly, GroupLedger, Takeover } from './group-ledger.js'
import type { Death, Interruption } from './group-run.js'
import type { SendLedger } from './send-ledger.js'

/** A worker commits after 1,000 records at the latest; a batch has up to 255. */
const UNCOMMITTED_MAX = 1000 + 255

/** What must hold, whoever dies. */
export const PROPERTIES = [
  'no-loss',
  'no-phantom',
  'no-duplicate-append',
  'order-per-key',
  'offset-agreement',
  'bounded-duplicates',
  'commit-never-regresses',
  'single-owner',
  'no-stall',
  'no-error',
] as const
export type Property = (typeof PROPERTIES)[number]

/** Something that must not be. */
export interface Finding {
  readonly property: Property
  readonly text: string
}

const PROPERTY_OF: Readonly<Record<Anomaly, Property>> = {
  'torn record': 'no-phantom',
  'phantom record': 'no-phantom',
  'record at two places': 'no-duplicate-append',
  'skipped record of a key': 'order-per-key',
  'reordered record of a key': 'order-per-key',
  'rewind within one ownership': 'single-owner',
  'redelivery of a committed record': 'commit-never-regresses',
}

/** What is known of a group when a trial is over. */
export interface Witness {
  readonly groupId: string
  readonly ledger: GroupLedger
  readonly stats: Pick<ConsumerStats, 'redelivered' | 'maybeLost' | 'deadLettered' | 'failed'>
  /** Deaths that were brought about, by thread id. */
  readonly deaths: ReadonlyMap<number, Death>
  /** Threads that the consumer says have crashed, by id, with the error. */
  readonly crashes: ReadonlyMap<number, Error>
  /** When each thread began, by thread id. */
  readonly startedAtMs: ReadonlyMap<number, number>
  /** When the group, or workers to come, were kept from working. */
  readonly interruptions: readonly Interruption[]
  /** When nobody could start workers. */
  readonly blocks: readonly Interruption[]
}

/** How long it took until a record of a dead worker came again. */
export interface Recovery {
  readonly fault: string
  /** Whether to a worker that ran at the time of the death, or to one that had to be started. */
  readonly to: 'survivor' | 'newcomer'
  readonly timeMs: number
}

/** What one group came to. */
export interface GroupVerdict {
  readonly lost: number
  readonly reordered: number
  readonly duplicates: number
  /** Records that the engine says it had to hand over again: no others may have come twice. */
  readonly bound: number
  readonly recoveries: readonly Recovery[]
  readonly findings: readonly Finding[]
}

/** Holds what the handlers of a group saw against what the producers know. The trial is over. */
export function judgeGroup(sends: SendLedger, producers: number, run: Witness): GroupVerdict {
  const { ledger } = run
  const anomalies = ledger.anomalies()
  const findings = anomalies.map(({ what, ...where }) => ({
    property: PROPERTY_OF[what],
    text: `${what} (one of ${ledger.anomalyCount}): ${JSON.stringify(where)}`,
  }))
  const lost = findLost(sends, producers, run, findings)
  judgeTakeovers(run, findings)
  judgeCounts(run, findings)
  return {
    lost,
    reordered: anomalies.filter(({ what }) => PROPERTY_OF[what] === 'order-per-key').length,
    duplicates: ledger.duplicates,
    bound: run.stats.redelivered,
    recoveries: measureRecoveries(run),
    findings: findings.map(({ property, text }) => ({ property, text: `${run.groupId}: ${text}` })),
  }
}

/** What the engine says of itself must fit what was seen. */
function judgeCounts({ ledger, stats, crashes, deaths }: Witness, findings: Finding[]): void {
  const { redelivered, maybeLost, deadLettered } = stats
  if (ledger.duplicates > redelivered) {
    const text = `${ledger.duplicates} duplicates, but the engine redelivered ${redelivered}`
    findings.push({ property: 'bounded-duplicates', text })
  }
  if (maybeLost > 0) {
    findings.push({ property: 'no-loss', text: `at-least-once, but maybeLost is ${maybeLost}` })
  }
  if (deadLettered > 0) {
    findings.push({ property: 'no-error', text: `${deadLettered} dead letters` })
  }
  for (const [threadId, error] of crashes) {
    if (deaths.has(threadId)) continue
    const text = `worker thread ${threadId} died of itself: ${error.stack}`
    findings.push({ property: 'no-error', text })
  }
}

function findLost(
  sends: SendLedger,
  producers: number,
  { ledger }: Witness,
  findings: Finding[],
): number {
  const lost: string[] = []
  const moved: string[] = []
  for (let producer = 0; producer < producers; producer++) {
    const acknowledged = sends.acknowledged(producer)
    for (let sequence = 0; sequence < sends.tried(producer); sequence++) {
      const sent = sends.place(producer, sequence)
      const seen = ledger.place(producer, sequence)
      const mustBeThere = sequence < acknowledged || sent !== 0
      if (seen === 0 && mustBeThere) lost.push(`sample ${sequence} of producer ${producer}`)
      if (seen !== 0 && sent !== 0 && seen !== sent) {
        moved.push(`sample ${sequence} of producer ${producer} at ${seen}, not at ${sent}`)
      }
    }
  }
  if (lost.length > 0) {
    findings.push({ property: 'no-loss', text: `${lost.length} lost, first ${lost[0]}` })
  }
  if (moved.length > 0) {
    findings.push({ property: 'offset-agreement', text: `${moved.length}, first ${moved[0]}` })
  }
  return lost.length
}

/** A partition goes back only behind a death, and not further than the uncommitted range. */
function judgeTakeovers(run: Witness, findings: Finding[]): void {
  for (const takeover of run.ledger.takeovers()) {
    const again = recordsAgain(takeover)
    const isBehindDeath = run.deaths.has(takeover.from)
    // A record whose retry was pending when its partition was given back comes again by right.
    const allowed = isBehindDeath ? UNCOMMITTED_MAX : run.stats.failed > 0 ? 1 : 0
    if (again <= allowed) continue
    const property = isBehindDeath ? 'bounded-duplicates' : 'single-owner'
    findings.push({ property, text: `${again} records again: ${JSON.stringify(takeover)}` })
  }
}

function recordsAgain({ lastOffset, firstOffset }: Takeover): number {
  return lastOffset + 1 - firstOffset
}

/** How long records of dead workers took to come again. */
function measureRecoveries(run: Witness): Recovery[] {
  const recoveries: Recovery[] = []
  const known = new Set<string>()
  for (const takeover of run.ledger.takeovers()) {
    const { from, to, partition, atMs } = takeover
    const death = run.deaths.get(from)
    // Where nothing came again, the new owner may have waited for a producer.
    if (death === undefined || recordsAgain(takeover) <= 0) continue
    // Noted twice if the new owner died while it noted it.
    if (known.has(`${from} ${partition}`)) continue
    known.add(`${from} ${partition}`)
    const startedAtMs = run.startedAtMs.get(to) ?? Number.POSITIVE_INFINITY
    const isNewcomer = startedAtMs >= death.atMs
    if (overlaps(run.interruptions, death.atMs, atMs)) continue
    if (isNewcomer && overlaps(run.blocks, death.atMs, atMs)) continue
    recoveries.push({
      fault: death.fault,
      to: isNewcomer ? 'newcomer' : 'survivor',
      timeMs: atMs - death.atMs,
    })
  }
  return recoveries
}

function overlaps(times: readonly Interruption[], fromMs: number, toMs: number): boolean {
  return times.some((time) => time.fromMs < toMs && time.toMs > fromMs)
}
