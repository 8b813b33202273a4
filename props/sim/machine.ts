import { modified, Operation } from './actor-log.js'
import { Execution, hashBytes, Status } from './execution.js'
import type { Change, Watch } from './scenario.js'
import * as shared from './shared-state.js'

/** Content of the mirror where nothing has been observed. */
const POISON = 0xdd

const NOT_EQUAL = 0
const OK = 1

/**
 * The operations of the simulated memory, at addresses that count words (or bytes, where said)
 * over all regions.
 *
 * The memory that the algorithms see through their typed arrays is a mirror, and no operation
 * touches it, except that `observe` brings the declared bytes there: those of the memory the first
 * time, the very same ones at each replay, whatever has become of the memory since. All else in the
 * mirror is poison, so reading bytes without declaring them shows.
 */
export class Machine extends Execution {
  private readonly observed: Buffer[] = []
  private readonly watches: (Watch | undefined)[] = []

  /** Looks at what happens to a word from now on. */
  watch(address: number, watch: Watch | undefined): void {
    this.watches[address] = watch
  }

  private watched<Value extends number | bigint>(
    address: number,
    before: Value,
    after: Value,
    expected?: Value,
  ): void {
    const watch = this.watches[address]
    if (watch === undefined) return
    const actor = this.options.names[this.actor] as string
    const last = this.log.addresses[this.length - 1]
    const previous = () => (last === undefined ? 'nothing' : this.options.describe(last))
    const change: Change<Value> = { before, after, expected, actor, previous }
    watch(change as Change<number> | Change<bigint>)
  }

  // -------------------------------------------------------------------------------------------
  // Atomic operations
  // -------------------------------------------------------------------------------------------

  load(address: number): number {
    if (this.replays(Operation.load, address)) return this.lastValue()
    this.decideRead(address)
    const source = this.state.atomicRead(this.actor, address, 1)
    const value = this.state.cells[address] as number
    this.append(Operation.load, address, value, source)
    if (this.tracing) this.noteAt(Operation.load, address, `= ${readable(value)}`)
    return value
  }

  store(address: number, value: number): void {
    if (this.replays(Operation.store, address)) return
    this.decide()
    this.state.atomicWrite(this.actor, address, 1, this.event())
    this.watched(address, this.state.cells[address] as number, value)
    this.state.setWord(address, value)
    this.append(Operation.store, address, 0, 0)
    if (this.tracing) this.noteAt(Operation.store, address, `:= ${readable(value)}`)
  }

  compareExchange(address: number, expected: number, replacement: number): number {
    if (this.replays(Operation.compareExchange, address)) return this.lastValue()
    this.decide()
    const source = this.state.atomicRead(this.actor, address, 1)
    const found = this.state.cells[address] as number
    this.watched(address, found, found === expected ? replacement : found, expected)
    if (found === expected) {
      this.state.atomicWrite(this.actor, address, 1, this.event())
      this.state.setWord(address, replacement)
    }
    this.append(Operation.compareExchange, address, found, source)
    if (this.tracing) {
      const outcome =
        found === expected ? `-> ${readable(replacement)}` : `is not ${readable(expected)}`
      this.noteAt(Operation.compareExchange, address, `${readable(found)} ${outcome}`)
    }
    return found
  }

  /** exchange, add, or, and: `kind` says which. */
  modify(kind: number, address: number, operand: number): number {
    if (this.replays(kind, address)) return this.lastValue()
    this.decide()
    const source = this.state.atomicRead(this.actor, address, 1)
    const found = this.state.cells[address] as number
    const value = modified(kind, found, operand)
    this.watched(address, found, value)
    this.state.atomicWrite(this.actor, address, 1, this.event())
    this.state.setWord(address, value)
    this.append(kind, address, found, source)
    if (this.tracing) this.noteAt(kind, address, `${readable(found)} -> ${readable(value)}`)
    return found
  }

