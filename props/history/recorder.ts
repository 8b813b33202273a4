/**
 * Records what real threads do, in shared memory, so that it outlives them.
 *
 * Each thread writes to lanes of its own, one for each process of the history: whatever does one
 * thing after another. An event is written, then gets a ticket, then the ticket is stored with it:
 * that makes it be there. So a thread may die between any two instructions, and an event is there
 * whole or not at all; and the tickets are an order that agrees with what happened before what:
 * note that something begins before it begins, and that it has ended after it has.
 *
 *   words  | next ticket | next block | blocks
 *   block  | process + 1 | events
 *   event  | ticket + 1 | kind | group, partition | extra | number | value
 *
 * @example
 * const recorder = new Recorder(100_000)
 * // In each thread, with `recorder.buffer`:
 * const lane = new Recorder(buffer).lane(threadId)
 * lane.polled(0, message.partition, message.offset, value)
 * // When all have ended:
 * assertClean(recorder.history())
 */
import * as memory from '../../core/memory.js'
import type { History } from './history.js'
import { EventKind, type RecordedEvent, writeEvents } from './recorded-events.js'

const NEXT_TICKET = 0
const NEXT_BLOCK = 1
const HEADER_WORDS = 8

const EVENT_WORDS = 8
const TICKET = 0
const KIND = 1
const PLACE = 2
const EXTRA = 3
const NUMBER_DOUBLE = 2
const VALUE_DOUBLE = 3

const BLOCK_EVENTS = 256
/** For lanes that end in the midst of a block. */
const SPARE_BLOCKS = 256
/** The first event's place is taken by the block's owner. */
const BLOCK_WORDS = (1 + BLOCK_EVENTS) * EVENT_WORDS
const GROUP_SHIFT = 16
const PARTITION_MASK = 0xffff

/** No number: a seek to a place that is not known. */
const UNKNOWN = Number.NaN

export class Recorder {
  private readonly region: memory.Region
  private readonly blocks: number

  /** @param source events that there is room for, or the buffer of a recorder */
  constructor(source: number | SharedArrayBuffer) {
    const blocks = typeof source === 'number' ? SPARE_BLOCKS + Math.ceil(source / BLOCK_EVENTS) : 0
    this.region =
      typeof source === 'number'
        ? memory.allocate((HEADER_WORDS + blocks * BLOCK_WORDS) * 4)
        : memory.attach(source)
    this.blocks = Math.floor((this.region.words.length - HEADER_WORDS) / BLOCK_WORDS)
  }

  get buffer(): SharedArrayBuffer {
    return this.region.buffer
  }

  /** Whether events were left out for want of room. */
  get isFull(): boolean {
    return memory.load(this.region.words, NEXT_BLOCK) > this.blocks
  }

  /** Tickets given so far: as many events, but for the last one of a thread that died. */
  get count(): number {
    return memory.load(this.region.words, NEXT_TICKET)
  }

  /** @param process a number that no other thread uses, dead or alive, 0 to 2^31 - 2 */
  lane(process: number): Lane {
    return new Lane(this.region, this.blocks, process)
  }

  /** Fails if something was left out. Of threads that run, it has what was noted until now. */
  history(): History {
    if (this.isFull) throw new Error('the recorder had no room left')
    return writeEvents(this.events())
  }

  /** In the order of their tickets. */
  *events(): Generator<RecordedEvent> {
    const { words, doubles } = this.region
    const places = new Int32Array(memory.load(words, NEXT_TICKET))
    const blocks = Math.min(memory.load(words, NEXT_BLOCK), this.blocks)
    for (let block = 0; block < blocks; block++) {
      const start = blockWord(block)
      for (let word = start + EVENT_WORDS; word < start + BLOCK_WORDS; word += EVENT_WORDS) {
        const ticket = memory.load(words, word + TICKET)
        if (ticket > 0 && ticket <= places.length) places[ticket - 1] = word
      }
    }
    for (const word of places) {
      if (word === 0) continue
      const place = memory.read(words, word + PLACE)
      yield {
        process: memory.load(words, ownerWord(word)) - 1,
        kind: memory.read(words, word + KIND) as EventKind,
        group: place >>> GROUP_SHIFT,
        partition: place & PARTITION_MASK,
        extra: memory.read(words, word + EXTRA),
        number: memory.readDouble(doubles, word / 2 + NUMBER_DOUBLE),
        value: memory.readDouble(doubles, word / 2 + VALUE_DOUBLE),
      }
    }
  }
}

