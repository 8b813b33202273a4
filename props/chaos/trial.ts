import { setTimeout as sleep } from 'node:timers/promises'
import { readTail } from '../../core/log/tail.js'
import { bytes, createEngine, type Engine } from '../../workers/index.js'
import { Recorder } from '../history/recorder.js'
import { nowMs } from './clock.js'
import { FAULTS, type Fault, type Scene } from './faults.js'
import { GroupRun } from './group-run.js'
import type { Plan } from './plan.js'
import { ProducerFleet } from './producer-fleet.js'
import { Random } from './random.js'
import { SendLedger } from './send-ledger.js'
import { until } from './until.js'
import { type Finding, judge, type Property, type Verdict } from './verdict.js'

/** What a trial came to. */
export interface TrialResult {
  readonly plan: Plan
  /** How often each fault was brought about, by its name. */
  readonly faults: ReadonlyMap<string, number>
  /** Claims that producers left behind, by the fault that killed them. */
  readonly abortedFrames: ReadonlyMap<string, number>
  /** From the death of a producer until its remains were repaired, in milliseconds. */
  readonly repairs: readonly { readonly fault: string; readonly timeMs: number }[]
  readonly acknowledged: number
  /** Deliveries to handlers, of all groups. */
  readonly deliveries: number
  /** How often the fullest partition's log went around. */
  readonly laps: number
  readonly verdict: Verdict
  /** Those of the verdict, and what else went wrong. */
  readonly findings: readonly Finding[]
}

/** Nothing may stand still for so long; only a report is made of it, with what was seen. */
const STALL_MS = 60_000
const AFTER_STALL_MS = 1000
const POLL_MS = 5
/** Events of a history; memory that is not used costs nothing. */
const EVENTS_MAX = 2 ** 20
/** Nobody is there to whom anything could happen, and nobody comes back. */
const NOBODY_MS = 40_000

/**
 * Runs a plan with its faults, then without, and checks what came of it.
 *
 * @param share how many of its faults: 0 to 1, but each one at least once
 */
export async function runTrial(plan: Plan, share: number): Promise<TrialResult> {
  const engine = await createEngine({
    topics: {
      samples: {
        partitions: plan.partitions,
        codec: bytes(),
        memory: plan.memoryKib * 1024,
      },
    },
  })
  const trial = new Trial(engine, plan)
  try {
    return await trial.run(share)
  } finally {
    await engine.close()
  }
}

class Trial implements Scene {
  readonly engine: Engine
  readonly random: Random
  readonly groups: readonly GroupRun[]
  readonly fleet: ProducerFleet
  readonly workersMax: number
  private readonly plan: Plan
  private readonly sends = new SendLedger()
  private readonly recorder = new Recorder(EVENTS_MAX)
  private readonly findings: Finding[] = []
  /** Of faults that kill nobody. */
  private readonly brought = new Map<string, number>()
  private readonly pending: Promise<void>[] = []

  constructor(engine: Engine, plan: Plan) {
    this.engine = engine
    this.plan = plan
    this.workersMax = plan.workers + 1
    this.random = new Random(plan.seed + 1)
    this.fleet = new ProducerFleet(engine, this.sends, this.recorder, plan, this.random)
    engine.on('error', (error) => this.report('no-error', `supervisor: ${error.stack}`))
    this.groups = Array.from(
      { length: plan.groups },
      (_, number) => new GroupRun(engine, number, plan, this.recorder),
    )
  }

  async run(share: number): Promise<TrialResult> {
    const { sends, groups, fleet } = this
    for (const group of groups) await group.start()
    fleet.begin()
    await this.inTime(
      'something was sent',
      until('a send resolved', () => sends.acknowledged > 0),
    )
    await this.bringFaults(share)
    await this.inTime('the faults were over', Promise.all(this.pending))
    for (const group of groups) group.calmDown()
    await this.inTime('the producers ended', fleet.stop())
    await this.inTime('the groups drained', this.drain())
    await this.inTime('all workers ran again', this.allRun())
    const laps = this.laps()
    for (const group of groups) await this.inTime(`${group.groupId} closed`, group.close())
    const verdict = judge(this.recorder, groups)
    return {
      plan: this.plan,
      faults: this.countFaults(),
      ...this.measureProducers(),
      acknowledged: sends.acknowledged,
      deliveries: this.deliveries,
      laps,
      verdict,
      findings: [
        ...this.findings,
        ...fleet.failures.map((text) => ({ property: 'no-error', text }) as const),
        ...verdict.findings,
      ],
    }
  }

  // -------------------------------------------------------------------------------------- faults