  loadLong(address: number): bigint {
    if (this.replays(Operation.loadLong, address)) return this.lastPayload() as bigint
    this.decideRead(address)
    const source = this.state.atomicRead(this.actor, address, 2)
    const value = this.state.longs[address / 2] as bigint
    this.log.payloads[this.length] = value
    this.append(Operation.loadLong, address, 0, source)
    if (this.tracing) this.noteAt(Operation.loadLong, address, `= ${hexadecimal(value)}`)
    return value
  }

  storeLong(address: number, value: bigint): void {
    if (this.replays(Operation.storeLong, address)) return
    this.decide()
    this.state.atomicWrite(this.actor, address, 2, this.event())
    this.state.setLong(address, value)
    this.append(Operation.storeLong, address, 0, 0)
    if (this.tracing) this.noteAt(Operation.storeLong, address, `:= ${hexadecimal(value)}`)
  }

  compareExchangeLong(address: number, expected: bigint, replacement: bigint): bigint {
    const kind = Operation.compareExchangeLong
    if (this.replays(kind, address)) return this.lastPayload() as bigint
    this.decide()
    const source = this.state.atomicRead(this.actor, address, 2)
    const found = this.state.longs[address / 2] as bigint
    this.watched(address, found, found === expected ? replacement : found, expected)
    if (found === expected) {
      this.state.atomicWrite(this.actor, address, 2, this.event())
      this.state.setLong(address, replacement)
    }
    this.log.payloads[this.length] = found
    this.append(kind, address, 0, source)
    if (this.tracing) {
      const outcome =
        found === expected ? `-> ${hexadecimal(replacement)}` : `is not ${hexadecimal(expected)}`
      this.noteAt(kind, address, `${hexadecimal(found)} ${outcome}`)
    }
    return found
  }

  /**
   * Relaxed stores to words [from, to), in two halves that another actor can see one without the
   * other, in either order (an option): on real machines such stores have no order.
   */
  fill(value: number, from: number, to: number): void {
    const middle = (from + to) >>> 1
    const { fillsDescending } = this.options
    if (fillsDescending) this.fillPart(value, middle, to)
    this.fillPart(value, from, middle)
    if (!fillsDescending) this.fillPart(value, middle, to)
  }

  private fillPart(value: number, from: number, to: number): void {
    if (from === to) return
    if (this.replays(Operation.fill, from)) return
    this.decide()
    for (let word = from; word < to; word++) {
      this.state.relaxedWrite(this.actor, word, this.event())
      this.state.setWord(word, value)
    }
    this.append(Operation.fill, from, 0, 0)
    if (this.tracing)
      this.noteAt(Operation.fill, from, `and ${to - from - 1} more := ${readable(value)}`)
  }

  // -------------------------------------------------------------------------------------------
  // Sleeping, waking, spinning
  // -------------------------------------------------------------------------------------------

  /** Sleeps until notified if the word holds `expected`; nobody wakes it by time. */
  wait(address: number, expected: number): 'ok' | 'not-equal' {
    if (this.replays(Operation.wait, address)) return this.lastValue() === OK ? 'ok' : 'not-equal'
    this.decide()
    const source = this.state.atomicRead(this.actor, address, 1)
    const found = this.state.cells[address] as number
    if (found !== expected) {
      this.append(Operation.wait, address, NOT_EQUAL, source)
      if (this.tracing) this.noteAt(Operation.wait, address, `${found} is not ${expected}`)
      return 'not-equal'
    }
    this.append(Operation.wait, address, OK, source)
    this.state.put(this.actor, shared.STATUS, Status.SLEEPING)
    this.state.put(this.actor, shared.SLEEPS_ON, address)
    if (this.tracing) this.noteAt(Operation.wait, address, `${found}: sleeps`)
    return this.suspend()
  }

