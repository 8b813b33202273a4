/**
 * The simulated memory with everything that the race check knows about it, and a way back: whatever
 * the explorer has to undo lies in two arrays. `cells` holds what there is per word; each change
 * of it is noted on a trail. `registers` holds what there is per actor; it is small, and is copied
 * where the explorer may have to return to.
 *
 * The race check keeps vector clocks, after FastTrack (Flanagan and Freund, 2009). An actor's clock
 * ticks after each of its releases. As in ECMA-262, an atomic store or a successful
 * read-modify-write releases, and an atomic load acquires from exactly the write that it reads. So
 * a load does not release, a failed compare-exchange only loads, and a plain write in between
 * breaks no chain because it is a race itself.
 */

/** A data race between plain and atomic accesses, or between atomics of different widths. */
export class RaceError extends Error {
  override readonly name = 'RaceError'
}

// Sections of `cells`, each one word wide per word of memory; the last three once per actor.
const VALUE = 0
const WRITER = 1
const RELEASE = 2
const PLAIN_WRITE = 3
const PER_ACTOR = 4
const PER_ACTOR_SECTIONS = 3

// Registers: first those of the world, then those of each actor.
export const DEATHS = 0
export const EVENTS = 1
export const PREEMPTIONS_LEFT = 2
export const CRASHES_LEFT = 3
export const CURRENT = 4
const HASH_LOW = 5
const HASH_HIGH = 6
const CLOCKS_USED = 7
/** How many deaths were repaired. */
export const REPAIRED = 8
const ACTORS = 9

/** Operations in the actor's log. */
export const LENGTH = 0
/** See `Status` in `machine.ts`. */
export const STATUS = 1
/** Address of the word that the actor sleeps on. */
export const SLEEPS_ON = 2
/** How many decisions the actor came to: names them in a schedule. */
export const STEP = 3
/** Where in the log the present turn of a spin loop began. */
export const TURN_START = 4
/** Turns in a row that no other actor could interrupt. */
export const IDLE_TURNS = 5
/** Which death this actor was, counted from 1, or 0. */
export const DEATH = 6
const LOG_HASH_LOW = 7
const LOG_HASH_HIGH = 8
const EVENTS_HASH_LOW = 9
const EVENTS_HASH_HIGH = 10
/** The counter that the actor read last, plus one, and what it read; 0 when it needs no more. */
const COUNTER = 11
const COUNTED = 12
const CLOCK = 13

/** Bits of an event number that name the actor; the rest is the place in its log, from 1. */
const ACTOR_BITS = 4
const ACTORS_MAX = 1 << ACTOR_BITS

const WAS_PLAIN = 1
const WAS_ATOMIC = 2
const WAS_WRITTEN = 4
const WAS_TAKEN_FOR_CONSTANT = 8

/** Number of the write that stands at `place` in the log of `actor`; 0 is the setup. */
export function eventOf(actor: number, place: number): number {
  return ((place + 1) << ACTOR_BITS) | actor
}

export function mixLow(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1)
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77)
}

export function mixHigh(hash: number, value: number): number {
  const mixed = Math.imul((hash << 7) ^ (hash >>> 25) ^ value, 0xc2b2ae3d)
  return Math.imul(mixed ^ (mixed >>> 13), 0x27d4eb2f)
}

/**
 * That a word holds a value, as a summand of the hash of the memory. The word is mixed before the
 * value joins it: a mere exclusive-or of both would let words swap values without a trace.
 */
function holdLow(word: number, value: number): number {
  return mixLow(mixLow(mixLow(SEED, word), value), 1)
}

function holdHigh(word: number, value: number): number {
  return mixHigh(mixHigh(mixHigh(SEED, word), value), 1)
}

const SEED = 0x51ed270b

