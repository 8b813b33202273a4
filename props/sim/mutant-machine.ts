import { kindNamed, modified, Operation, operationName } from './actor-log.js'
import type { ExecutionOptions, Stop } from './execution.js'
import { Machine } from './machine.js'

/** What can be wrong with one shared operation. */
export type Fault =
  /** It does not happen: a load sees 0, a read-modify-write only reads. */
  | 'drop'
  /** It is plain instead of atomic. */
  | 'plain'
  /** A read-modify-write becomes a load and a store. */
  | 'split'
  /** A compare-exchange replaces whatever it finds, and tells that it found what it expected. */
  | 'blind'
  /** A write happens only after the actor's next atomic operation. */
  | 'late'

/** Operations of the shipped code, by where they are called, that are made wrong wherever they run. */
export interface Mutation {
  /** As `siteOf` names them, with their callers or without. */
  readonly sites: readonly string[]
  readonly fault: Fault
  /**
   * Words that the operations were seen to touch there: spares looking at the stack elsewhere.
   * Default: all.
   */
  readonly addresses?: ReadonlySet<number>
}

const COMPARE_EXCHANGE: readonly Fault[] = ['drop', 'split', 'blind']
/** Those whose result nobody uses: they can come late. */
const MODIFICATION: readonly Fault[] = ['drop', 'split', 'late']

/**
 * Faults that make sense for an operation. A load that is left out is none: that is another
 * algorithm. A notify that comes late is none either: between two atomic operations nobody sleeps.
 */
const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  load: ['plain'],
  loadLong: ['plain'],
  store: ['drop', 'plain', 'late'],
  storeLong: ['drop', 'late'],
  compareExchange: COMPARE_EXCHANGE,
  compareExchangeLong: COMPARE_EXCHANGE,
  exchange: ['drop', 'split'],
  add: MODIFICATION,
  or: MODIFICATION,
  and: MODIFICATION,
  notify: ['drop'],
  fill: ['drop', 'late'],
  write: ['drop', 'late'],
  writeDouble: ['drop', 'late'],
  copyIn: ['drop', 'late'],
}

/** The faults that the operation at a site can have; its name ends in that of the operation. */
export function faultsOf(site: string): readonly Fault[] {
  return FAULTS[site.slice(site.lastIndexOf(' ') + 1)] ?? []
}

/**
 * A machine with one operation of the core made wrong, or one that only notes at which sites
 * operations are called. A marker in the actor's log tells a replay that the operation after it was
 * made wrong, so that the call stack is looked at only once.
 */
export class MutantMachine extends Machine {
  /** Where operations were called, and on which words, while no mutation is chosen. */
  readonly sites = new Map<string, Set<number>>()
  private readonly mutation: Mutation | undefined
  /** The kinds of operation that are made wrong. */
  private readonly wanted: ReadonlySet<number>
  /** A write that is done after the next atomic operation. */
  private held: (() => void) | undefined

  constructor(options: ExecutionOptions, mutation: Mutation | undefined) {
    super(options)
    this.mutation = mutation
    this.wanted = new Set(mutation?.sites.map((site) => kindNamed(site.split(' ').at(-1))))
  }

  override run(actor: number): Stop {
    this.held = undefined
    return super.run(actor)
  }

  /** What is still held at an actor's end is written there. */
  protected override perform(actor: number): void {
    super.perform(actor)
    this.releaseHeld()
  }

  /** The fault of the operation that is being called, if it has one. */
  private faultOf(kind: number, address: number): Fault | undefined {
    if (this.mutation === undefined) {
      if (this.cursor === this.length) this.noteSite(kind, address)
      return undefined
    }
    const { sites, fault, addresses } = this.mutation
    if (!this.wanted.has(kind) || addresses?.has(address) === false) return undefined
    if (this.cursor < this.length) {
      if (this.log.kinds[this.cursor] !== Operation.mutated) return undefined
      this.cursor++
      return fault
    }
    const site = siteOf(kind)
    if (!sites.includes(site) && !sites.includes(withoutCaller(site))) return undefined
    this.append(Operation.mutated, 0, 0, 0)
    return fault
  }

  private noteSite(kind: number, address: number): void {
    const site = siteOf(kind)
    const addresses = this.sites.get(site) ?? new Set()
    this.sites.set(site, addresses.add(address))
  }

  /** Does a write as it should be or as the fault wants it. */
  private mutableWrite(
    kind: number,
    address: number,
    write: () => void,
    writePlainly: () => void = write,
  ): void {
    const fault = this.faultOf(kind, address)
    if (fault === 'late') this.hold(write)
    else if (fault === 'plain') writePlainly()
    else if (fault === undefined) write()
  }

  private hold(write: () => void): void {
    this.releaseHeld()
    this.held = write
  }

  /** After each atomic operation. */
  private releaseHeld(): void {
    const { held } = this
    this.held = undefined
    held?.()
  }

