import { setTimeout as sleep } from 'node:timers/promises'
import { readTail } from '../../core/log/tail.js'
import { bytes, createEngine, type Engine } from '../../workers/index.js'
import { nowMs } from './group-ledger.js'
import { GroupRun } from './group-run.js'
import type { Plan } from './plan.js'
import { ProducerFleet } from './producer-fleet.js'
import { Random } from './random.js'
import { SendLedger } from './send-ledger.js'
import { DEATHS } from './switches.js'
import { until } from './until.js'
import { type Finding, type GroupVerdict, judgeGroup, type Property } from './verdict.js'

/** How many deaths a trial brings about. */
export interface Kills {
  readonly workers: number
  readonly producers: number
}

/** What a trial came to. */
export interface TrialResult {
  readonly plan: Plan
  readonly workerKills: number
  readonly producerKills: number
  /** Producers that were waiting for space in a full log when they were killed. */
  readonly producerKillsWhileFull: number
  /** Workers that ended their own thread. */
  readonly ownDeaths: number
  readonly abortedFrames: number
  readonly acknowledged: number
  /** Deliveries to handlers, of all groups. */
  readonly deliveries: number
  /** How often the fullest partition's log went around. */
  readonly laps: number
  readonly groups: readonly GroupVerdict[]
  readonly findings: readonly Finding[]
}

/** Nothing may stand still for so long; only a report is made of it, with what was seen. */
const STALL_MS = 20_000
const POLL_MS = 5
/** A killed thread that cannot be killed: none of the workers runs, and none comes back. */
const NOBODY_MS = 40_000

/** Runs a plan with its faults, then without, and checks what came of it. */
export async function runTrial(plan: Plan, kills: Kills): Promise<TrialResult> {
  const engine = await createEngine({
    topics: {
      samples: {
        partitions: plan.partitions,
        codec: bytes(),
        memory: plan.memoryKib * 1024,
      },
    },
  })
  const trial = new Trial(engine, plan, kills)
  try {
    return await trial.run()
  } finally {
    await engine.close()
  }
}

class Trial {
  private readonly engine: Engine
  private readonly plan: Plan
  private readonly kills: Kills
  private readonly random: Random
  private readonly sends = new SendLedger()
  private readonly groups: readonly GroupRun[]
  private readonly findings: Finding[] = []
  private workerKills = 0
  private producerKills = 0
  private producerKillsWhileFull = 0
  private ownDeaths = 0
  private abortedFrames = 0

  constructor(engine: Engine, plan: Plan, kills: Kills) {
    this.engine = engine
    this.plan = plan
    this.kills = kills
    this.random = new Random(plan.seed + 1)
    engine.on('thread:death', ({ abortedFrames }) => {
      this.abortedFrames += abortedFrames
    })
    engine.on('error', (error) => this.report('no-error', `supervisor: ${error.stack}`))
    this.groups = Array.from(
      { length: plan.groups },
      (_, number) => new GroupRun(engine, number, plan, this.sends),
    )
  }

  async run(): Promise<TrialResult> {
    const { plan, sends, groups } = this
    for (const group of groups) await group.start()
    const fleet = new ProducerFleet(this.engine, sends, plan, this.random)
    await this.inTime(
      'something was sent',
      until('a send resolved', () => fleet.acknowledged > 0),
    )
    await this.bringFaults(fleet)
    for (const group of groups) {
      group.switches.throwsPerMillion = 0
      group.switches.spinMicroseconds = 0
    }
    await this.inTime('the producers ended', fleet.stop())
    await this.inTime('the groups drained', this.drain())
    const { acknowledged } = fleet
    const laps = this.laps()
    for (const group of groups) await this.inTime(`${group.groupId} closed`, group.close())
    const verdicts = groups.map((group) => judgeGroup(plan, sends, fleet.started, group))
    return {
      plan,
      workerKills: this.workerKills,
      producerKills: this.producerKills,
      producerKillsWhileFull: this.producerKillsWhileFull,
      ownDeaths: this.ownDeaths,
      abortedFrames: this.abortedFrames,
      acknowledged,
      deliveries: groups.reduce((total, group) => total + group.deliveries, 0),
      laps,
      groups: verdicts,
      findings: [
        ...this.findings,
        ...fleet.failures.map((text) => ({ property: 'no-error', text }) as const),
        ...verdicts.flatMap((verdict) => verdict.findings),
      ],
    }
  }

  // -------------------------------------------------------------------------------------- faults

  private async bringFaults(fleet: ProducerFleet): Promise<void> {
    const { random, kills } = this
    let nobodySinceMs = nowMs()
    while (this.findings.length === 0 && !fleet.isExhausted) {
      const workersLeft = kills.workers - this.workerKills
      const producersLeft = kills.producers - this.producerKills
      if (workersLeft <= 0 && producersLeft <= 0) return
      await sleep(random.integer(1, this.plan.calmMsMax))
      if (random.integer(1, workersLeft + producersLeft) <= workersLeft) {
        if (this.killWorker()) nobodySinceMs = nowMs()
        else if (nowMs() - nobodySinceMs > NOBODY_MS) this.reportStall('a worker runs')
      } else if (random.chance(0.25)) await this.killWhileFull(fleet)
      else this.killProducer(fleet)
      await this.disturb()
    }
  }

  /** @returns whether there was one to kill */
  private killWorker(): boolean {
    if (!this.random.pick(this.groups).kill(this.random)) return false
    this.workerKills++
    return true
  }

  private killProducer(fleet: ProducerFleet): void {
    this.producerKills++
    if (fleet.kill()) this.producerKillsWhileFull++
  }

  /** Lets the log become full, and kills producers that wait, while it drains again. */
  private async killWhileFull(fleet: ProducerFleet): Promise<void> {
    const group = this.random.pick(this.groups)
    await group.pause()
    const limitMs = nowMs() + 200
    while (!fleet.isOneWaiting && nowMs() < limitMs) await sleep(1)
    this.killProducer(fleet)
    await group.resume()
  }

  /** What else happens in a bad hour. */
  private async disturb(): Promise<void> {
    const { random } = this
    if (random.chance(0.05)) {
      random.pick(this.groups).switches.askForDeath(random.pick(DEATHS))
      this.ownDeaths++
    }
    if (random.chance(0.05)) blockThread(random.integer(50, 300))
    if (random.chance(0.05)) await this.scale()
  }

  private async scale(): Promise<void> {
    const { random, plan } = this
    const group = random.pick(this.groups)
    await this.inTime(
      `${group.groupId} scaled`,
      group.scale(random.integer(1, plan.workers + 1)).catch((error: unknown) => {
        this.report('no-error', `scale: ${error instanceof Error ? error.stack : error}`)
      }),
    )
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

  private get deliveries(): number {
    return this.groups.reduce((total, group) => total + group.deliveries, 0)
  }

  private async inTime(what: string, work: Promise<unknown>): Promise<void> {
    const limit = new AbortController()
    const expired = sleep(STALL_MS, true, { signal: limit.signal }).catch(() => false)
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

  private laps(): number {
    const { logs } = this.engine.parts.local.topic('samples')
    return Math.max(...logs.map((log) => Math.floor(readTail(log).position / log.capacityGranules)))
  }
}

/** Keeps the calling thread from doing anything else. */
function blockThread(timeMs: number): void {
  const end = nowMs() + timeMs
  while (nowMs() < end);
}