export class SharedState {
  readonly wordCount: number
  readonly actorCount: number
  readonly actorRegisters: number
  readonly cells: Int32Array
  readonly longs: BigInt64Array
  readonly doubles: Float64Array
  readonly bytes: Buffer
  registers: Int32Array
  readonly #plainReads: number
  readonly #atomicReads: number
  readonly #atomicWrites: number
  /** What kinds of access a word has ever seen, in any execution: spares most of the checks. */
  readonly #uses: Uint8Array
  readonly #widths: Uint8Array
  #clocks = new Int32Array(1 << 12)
  #trail = new Int32Array(1 << 12)
  trailLength = 0
  /** A word that was taken for a constant is none. */
  wasMistaken = false
  /** The race that was found, even if the actor caught the exception. */
  race: RaceError | undefined
  /** Says what a word is in messages. */
  describe: (address: number) => string = (address) => `word ${address}`
  actorNames: readonly string[] = []

  /** Whether states are named by content, see `stateHashLow`. */
  readonly #mergesByContent: boolean
  /** Which words count, see `Scenario.isCounter`; only where states are named by content. */
  readonly #counters: Uint8Array

  /** @param initial the content of all regions after the setup, an even number of words */
  constructor(initial: Int32Array, actorCount: number, mergesByContent = false) {
    this.#mergesByContent = mergesByContent
    const words = initial.length
    this.#counters = new Uint8Array(words)
    this.wordCount = words
    this.actorCount = actorCount
    this.cells = new Int32Array((PER_ACTOR + PER_ACTOR_SECTIONS * actorCount) * words)
    this.cells.set(initial, VALUE * words)
    this.longs = new BigInt64Array(this.cells.buffer, 0, words / 2)
    this.doubles = new Float64Array(this.cells.buffer, 0, words / 2)
    this.bytes = Buffer.from(this.cells.buffer, 0, words * 4)
    this.#plainReads = PER_ACTOR * words
    this.#atomicReads = (PER_ACTOR + actorCount) * words
    this.#atomicWrites = (PER_ACTOR + 2 * actorCount) * words
    this.#uses = new Uint8Array(words)
    this.#widths = new Uint8Array(words)
    this.actorRegisters = CLOCK + actorCount
    this.registers = new Int32Array(ACTORS + actorCount * this.actorRegisters)
    // The first clock of the pool is zero: that of the setup, which everything comes after.
    this.registers[CLOCKS_USED] = actorCount
    for (let actor = 0; actor < actorCount; actor++) {
      this.registers[this.register(actor, CLOCK + actor)] = 1
    }
  }

  register(actor: number, name: number): number {
    return ACTORS + actor * this.actorRegisters + name
  }

  get(actor: number, name: number): number {
    return this.registers[ACTORS + actor * this.actorRegisters + name] as number
  }

  put(actor: number, name: number, value: number): void {
    this.registers[ACTORS + actor * this.actorRegisters + name] = value
  }

  /** The event that wrote a word last. */
  writerOf(address: number): number {
    return this.cells[WRITER * this.wordCount + address] as number
  }

  // -------------------------------------------------------------------------------------------
  // The way back
  // -------------------------------------------------------------------------------------------

  /** Undoes every change of a cell since the trail was this long. */
  undoTo(trailLength: number): void {
    const trail = this.#trail
    for (let at = this.trailLength - 2; at >= trailLength; at -= 2) {
      this.cells[trail[at] as number] = trail[at + 1] as number
    }
    this.trailLength = trailLength
  }

  #changeHash(word: number, before: number, after: number): void {
    if (this.#counters[word] === 1) return
    const { registers } = this
    registers[HASH_LOW] =
      (registers[HASH_LOW] as number) ^ holdLow(word, before) ^ holdLow(word, after)
    registers[HASH_HIGH] =
      (registers[HASH_HIGH] as number) ^ holdHigh(word, before) ^ holdHigh(word, after)
  }

