import { kindNamed, modified, Operation, operationName } from './actor-log.js'
import type { ExecutionOptions } from './execution.js'
import { Machine } from './machine.js'

/** What can be wrong with one shared operation. */
export type Fault =
  /** It does not happen; a read-modify-write only reads. */
  | 'drop'
  /** It is plain instead of atomic. */
  | 'plain'
  /** A read-modify-write becomes a load and a store. */
  | 'split'
  /** A write happens only after the actor's next atomic operation. */
  | 'late'

/** An operation of the shipped code, by where it is called, that is made wrong wherever it runs. */
export interface Mutation {
  readonly site: string
  readonly fault: Fault
  /** Words that the operation was seen to touch there: spares looking at the stack elsewhere. */
  readonly addresses: ReadonlySet<number>
}

const READ_MODIFY_WRITE: readonly Fault[] = ['drop', 'split']

/** Faults that make sense for an operation; those that leave it as good as it was are left out. */
const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  load: ['plain'],
  loadLong: ['plain'],
  store: ['drop', 'plain', 'late'],
  storeLong: ['drop', 'late'],
  compareExchange: READ_MODIFY_WRITE,
  compareExchangeLong: READ_MODIFY_WRITE,
  exchange: READ_MODIFY_WRITE,
  add: READ_MODIFY_WRITE,
  or: READ_MODIFY_WRITE,
  and: READ_MODIFY_WRITE,
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
  /** The kind of operation that is made wrong, or 0. */
  private readonly wanted: number
  /** A write that is done after the next atomic operation. */
  private held: (() => void) | undefined

  constructor(options: ExecutionOptions, mutation: Mutation | undefined) {
    super(options)
    this.mutation = mutation
    this.wanted = kindNamed(mutation?.site.slice(mutation.site.lastIndexOf(' ') + 1))
  }

  override run(actor: number) {
    this.held = undefined
    return super.run(actor)
  }

  /** The fault of the operation that is being called, if it has one. */
  private faultOf(kind: number, address: number): Fault | undefined {
    if (this.mutation === undefined) {
      if (this.cursor === this.length) this.noteSite(kind, address)
      return undefined
    }
    if (this.wanted !== kind || !this.mutation.addresses.has(address)) return undefined
    if (this.cursor < this.length) {
      if (this.log.kinds[this.cursor] !== Operation.mutated) return undefined
      this.cursor++
      return this.mutation.fault
    }
    if (siteOf(kind) !== this.mutation.site) return undefined
    this.append(Operation.mutated, 0, 0, 0)
    return this.mutation.fault
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
    if (fault === 'late') this.held = write
    else if (fault === 'plain') writePlainly()
    else if (fault === undefined) write()
  }

  /** After each atomic operation. */
  private releaseHeld(): void {
    const { held } = this
    this.held = undefined
    held?.()
  }

  override load(address: number): number {
    if (this.faultOf(Operation.load, address) === 'plain') return super.read(address)
    const value = super.load(address)
    this.releaseHeld()
    return value
  }

  override loadLong(address: number): bigint {
    if (this.faultOf(Operation.loadLong, address) === 'plain') {
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
    } else {
      found = super.loadLong(address)
      if (fault === 'split' && found === expected) super.storeLong(address, replacement)
    }
    this.releaseHeld()
    return found
  }

  override modify(kind: number, address: number, operand: number): number {
    const fault = this.faultOf(kind, address)
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

/** Which function of the core calls the operation, and which function calls that one. */
function siteOf(kind: number): string {
  const frames = callSites()
  const first = frames.findIndex((frame) => isCore(frame))
  if (first < 0) return ''
  const caller = frames[first + 1]
  const within = caller !== undefined && isCore(caller) ? ` < ${nameOf(caller)}` : ''
  return `${nameOf(frames[first] as NodeJS.CallSite)}${within} ${operationName(kind)}`
}

function nameOf(frame: NodeJS.CallSite): string {
  const file = frame.getFileName()?.replace(/.*\/dist\//, '')
  return `${frame.getFunctionName()} (${file}:${frame.getLineNumber()}:${frame.getColumnNumber()})`
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