  /** Wakes everyone who sleeps on the word. It orders no memory: only what is read then does. */
  notify(address: number): void {
    if (this.replays(Operation.notify, address)) return
    this.decide()
    for (let actor = 0; actor < this.state.actorCount; actor++) {
      if (this.status(actor) !== Status.SLEEPING) continue
      if (this.state.get(actor, shared.SLEEPS_ON) !== address) continue
      this.state.put(actor, shared.STATUS, Status.RUNNABLE)
      this.state.put(actor, shared.SLEEPS_ON, 0)
      if (this.tracing) this.note(`wakes ${this.options.names[actor]}`)
    }
    this.append(Operation.notify, address, 0, 0)
    if (this.tracing) this.noteAt(Operation.notify, address, '')
  }

  /** Lets others go on; see `Execution.isRunnable`. */
  pause(): void {
    if (this.replays(Operation.pause, 0)) return
    this.decideWrite()
    this.append(Operation.pause, 0, 0, 0)
    this.state.put(this.actor, shared.STATUS, Status.SPINNING)
    if (this.tracing) this.note('pauses')
    this.suspend()
  }

  // -------------------------------------------------------------------------------------------
  // Plain operations
  // -------------------------------------------------------------------------------------------

  read(address: number): number {
    if (this.replays(Operation.read, address)) return this.lastValue()
    this.state.plainRead(this.actor, address)
    const value = this.state.cells[address] as number
    this.append(Operation.read, address, value, 0)
    if (this.tracing) this.noteAt(Operation.read, address, `= ${readable(value)}`)
    return value
  }

  write(address: number, value: number): void {
    if (this.replays(Operation.write, address)) return
    this.decideWrite()
    this.state.plainWrite(this.actor, address)
    this.state.setWord(address, value)
    this.append(Operation.write, address, 0, 0)
    if (this.tracing) this.noteAt(Operation.write, address, `:= ${readable(value)}`)
  }

  readDouble(address: number): number {
    if (this.replays(Operation.readDouble, address)) return this.lastValue()
    this.state.plainRead(this.actor, address)
    this.state.plainRead(this.actor, address + 1)
    const value = this.state.doubles[address / 2] as number
    this.append(Operation.readDouble, address, value, 0)
    if (this.tracing) this.noteAt(Operation.readDouble, address, `= ${value}`)
    return value
  }

  writeDouble(address: number, value: number): void {
    if (this.replays(Operation.writeDouble, address)) return
    this.decideWrite()
    this.state.plainWrite(this.actor, address)
    this.state.plainWrite(this.actor, address + 1)
    this.state.setDouble(address, value)
    this.append(Operation.writeDouble, address, 0, 0)
    if (this.tracing) this.noteAt(Operation.writeDouble, address, `:= ${value}`)
  }

  /** Writes private bytes [from, to) of `source` to byte `at`. */
  copyIn(at: number, source: Buffer, from: number, to: number): void {
    if (to <= from || this.replays(Operation.copyIn, at >>> 2)) return
    this.decideWrite()
    const end = (at + to - from + 3) >>> 2
    for (let word = at >>> 2; word < end; word++) this.state.plainWrite(this.actor, word)
    this.state.setBytes(at, source, from, to)
    this.append(Operation.copyIn, at >>> 2, 0, 0)
    if (this.tracing) this.noteAt(Operation.copyIn, at >>> 2, `${to - from} bytes`)
  }

  /** Reads bytes [from, to) into private memory. */
  copyOut(target: Buffer, at: number, from: number, to: number): void {
    if (to <= from) return
    this.snapshot(Operation.copyOut, from, to).copy(target, at)
  }

  /** Checks bytes [from, to) and brings them to the mirror. */
  observe(mirror: Buffer, mirrorFrom: number, from: number, to: number): void {
    if (to <= from) return
    const bytes = this.snapshot(Operation.observe, from, to)
    const shown = mirror.subarray(mirrorFrom, mirrorFrom + to - from)
    bytes.copy(shown)
    this.observed.push(shown)
  }

  private snapshot(kind: number, from: number, to: number): Buffer {
    if (this.replays(kind, from >>> 2)) return this.lastPayload() as Buffer
    const end = (to + 3) >>> 2
    for (let word = from >>> 2; word < end; word++) this.state.plainRead(this.actor, word)
    const bytes = Buffer.from(this.state.bytes.subarray(from, to))
    this.log.payloads[this.length] = bytes
    this.append(kind, from >>> 2, 0, 0)
    if (this.tracing) this.noteAt(kind, from >>> 2, `${to - from} bytes`)
    return bytes
  }