  #set(cell: number, value: number): void {
    const before = this.cells[cell] as number
    if (before === value) return
    this.#note(cell, before)
    this.cells[cell] = value
  }

  #note(cell: number, before: number): void {
    if (this.trailLength + 2 > this.#trail.length) this.#trail = doubled(this.#trail)
    this.#trail[this.trailLength] = cell
    this.#trail[this.trailLength + 1] = before
    this.trailLength += 2
  }

  /**
   * Whether no actor has ever written to this word by an atomic, in any execution. If one does
   * later, whoever relied on it was mistaken.
   */
  isConstant(address: number): boolean {
    const uses = this.#uses[address] as number
    if ((uses & WAS_WRITTEN) !== 0) return false
    this.#uses[address] = uses | WAS_TAKEN_FOR_CONSTANT
    return true
  }

  #noteWritten(word: number): void {
    const uses = this.#uses[word] as number
    if ((uses & WAS_WRITTEN) !== 0) return
    this.#uses[word] = uses | WAS_WRITTEN
    if ((uses & WAS_TAKEN_FOR_CONSTANT) !== 0) this.wasMistaken = true
  }

  // -------------------------------------------------------------------------------------------
  // Atomic accesses; `width` is 1 or 2 words
  // -------------------------------------------------------------------------------------------

  /** Checks an atomic load, and joins the clock of the write it reads; returns that write. */
  atomicRead(actor: number, address: number, width: number): number {
    for (let word = address; word < address + width; word++) {
      this.#useAtomically(word, width)
      if (((this.#uses[word] as number) & WAS_PLAIN) !== 0) {
        this.#checkPlainWrite(actor, word, 'an atomic load')
      }
      this.#mark(this.#atomicReads, actor, word)
    }
    const writer = this.cells[WRITER * this.wordCount + address] as number
    this.#acquire(actor, this.cells[RELEASE * this.wordCount + address] as number, writer)
    return writer
  }

  /** Checks an atomic write, marks it, and leaves the actor's clock with it. */
  atomicWrite(actor: number, address: number, width: number, event: number): void {
    const release = this.#snapshotClock(actor)
    for (let word = address; word < address + width; word++) {
      this.#useAtomically(word, width)
      this.#checkAtomicWrite(actor, word, 'an atomic store')
      this.#set(RELEASE * this.wordCount + word, release)
      this.#setWriter(word, event)
    }
    this.registers[this.register(actor, CLOCK + actor)] = this.get(actor, CLOCK + actor) + 1
  }

  /** A relaxed store, as of `fill`: it may race with atomics, and publishes nothing. */
  relaxedWrite(actor: number, address: number, event: number): void {
    this.#useAtomically(address, 1)
    this.#checkAtomicWrite(actor, address, 'a fill')
    this.#set(RELEASE * this.wordCount + address, 0)
    this.#setWriter(address, event)
  }

  setWord(address: number, value: number): void {
    if (this.#mergesByContent) this.#changeHash(address, this.cells[address] as number, value)
    this.#set(address, value)
  }

  setLong(address: number, value: bigint): void {
    const noted = this.#noteWords(address, address + 2)
    this.longs[address / 2] = value
    this.#hashWords(address, address + 2, noted)
  }

  setDouble(address: number, value: number): void {
    const noted = this.#noteWords(address, address + 2)
    this.doubles[address / 2] = value
    this.#hashWords(address, address + 2, noted)
  }

  /** Bytes [from, to) of `source`, to byte `at`. */
  setBytes(at: number, source: Buffer, from: number, to: number): void {
    const end = (at + to - from + 3) >>> 2
    const noted = this.#noteWords(at >>> 2, end)
    source.copy(this.bytes, at, from, to)
    this.#hashWords(at >>> 2, end, noted)
  }

  /** Notes what words hold before they are changed; returns where on the trail. */
  #noteWords(first: number, end: number): number {
    const noted = this.trailLength
    for (let word = first; word < end; word++) this.#note(word, this.cells[word] as number)
    return noted
  }

  #hashWords(first: number, end: number, noted: number): void {
    if (!this.#mergesByContent) return
    for (let word = first; word < end; word++) {
      const before = this.#trail[noted + 2 * (word - first) + 1] as number
      this.#changeHash(word, before, this.cells[word] as number)
    }
  }

  #checkAtomicWrite(actor: number, word: number, what: string): void {
    if (((this.#uses[word] as number) & WAS_PLAIN) !== 0) {
      this.#checkPlainWrite(actor, word, what)
      this.#checkMarks(this.#plainReads, actor, word, what, 'a plain read')
    }
    this.#mark(this.#atomicWrites, actor, word)
  }

  #useAtomically(word: number, width: number): void {
    this.#uses[word] = (this.#uses[word] as number) | WAS_ATOMIC
    if (this.#widths[word] === width) return
    if (this.#widths[word] !== 0) {
      this.#fail(`${this.describe(word)} is accessed by atomics of 32 and of 64 bits`)
    }
    this.#widths[word] = width
  }

  #setWriter(word: number, event: number): void {
    this.#noteWritten(word)
    const cell = WRITER * this.wordCount + word
    const before = this.cells[cell] as number
    this.#note(cell, before)
    this.cells[cell] = event
    if (!this.#mergesByContent) this.#changeHash(word, before, event)
  }

  // -------------------------------------------------------------------------------------------
  // Plain accesses
  // -------------------------------------------------------------------------------------------

  plainRead(actor: number, address: number): void {
    this.#uses[address] = (this.#uses[address] as number) | WAS_PLAIN
    this.#checkPlainWrite(actor, address, 'a plain read')
    if (((this.#uses[address] as number) & WAS_ATOMIC) !== 0) {
      this.#checkMarks(this.#atomicWrites, actor, address, 'a plain read', 'an atomic store')
    }
    this.#mark(this.#plainReads, actor, address)
  }

  plainWrite(actor: number, address: number): void {
    this.#uses[address] = (this.#uses[address] as number) | WAS_PLAIN
    this.#checkPlainWrite(actor, address, 'a plain write')
    this.#checkMarks(this.#plainReads, actor, address, 'a plain write', 'a plain read')
    if (((this.#uses[address] as number) & WAS_ATOMIC) !== 0) {
      this.#checkMarks(this.#atomicWrites, actor, address, 'a plain write', 'an atomic store')
      this.#checkMarks(this.#atomicReads, actor, address, 'a plain write', 'an atomic load')
    }
    const epoch = this.get(actor, CLOCK + actor)
    this.#set(PLAIN_WRITE * this.wordCount + address, (epoch << ACTOR_BITS) | actor)
  }

  #checkPlainWrite(actor: number, address: number, what: string): void {
    const write = this.cells[PLAIN_WRITE * this.wordCount + address] as number
    if (write === 0) return
    const other = write & (ACTORS_MAX - 1)
    if (write >>> ACTOR_BITS > this.get(actor, CLOCK + other)) {
      this.#race(actor, other, address, what, 'a plain write')
    }
  }

  #checkMarks(section: number, actor: number, address: number, what: string, past: string): void {
    for (let other = 0; other < this.actorCount; other++) {
      const epoch = this.cells[section + other * this.wordCount + address] as number
      if (epoch > this.get(actor, CLOCK + other)) this.#race(actor, other, address, what, past)
    }
  }

  #race(actor: number, other: number, address: number, what: string, past: string): never {
    this.#fail(
      `data race at ${this.describe(address)}: ${what} by ${this.actorNames[actor]} is not ordered ` +
        `after ${past} by ${this.actorNames[other]}`,
    )
  }

  #fail(message: string): never {
    this.race = new RaceError(message)
    throw this.race
  }

  #mark(section: number, actor: number, address: number): void {
    this.#set(section + actor * this.wordCount + address, this.get(actor, CLOCK + actor))
  }

  // -------------------------------------------------------------------------------------------
  // Clocks
  // -------------------------------------------------------------------------------------------

  /** Everything that `other` ever did comes before what `actor` does next. */
  joinAll(actor: number, other: number): void {
    for (let index = 0; index < this.actorCount; index++) {
      const known = this.get(other, CLOCK + index)
      if (known > this.get(actor, CLOCK + index)) this.put(actor, CLOCK + index, known)
    }
  }

  #acquire(actor: number, clock: number, writer: number): void {
    if (clock === 0) return
    const author = writer & (ACTORS_MAX - 1)
    const clocks = this.#clocks
    if ((clocks[clock + author] as number) <= this.get(actor, CLOCK + author)) return
    for (let index = 0; index < this.actorCount; index++) {
      const known = clocks[clock + index] as number
      if (known > this.get(actor, CLOCK + index)) this.put(actor, CLOCK + index, known)
    }
  }

  #snapshotClock(actor: number): number {
    const at = this.registers[CLOCKS_USED] as number
    if (at + this.actorCount > this.#clocks.length) this.#clocks = doubled(this.#clocks)
    for (let index = 0; index < this.actorCount; index++) {
      this.#clocks[at + index] = this.get(actor, CLOCK + index)
    }
    this.registers[CLOCKS_USED] = at + this.actorCount
    return at
  }

  // -------------------------------------------------------------------------------------------
  // The name of a state
  // -------------------------------------------------------------------------------------------

  /** Adds an operation to the hash of an actor's log: its kind, and what it read. */
  hashOperation(actor: number, kind: number, seen: number): void {
    const low = this.register(actor, LOG_HASH_LOW)
    const high = this.register(actor, LOG_HASH_HIGH)
    this.registers[low] = mixLow(mixLow(this.registers[low] as number, kind), seen)
    this.registers[high] = mixHigh(mixHigh(this.registers[high] as number, kind), seen)
  }

  /** Adds to the hash of what an actor recorded, which no `forget` takes away. */
  hashEvent(actor: number, event: number): void {
    const low = this.register(actor, EVENTS_HASH_LOW)
    const high = this.register(actor, EVENTS_HASH_HIGH)
    this.registers[low] = mixLow(this.registers[low] as number, event)
    this.registers[high] = mixHigh(this.registers[high] as number, event)
  }

  setCounter(address: number): void {
    this.#counters[address] = 1
  }

  isCounter(address: number): boolean {
    return this.#counters[address] === 1
  }

  /** The actor will compare the counter with what it holds now. */
  readCounter(actor: number, address: number): void {
    this.put(actor, COUNTER, address + 1)
    this.put(actor, COUNTED, this.cells[address] as number)
  }

  /** It has. */
  forgetCounter(actor: number): void {
    this.put(actor, COUNTER, 0)
  }

  /** Of an actor's past only what it recorded matters any more, and what the caller adds next. */
  forget(actor: number): void {
    this.put(actor, LOG_HASH_LOW, this.get(actor, EVENTS_HASH_LOW))
    this.put(actor, LOG_HASH_HIGH, this.get(actor, EVENTS_HASH_HIGH))
  }

  /**
   * Two halves of a 64-bit hash of the state. It names, for each actor, which write each of its
   * atomic reads saw, and for each word, which write is the last. Actors are deterministic, so that
   * settles their local variables, the content of the memory and the clocks. (Bytes alone would not
   * settle the clocks, and a race could hide behind a state that was seen before.)
   *
   * Merged by content, it names for each actor what its atomic reads returned instead, since the
   * actor last said which variables it holds (see `settle` in `scenario.ts`), and for each word what
   * it holds: far fewer states, and every one of them is reached, but only with some of its clocks.
   */
  stateHashLow(): number {
    let hash = mixLow(this.registers[HASH_LOW] as number, this.registers[REPAIRED] as number)
    for (let actor = 0; actor < this.actorCount; actor++) {
      hash = mixLow(hash, this.get(actor, LOG_HASH_LOW))
      hash = mixLow(hash, this.#standing(actor))
    }
    return hash
  }

  stateHashHigh(): number {
    let hash = mixHigh(this.registers[HASH_HIGH] as number, this.registers[REPAIRED] as number)
    for (let actor = 0; actor < this.actorCount; actor++) {
      hash = mixHigh(hash, this.get(actor, LOG_HASH_HIGH))
      hash = mixHigh(hash, this.#standing(actor))
    }
    return hash
  }

  #standing(actor: number): number {
    const counter = this.get(actor, COUNTER)
    const isUncounted = counter !== 0 && this.cells[counter - 1] === this.get(actor, COUNTED)
    return (
      (this.get(actor, SLEEPS_ON) << 9) |
      (isUncounted ? 1 << 8 : 0) |
      (this.get(actor, DEATH) << 4) |
      this.get(actor, STATUS)
    )
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