  private async bringFaults(share: number): Promise<void> {
    const { random, plan, fleet } = this
    const left = FAULTS.filter(({ name }) => plan.faults.includes(name)).flatMap((fault) =>
      Array.from({ length: Math.max(1, Math.round(fault.times * share)) }, () => fault),
    )
    let nothingSinceMs = nowMs()
    while (left.length > 0 && this.findings.length === 0 && !fleet.isExhausted) {
      await sleep(random.integer(0, plan.calmMsMax))
      const index = random.integer(0, left.length - 1)
      const fault = left[index] as Fault
      if (await this.bring(fault)) {
        left.splice(index, 1)
        nothingSinceMs = nowMs()
      } else if (nowMs() - nothingSinceMs > NOBODY_MS) {
        this.reportStall(`this could happen: ${left.map(({ name }) => name)}`)
      }
    }
  }

  private async bring(fault: Fault): Promise<boolean> {
    try {
      if (!(await fault.bring(this))) return false
    } catch (error) {
      this.report('no-error', `${fault.name}: ${error instanceof Error ? error.stack : error}`)
    }
    if (!fault.kills) this.brought.set(fault.name, (this.brought.get(fault.name) ?? 0) + 1)
    return true
  }

  alongside(work: Promise<void>): void {
    this.pending.push(
      work.catch((error: unknown) => {
        this.reportStall(error instanceof Error ? error.message : String(error))
      }),
    )
  }

  /** Of those that kill, the deaths count. */
  private countFaults(): Map<string, number> {
    const counts = new Map(this.brought)
    const deaths = [
      ...this.groups.flatMap((group) => [...group.deaths.values()]),
      ...this.fleet.runs.flatMap(({ death }) => death ?? []),
    ]
    for (const { fault } of deaths) counts.set(fault, (counts.get(fault) ?? 0) + 1)
    return counts
  }

  private measureProducers(): Pick<TrialResult, 'abortedFrames' | 'repairs'> {
    const abortedFrames = new Map<string, number>()
    const repairs: { fault: string; timeMs: number }[] = []
    const blocks = this.groups[0]?.blocks ?? []
    for (const { death, repairedAtMs, abortedFrames: count } of this.fleet.runs) {
      if (death === undefined || repairedAtMs === undefined) continue
      const { fault, atMs } = death
      abortedFrames.set(fault, (abortedFrames.get(fault) ?? 0) + count)
      // The repair goes on while this thread is blocked, but is not seen.
      if (blocks.some(({ fromMs, toMs }) => fromMs < repairedAtMs && toMs > atMs)) continue
      repairs.push({ fault, timeMs: repairedAtMs - atMs })
    }
    return { abortedFrames, repairs }
  }

  // ---------------------------------------------------------------------------------- liveness

  private async drain(): Promise<void> {
    let { deliveries } = this
    let sinceMs = nowMs()
    while (this.groups.some((group) => group.lag > 0)) {
      await sleep(POLL_MS)
      if (this.deliveries !== deliveries) {
        deliveries = this.deliveries
        sinceMs = nowMs()
      } else if (nowMs() - sinceMs > STALL_MS) return
    }
  }

  private async allRun(): Promise<void> {
    while (!this.groups.every((group) => group.areAllRunning)) await sleep(POLL_MS)
  }

  private get deliveries(): number {
    return this.groups.reduce((total, group) => total + group.deliveries, 0)
  }

  private async inTime(what: string, work: Promise<unknown>): Promise<void> {
    const limit = new AbortController()
    // One stall is enough to know of.
    const limitMs = this.findings.length > 0 ? AFTER_STALL_MS : STALL_MS
    const expired = sleep(limitMs, true, { signal: limit.signal }).catch(() => false)
    const isLate = await Promise.race([work.then(() => false), expired])
    limit.abort()
    if (isLate) this.reportStall(what)
    if (what === 'the groups drained' && this.groups.some((group) => group.lag > 0)) {
      this.reportStall(what)
    }
  }

  private reportStall(what: string): void {
    const { logs } = this.engine.parts.local.topic('samples')
    const groups = this.groups.map((group) => group.describe(logs)).join('\n  ')
    this.report('no-stall', `it was not reached that ${what}\n  ${groups}`)
  }

  private report(property: Property, text: string): void {
    this.findings.push({ property, text })
  }

  hasWrapped(): boolean {
    return this.laps() > 0
  }

  private laps(): number {
    const { logs } = this.engine.parts.local.topic('samples')
    return Math.max(...logs.map((log) => Math.floor(readTail(log).position / log.capacityGranules)))
  }
}