/** What one process does. Groups and partitions are told by numbers below 2^16, values by any. */
export class Lane {
  private readonly words: Int32Array
  private readonly doubles: Float64Array
  private readonly blocks: number
  private readonly process: number
  private next = 0
  private end = 0
  private isOut = false

  constructor({ words, doubles }: memory.Region, blocks: number, process: number) {
    this.words = words
    this.doubles = doubles
    this.blocks = blocks
    this.process = process
  }

  /** A send begins. Those that follow each other directly are one operation, as are their ends. */
  sends(partition: number, value: number, key?: number): void {
    this.note(EventKind.SENDS, 0, partition, key === undefined ? 0 : key + 1, UNKNOWN, value)
  }

  /** It was acknowledged; without an offset if that was not told. */
  sent(partition: number, value: number, offset = UNKNOWN): void {
    this.note(EventKind.SENT, 0, partition, 0, offset, value)
  }

  /** It had no effect, for sure. */
  sendFailed(partition: number, value: number): void {
    this.note(EventKind.SEND_FAILED, 0, partition, 0, UNKNOWN, value)
  }

  /** A handler begins with a record. @param attempt as the engine counts it; 0 leaves it open */
  polled(group: number, partition: number, offset: number, value: number, attempt = 0): void {
    this.note(EventKind.POLLED, group, partition, attempt, offset, value)
  }

  /** The handler ended, before the engine hears of it. */
  handled(group: number, partition: number, offset: number): void {
    this.note(EventKind.HANDLED, group, partition, 0, offset)
  }

  /** The handler is about to throw. */
  handlerFailed(group: number, partition: number, offset: number): void {
    this.note(EventKind.HANDLER_FAILED, group, partition, 0, offset)
  }

  /** The process owns the partition, or goes on elsewhere after a seek. */
  took(group: number, partition: number, epoch: number, from: number): void {
    this.note(EventKind.TOOK, group, partition, epoch, from)
  }

  gaveBack(group: number, partition: number): void {
    this.note(EventKind.GAVE_BACK, group, partition)
  }

  /** A commit was accepted; without an epoch, the cursor was found to be there. */
  committed(group: number, partition: number, offset: number, epoch?: number): void {
    this.note(EventKind.COMMITTED, group, partition, epoch ?? 0, offset, epoch ?? UNKNOWN)
  }

  /** A seek begins; without an offset, to a place that is not known. */
  seeks(group: number, partition: number, offset = UNKNOWN): void {
    this.note(EventKind.SEEKS, group, partition, 0, offset)
  }

  sought(group: number, partition: number, offset = UNKNOWN): void {
    this.note(EventKind.SOUGHT, group, partition, 0, offset)
  }

  /** The record was given up and committed. */
  buried(group: number, partition: number, offset: number): void {
    this.note(EventKind.BURIED, group, partition, 0, offset)
  }

  /** In the end there is a dead letter of this record. */
  peeked(group: number, partition: number, offset: number): void {
    this.note(EventKind.PEEKED, group, partition, 0, offset)
  }

  gap(group: number, partition: number, from: number, to: number, count: number): void {
    this.note(EventKind.GAP, group, partition, count, from, to)
  }

  /** Another process is dead, and fenced. */
  died(process: number): void {
    this.note(EventKind.DIED, 0, 0, process)
  }

  private note(
    kind: EventKind,
    group: number,
    partition: number,
    extra = 0,
    number = 0,
    value = 0,
  ): void {
    const { words, doubles } = this
    if (this.next === this.end && !this.takeBlock()) return
    const word = this.next
    memory.write(words, word + KIND, kind)
    memory.write(words, word + PLACE, (group << GROUP_SHIFT) | partition)
    memory.write(words, word + EXTRA, extra)
    memory.writeDouble(doubles, word / 2 + NUMBER_DOUBLE, number)
    memory.writeDouble(doubles, word / 2 + VALUE_DOUBLE, value)
    memory.store(words, word + TICKET, memory.add(words, NEXT_TICKET, 1) + 1)
    this.next += EVENT_WORDS
  }

  private takeBlock(): boolean {
    if (this.isOut) return false
    const block = memory.add(this.words, NEXT_BLOCK, 1)
    this.isOut = block >= this.blocks
    if (this.isOut) return false
    const start = blockWord(block)
    memory.store(this.words, start, this.process + 1)
    this.next = start + EVENT_WORDS
    this.end = start + BLOCK_WORDS
    return true
  }
}

function blockWord(block: number): number {
  return HEADER_WORDS + block * BLOCK_WORDS
}

function ownerWord(eventWord: number): number {
  return blockWord(Math.floor((eventWord - HEADER_WORDS) / BLOCK_WORDS))
}
