import type { Region } from '../../core/memory.js'
import type { Status } from './execution.js'

/**
 * A small concurrent situation and what must hold at its end, however its actors interleave and
 * wherever one of them dies.
 *
 * @example
 * const handOver: Scenario<{ words: Int32Array }> = {
 *   name: 'hand over',
 *   setup: () => ({ words: memory.allocate(8).words }),
 *   actors: {
 *     writer({ words }) {
 *       memory.write(words, 1, 42)
 *       memory.store(words, 0, 1)
 *     },
 *     reader({ words }) {
 *       for (let turn = 0; memory.load(words, 0) === 0; turn++) memory.pause(turn)
 *       record(memory.read(words, 1))
 *     },
 *   },
 *   check: (_world, ending) => assert.deepEqual(ending.events('reader'), [42]),
 * }
 */
export interface Scenario<World> {
  readonly name: string
  /** Allocates and fills the memory. What it returns must not be changed by the actors. */
  setup(): World
  /** Deterministic synchronous functions that hold no state but in simulated memory. */
  readonly actors: Readonly<Record<string, Actor<World>>>
  /** Runs after the death of each actor, as an actor of its own. */
  repair?(world: World, dead: string): void
  /**
   * How many can repair, one at a time; 1 by default. All but the last may die as well: the next one
   * begins the repair that was not complete again, from its start.
   */
  readonly repairers?: number
  /** Actors that may die; all of them by default. */
  readonly mortal?: readonly string[]
  /** Makes the order of recorded events across actors part of what is explored. */
  readonly ordersEvents?: boolean
  /** Whether this is a right way to end although actors still sleep or spin; never by default. */
  mayBlock?(world: World, ending: Ending): boolean
  /**
   * Whether a word only counts, and each actor only compares it with what it read there last: where
   * states are merged by content, its value is then no part of them, but that comparison is.
   */
  isCounter?(world: World, region: Region, word: number): boolean
  /** Looks at what happens to a word, for marks. */
  watch?(world: World, region: Region, word: number): Watch | undefined
  /** What a word is, for traces and messages. */
  describe?(world: World, region: Region, word: number): string
  /** Throws if the end is wrong. Sees the memory directly, as one thread alone would. */
  check(world: World, ending: Ending): void
}

/** A write to a word, or one of 64 bits; also a compare-exchange that changed nothing. */
export interface Change<Value extends number | bigint> {
  readonly before: Value
  readonly after: Value
  /** What a compare-exchange wanted to find. */
  readonly expected: Value | undefined
  readonly actor: string
  /** What the actor touched before this. */
  readonly previous: () => string
}

/** Looks at the writes to one word, which are all of one width. */
export type Watch = { look(change: Change<number> | Change<bigint>): void }['look']

/** A method, so that a scenario of a larger world is one of the world that it extends. */
type Actor<World> = { act(world: World): void }['act']

/** How an execution ended. */
export interface Ending {
  /** How this actor ended. */
  status(actor: string): Status
  /** What this actor recorded. */
  events(actor: string): unknown[]
  /** What all actors recorded, in the order of time; only with `ordersEvents`. */
  history(): { actor: string; event: unknown }[]
}

/** One departure from the rule that an actor runs until it blocks or ends. */
export interface Decision {
  /** The actor that was running, or 'start'. */
  readonly who: string
  /** Which of its decision points: those are counted in its trace. */
  readonly at: number
  /** It dies here. */
  readonly crash?: true
  /** This one goes on instead; otherwise the next that can, in the order of the actors. */
  readonly to?: string
}

export type Schedule = readonly Decision[]

export type ViolationKind = 'race' | 'deadlock' | 'error' | 'check'

export interface Violation {
  readonly kind: ViolationKind
  readonly message: string
}

/** Where the events of the running actor go. */
interface Recorder {
  record(event: unknown): void
  settle?(variables: readonly (number | object)[]): void
}

let recorder: Recorder | undefined
const marks = new Set<string>()

/** Adds an event to what the running actor did. In a setup or a check it does nothing. */
export function record(event: unknown): void {
  recorder?.record(event)
}

/**
 * Between two operations of a log: names all that the running actor will still use of what it knows
 * (numbers, and objects by their numeric fields), besides what it recorded. States that differ only
 * in how the actor came to know it are then one, where `Bounds.mergesByContent` asks for that. An
 * actor that leaves something out hides states, and so does one that names the same in two places:
 * where it is belongs to what it knows.
 */
export function settle(...variables: readonly (number | object)[]): void {
  recorder?.settle?.(variables)
}

/** Marks that something worth exploring was reached: a test shows that it was. */
export function sometimes(name: string): void {
  marks.add(name)
}

/** The marks since the last call. */
export function takeMarks(): string[] {
  const taken = [...marks].sort()
  marks.clear()
  return taken
}

export function useRecorder(next: Recorder | undefined): void {
  recorder = next
}