  /** Makes everything unreadable again that an actor observed. */
  hideObserved(): void {
    for (const bytes of this.observed) bytes.fill(POISON)
    this.observed.length = 0
  }

  // -------------------------------------------------------------------------------------------
  // The scenario's own operations
  // -------------------------------------------------------------------------------------------

  /** Adds to the history; where their order counts, events are operations like others. */
  record(event: unknown): void {
    if (this.replays(Operation.record, 0)) return
    let order = 0
    if (this.options.ordersEvents) {
      this.decide()
      order = (this.state.registers[shared.EVENTS] as number) + 1
      this.state.registers[shared.EVENTS] = order
    }
    this.log.payloads[this.length] = event
    this.append(Operation.record, 0, order, order)
    if (this.options.mergesByContent) {
      this.state.hashEvent(this.actor, order)
      this.state.hashEvent(this.actor, hashBytes(Buffer.from(JSON.stringify(event, jsonValue))))
      this.state.hashOperation(
        this.actor,
        Operation.record,
        hashBytes(Buffer.from(JSON.stringify(event, jsonValue))),
      )
    }
    if (this.tracing) this.note(`record ${JSON.stringify(event, jsonValue)}`)
  }

  /** All that the actor will still use of what it knows: its past may be forgotten. */
  settle(variables: readonly (number | object)[]): void {
    if (!this.options.mergesByContent || this.replays(Operation.settle, 0)) return
    this.state.forget(this.actor)
    for (const variable of variables) {
      for (const value of typeof variable === 'number' ? [variable] : Object.values(variable)) {
        if (typeof value === 'number') this.state.hashOperation(this.actor, Operation.settle, value)
      }
    }
    this.append(Operation.settle, 0, 0, 0)
  }

  /** Whether the running actor repairs in the place of one that died. */
  get isSuccessor(): boolean {
    return this.actor > this.options.repair
  }

  /** The first death that a repairer has to look at: its predecessors may have repaired others. */
  firstDeath(): number {
    if (this.options.repairers === 1) return 1
    if (this.replays(Operation.begin, 0)) return this.lastValue()
    const first = (this.state.registers[shared.REPAIRED] as number) + 1
    this.append(Operation.begin, 0, first, first)
    return first
  }

  /** The death's repair is complete: nobody begins it again. */
  repaired(count: number): void {
    if (this.replays(Operation.repaired, 0)) return
    this.state.registers[shared.REPAIRED] = count
    this.append(Operation.repaired, 0, 0, 0)
  }

  /** The repair's next task: the actor that died as the `count`th; idles while there is none. */
  death(count: number): number {
    if (this.replays(Operation.death, 0)) return this.lastValue()
    for (let dead = 0; dead < this.state.actorCount; dead++) {
      if (this.state.get(dead, shared.DEATH) !== count) continue
      this.state.joinAll(this.actor, dead)
      for (const repairer of this.repairers()) {
        if (this.status(repairer) === Status.CRASHED) this.state.joinAll(this.actor, repairer)
      }
      this.append(Operation.death, 0, dead, dead)
      if (this.tracing) this.note(`learns of the death of ${this.options.names[dead]}`)
      return dead
    }
    this.state.put(this.actor, shared.STATUS, Status.IDLE)
    return this.suspend()
  }

  private lastValue(): number {
    return this.log.values[this.cursor - 1] as number
  }

  private lastPayload(): unknown {
    return this.log.payloads[this.cursor - 1]
  }
}

/** A word of many bits is one of several fields, such as a tag: they are seen in hexadecimal. */
function readable(word: number): string {
  return Math.abs(word) < 0x10000 ? `${word}` : hexadecimal(BigInt(word), 32)
}

function hexadecimal(value: bigint, bits = 64): string {
  return `0x${BigInt.asUintN(bits, value).toString(16)}`
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
