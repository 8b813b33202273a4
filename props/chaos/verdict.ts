import { type ConsumerStats, MillraceError } from '../../workers/index.js'
import { ANOMALIES, type AnomalyName } from '../history/anomalies.js'
import { checkHistory } from '../history/checker.js'
import type { Recorder } from '../history/recorder.js'
import type { Death, Interruption } from './group-run.js'
import type { Takeover, TakeoverLog } from './takeover-log.js'
import { Tally } from './tally.js'

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

/** What an anomaly of the history breaks; nothing where it is no promise of the engine. */
const PROPERTY_OF: Readonly<Record<AnomalyName, Property | undefined>> = {
  'inconsistent-offsets': 'offset-agreement',
  duplicate: 'no-duplicate-append',
  'lost-write': 'no-loss',
  unseen: 'no-loss',
  'gap-uncounted': 'no-loss',
  'commit-before-handled': 'no-loss',
  'poll-skip': 'no-loss',
  'int-poll-skip': 'no-loss',
  G1a: 'no-phantom',
  phantom: 'no-phantom',
  'precommitted-read': 'no-phantom',
  'nonmonotonic-poll': 'single-owner',
  'int-nonmonotonic-poll': 'single-owner',
  'nonmonotonic-send': 'order-per-key',
  'int-nonmonotonic-send': 'order-per-key',
  'key-order-violation': 'order-per-key',
  // A batch may be more than one frame, and others append in between.
  'int-send-skip': undefined,
  'stale-commit-accepted': 'commit-never-regresses',
  'order-after-rewind': 'commit-never-regresses',
  'count-lost-on-crash': 'no-error',
  'dlq-and-processed': 'no-error',
  'expired-delivered': 'no-error',
  'early-delivery': 'no-error',
}

/** What is known of a group when a trial is over, beside the history. */
export interface Witness {
  readonly groupId: string
  /** Its number in the history. */
  readonly gate: number
  readonly takeoverLog: Pick<TakeoverLog, 'takeovers'>
  readonly stats: Pick<
    ConsumerStats,
    'redelivered' | 'maybeLost' | 'deadLettered' | 'failed' | 'staleCommits'
  >
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

/** What one trial came to. */
export interface Verdict {
  /** Acknowledged, and not handed over in a group, over all groups. */
  readonly lost: number
  readonly reordered: number
  readonly duplicates: number
  /** Records that the engine says it had to hand over again: no others may have come twice. */
  readonly bound: number
  /** Commits of those that were held for dead. */
  readonly refusedCommits: number
  readonly recoveries: readonly Recovery[]
  readonly findings: readonly Finding[]
}

/** Judges a trial that is over, whose groups were drained. */
export function judge(recorder: Recorder, groups: readonly Witness[]): Verdict {
  const findings: Finding[] = []
  const anomalies = Object.entries(checkHistory(recorder.history(), { drained: true }))
  let reordered = 0
  for (const [name, cases] of anomalies) {
    const property = PROPERTY_OF[name as AnomalyName]
    if (property === undefined || cases === undefined) continue
    if (property === 'order-per-key') reordered += cases.length
    const meaning = ANOMALIES[name as AnomalyName]
    const text = `${name} (${cases.length}): ${meaning}: ${JSON.stringify(cases[0])}`
    findings.push({ property, text })
  }
  const tally = new Tally(recorder)
  for (const group of groups) judgeGroup(tally, group, findings)
  const sum = (figureOf: (group: Witness) => number) =>
    groups.reduce((total, group) => total + figureOf(group), 0)
  return {
    lost: sum(({ gate }) => tally.lost(gate)),
    reordered,
    duplicates: sum(({ gate }) => tally.duplicates(gate)),
    bound: sum(({ stats }) => stats.redelivered),
    refusedCommits: sum(({ stats }) => stats.staleCommits),
    recoveries: groups.flatMap(measureRecoveries),
    findings,
  }
}

/** What the engine says of itself must fit what was seen. */
function judgeGroup(tally: Tally, group: Witness, findings: Finding[]): void {
  const { groupId, gate, stats, crashes, deaths } = group
  const { redelivered, maybeLost, deadLettered } = stats
  const tell = (property: Property, text: string) =>
    findings.push({ property, text: `${groupId}: ${text}` })
  const lost = tally.lost(gate)
  if (lost > 0) tell('no-loss', `${lost} acknowledged records were not handed over`)
  const regressed = tally.regressed(gate)
  if (regressed > 0) tell('commit-never-regresses', `${regressed} records behind their commit`)
  const duplicates = tally.duplicates(gate)
  if (duplicates > redelivered) {
    tell('bounded-duplicates', `${duplicates} duplicates, but ${redelivered} redelivered`)
  }
  if (maybeLost > 0) tell('no-loss', `at-least-once, but maybeLost is ${maybeLost}`)
  if (deadLettered > 0) tell('no-error', `${deadLettered} dead letters`)
  for (const [threadId, error] of crashes) {
    // On a machine that is busy elsewhere, a handler may be slow of itself.
    if (deaths.has(threadId) || isTimeout(error)) continue
    tell('no-error', `worker thread ${threadId} died of itself: ${error.stack}`)
  }
  judgeTakeovers(group, tell)
}

/** A partition goes back only behind a death, and not further than the uncommitted range. */
function judgeTakeovers(group: Witness, tell: (property: Property, text: string) => void): void {
  for (const takeover of group.takeoverLog.takeovers()) {
    const again = recordsAgain(takeover)
    const isBehindDeath = group.deaths.has(takeover.from) || group.crashes.has(takeover.from)
    // A record whose retry was pending when its partition was given back comes again by right.
    const allowed = isBehindDeath ? UNCOMMITTED_MAX : group.stats.failed > 0 ? 1 : 0
    if (again <= allowed) continue
    const property = isBehindDeath ? 'bounded-duplicates' : 'single-owner'
    tell(property, `${again} records again: ${JSON.stringify(takeover)}`)
  }
}

function isTimeout(error: Error): boolean {
  return error instanceof MillraceError && error.code === 'HANDLER_TIMEOUT'
}

function recordsAgain({ lastOffset, firstOffset }: Takeover): number {
  return lastOffset + 1 - firstOffset
}

/** How long records of dead workers took to come again. */
function measureRecoveries(group: Witness): Recovery[] {
  const recoveries: Recovery[] = []
  const known = new Set<string>()
  for (const takeover of group.takeoverLog.takeovers()) {
    const { from, to, partition, atMs } = takeover
    const death = group.deaths.get(from)
    // Where nothing came again, the new owner may have waited for a producer.
    if (death === undefined || recordsAgain(takeover) <= 0) continue
    // Noted twice if the new owner died while it noted it.
    if (known.has(`${from} ${partition}`)) continue
    known.add(`${from} ${partition}`)
    const startedAtMs = group.startedAtMs.get(to) ?? Number.POSITIVE_INFINITY
    const isNewcomer = startedAtMs >= death.atMs
    if (overlaps(group.interruptions, death.atMs, atMs)) continue
    if (isNewcomer && overlaps(group.blocks, death.atMs, atMs)) continue
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