  override load(address: number): number {
    const fault = this.faultOf(Operation.load, address)
    if (fault === 'plain') return super.read(address)
    if (fault === 'drop') return 0
    const value = super.load(address)
    this.releaseHeld()
    return value
  }

  override loadLong(address: number): bigint {
    const fault = this.faultOf(Operation.loadLong, address)
    if (fault === 'drop') return 0n
    if (fault === 'plain') {
      const low = super.read(address)
      return (BigInt(super.read(address + 1)) << 32n) | BigInt(low >>> 0)
    }
    const value = super.loadLong(address)
    this.releaseHeld()
    return value
  }

  override store(address: number, value: number): void {
    const store = () => {
      super.store(address, value)
      this.releaseHeld()
    }
    this.mutableWrite(Operation.store, address, store, () => super.write(address, value))
  }

  override storeLong(address: number, value: bigint): void {
    this.mutableWrite(Operation.storeLong, address, () => {
      super.storeLong(address, value)
      this.releaseHeld()
    })
  }

  override compareExchange(address: number, expected: number, replacement: number): number {
    const fault = this.faultOf(Operation.compareExchange, address)
    let found: number
    if (fault === undefined) {
      found = super.compareExchange(address, expected, replacement)
    } else if (fault === 'blind') {
      super.store(address, replacement)
      found = expected
    } else {
      found = super.load(address)
      if (fault === 'split' && found === expected) super.store(address, replacement)
    }
    this.releaseHeld()
    return found
  }

  override compareExchangeLong(address: number, expected: bigint, replacement: bigint): bigint {
    const fault = this.faultOf(Operation.compareExchangeLong, address)
    let found: bigint
    if (fault === undefined) {
      found = super.compareExchangeLong(address, expected, replacement)
    } else if (fault === 'blind') {
      super.storeLong(address, replacement)
      found = expected
    } else {
      found = super.loadLong(address)
      if (fault === 'split' && found === expected) super.storeLong(address, replacement)
    }
    this.releaseHeld()
    return found
  }

  override modify(kind: number, address: number, operand: number): number {
    const fault = this.faultOf(kind, address)
    if (fault === 'late') {
      this.hold(() => super.modify(kind, address, operand))
      return 0
    }
    let found: number
    if (fault === undefined) {
      found = super.modify(kind, address, operand)
    } else {
      found = super.load(address)
      if (fault === 'split') super.store(address, modified(kind, found, operand))
    }
    this.releaseHeld()
    return found
  }

  override fill(value: number, from: number, to: number): void {
    this.mutableWrite(Operation.fill, from, () => super.fill(value, from, to))
  }

  override notify(address: number): void {
    this.mutableWrite(Operation.notify, address, () => super.notify(address))
    this.releaseHeld()
  }

  override wait(address: number, expected: number): 'ok' | 'not-equal' {
    const result = super.wait(address, expected)
    this.releaseHeld()
    return result
  }

  override write(address: number, value: number): void {
    this.mutableWrite(Operation.write, address, () => super.write(address, value))
  }

  override writeDouble(address: number, value: number): void {
    this.mutableWrite(Operation.writeDouble, address, () => super.writeDouble(address, value))
  }

  override copyIn(at: number, source: Buffer, from: number, to: number): void {
    this.mutableWrite(Operation.copyIn, at >>> 2, () => super.copyIn(at, source, from, to))
  }
}

/** Frames of the stack that are looked at to find the core's. */
const FRAMES = 8

/**
 * Where the core calls the operation, and where it calls the function that does:
 * `core/log/tail.js:22:19 < core/log/finder.js:201:24 loadLong`.
 */
function siteOf(kind: number): string {
  const frames = callSites()
  const first = frames.findIndex((frame) => isCore(frame))
  if (first < 0) return ''
  const caller = frames[first + 1]
  const within = caller !== undefined && isCore(caller) ? ` < ${placeOf(caller)}` : ''
  return `${placeOf(frames[first] as NodeJS.CallSite)}${within} ${operationName(kind)}`
}

/** The same for every caller. */
function withoutCaller(site: string): string {
  return site.replace(/ < \S+/, '')
}

function placeOf(frame: NodeJS.CallSite): string {
  const file = frame.getFileName()?.replace(/.*\/dist\//, '')
  return `${file}:${frame.getLineNumber()}:${frame.getColumnNumber()}`
}

function isCore(frame: NodeJS.CallSite): boolean {
  return frame.getFileName()?.includes('/dist/core/') === true
}

function callSites(): NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  Error.stackTraceLimit = FRAMES
  Error.prepareStackTrace = (_error, frames) => frames
  const holder: { stack?: unknown } = {}
  Error.captureStackTrace(holder, siteOf)
  const frames = holder.stack as NodeJS.CallSite[]
  Error.prepareStackTrace = prepareStackTrace
  Error.stackTraceLimit = stackTraceLimit
  return frames
}
