import { type Analysis, factsOf, type PartitionFacts } from './analysis.js'
import type { Gap, Operation, Partition, SeekOperation } from './history.js'

/** What a group may pass, or go back to, in one partition: found before the polls are looked at. */
export interface Track {
  readonly group: string | undefined
  readonly partition: Partition
  readonly facts: PartitionFacts
  /** In the order of their beginnings. */
  readonly seeks: readonly Seek[]
  readonly gaps: readonly Gap[]
  /** Offsets of the dead letters, of whenever. */
  readonly buried: ReadonlySet<number>
}

export interface Seek {
  /** Position before which it had not begun, and position of its end, which may be never. */
  readonly begin: number
  readonly end: number
  /** Offset; undefined if it is not known. */
  readonly target: number | undefined
}

interface OpenTrack extends Track {
  readonly seeks: Seek[]
  readonly gaps: Gap[]
  readonly buried: Set<number>
}

/** The tracks of all groups. */
export class Tracks {
  private readonly byGroup = new Map<string | undefined, Map<Partition, OpenTrack>>()
  /** Those that note when a handler ended. */
  readonly groupsWithHandles = new Set<string | undefined>()
  private readonly analysis: Analysis

  constructor(analysis: Analysis) {
    this.analysis = analysis
    for (const [position, op] of analysis.history.entries()) this.note(op, position)
    for (const track of this) track.seeks.sort((a, b) => a.begin - b.begin)
  }

  get(group: string | undefined, partition: Partition): OpenTrack {
    let partitions = this.byGroup.get(group)
    if (partitions === undefined) {
      partitions = new Map()
      this.byGroup.set(group, partitions)
    }
    let track = partitions.get(partition)
    if (track === undefined) {
      const facts = factsOf(this.analysis.partitions, partition)
      track = { group, partition, facts, seeks: [], gaps: [], buried: new Set() }
      partitions.set(partition, track)
    }
    return track
  }

  ofGroup(group: string | undefined): Iterable<Track> {
    return this.byGroup.get(group)?.values() ?? []
  }

  *[Symbol.iterator](): Generator<OpenTrack> {
    for (const partitions of this.byGroup.values()) yield* partitions.values()
  }

  private note(op: Operation, position: number): void {
    if (op.f === 'seek') this.noteSeek(op, position)
    if (op.type !== 'ok') return
    if (op.f === 'handle') this.groupsWithHandles.add(op.group)
    else if (op.f === 'assign' || op.f === 'subscribe') {
      for (const partition of op.value) this.get(op.group, partition)
    } else if (op.f === 'gap') {
      for (const [partition, gap] of Object.entries(op.value)) {
        this.get(op.group, partition).gaps.push(gap)
      }
    } else if (op.f === 'dead-letter' || op.f === 'peek') {
      for (const [partition, offsets] of Object.entries(op.value)) {
        for (const offset of offsets) this.get(op.group, partition).buried.add(offset)
      }
    }
  }

  /** One that never ended may still have an effect; one that failed has none. */
  private noteSeek(op: SeekOperation, position: number): void {
    const { begins, isPending } = this.analysis
    if (op.type === 'fail' || (op.type === 'invoke' && isPending[position] === 0)) return
    const begin = begins[position] as number
    const end = op.type === 'ok' ? position : Number.POSITIVE_INFINITY
    for (const [partition, target] of Object.entries(op.value)) {
      this.get(op.group, partition).seeks.push({ begin, end, target: target ?? undefined })
    }
  }
}

/** Whether a seek that had begun before a position may have passed an offset. */
export function isPassedBySeek({ seeks }: Track, offset: number, position: number): boolean {
  return seeks.some(({ begin, target }) => begin < position && offset < (target ?? Infinity))
}

/** Whether a group is owed none of the records of these indexes: they are gone, or dead letters. */
export function owesNone(track: Track, fromIndex: number, toIndex: number): boolean {
  const { order } = track.facts
  for (let index = fromIndex; index < toIndex; index++) {
    if (!isSettledOtherwise(track, order.offset(index))) return false
  }
  return true
}

/** Whether a record is a dead letter, or the group was told that it is gone. */
export function isSettledOtherwise({ buried, gaps }: Track, offset: number): boolean {
  return buried.has(offset) || gaps.some(({ from, to }) => offset >= from && offset < to)
}
