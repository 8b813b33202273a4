import { EventKind, type RecordedEvent } from '../history/recorded-events.js'
import type { Recorder } from '../history/recorder.js'

/** What one group was given. */
interface Given {
  readonly values: Set<number>
  duplicates: number
  /** Of each partition: the record whose handler failed last, and in which process. */
  readonly failed: Map<number, RecordedEvent>
  /** Of each partition: the highest offset that was seen to be committed. */
  readonly committed: Map<number, number>
  /** Records given again behind their commit. */
  regressed: number
}

/** Counts what a history only judges: records lost, and records given again. */
export class Tally {
  private readonly acknowledged: number[] = []
  private readonly groups = new Map<number, Given>()

  constructor(recorder: Recorder) {
    for (const event of recorder.events()) this.add(event)
  }

  private add(event: RecordedEvent): void {
    if (event.kind === EventKind.SENT) this.acknowledged.push(event.value)
    else if (event.kind === EventKind.HANDLER_FAILED) {
      this.of(event.group).failed.set(event.partition, event)
    } else if (event.kind === EventKind.COMMITTED) this.commit(event)
    else if (event.kind === EventKind.POLLED) this.give(event)
  }

  private commit({ group, partition, number }: RecordedEvent): void {
    const { committed } = this.of(group)
    committed.set(partition, Math.max(number, committed.get(partition) ?? 0))
  }

  /** A retry is no duplicate: the same process is given the record that failed, and no other. */
  private give({ process, group, partition, number, value }: RecordedEvent): void {
    const given = this.of(group)
    const failed = given.failed.get(partition)
    const isRetry = failed?.process === process && failed.number === number
    if (given.values.has(value) && !isRetry) given.duplicates++
    if (number < (given.committed.get(partition) ?? 0)) given.regressed++
    given.values.add(value)
    given.failed.delete(partition)
  }

  private of(group: number): Given {
    let given = this.groups.get(group)
    if (given === undefined) {
      given = {
        values: new Set(),
        duplicates: 0,
        failed: new Map(),
        committed: new Map(),
        regressed: 0,
      }
      this.groups.set(group, given)
    }
    return given
  }

  /** Records that were acknowledged, and that the group was never given. */
  lost(group: number): number {
    const { values } = this.of(group)
    return this.acknowledged.filter((value) => !values.has(value)).length
  }

  /**
   * Records that were given again although they were committed. The history's checker allows that
   * to a process whose poll may have begun before the commit; here the order of events decides.
   */
  regressed(group: number): number {
    return this.of(group).regressed
  }

  /** Deliveries of records that had been delivered before, retries left out. */
  duplicates(group: number): number {
    return this.of(group).duplicates
  }
}
