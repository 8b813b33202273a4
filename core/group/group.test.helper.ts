/** What the tests of groups share: logs by hand, and threads that are no threads. */
import { Appender } from '../log/appender.js'
import { frameOfValues } from '../log/frames.test.helper.js'
import { PartitionLog } from '../log/partition-log.js'
import { Thread } from '../thread.js'
import { ThreadTable } from '../thread-table.js'
import { Coordinator, type GroupPartition, type GroupSettings } from './coordinator.js'
import * as cursor from './cursor.js'

/** Four segments of eight granules. */
const SMALL = { segmentCount: 4, segmentGranules: 8 }

export const SETTINGS: GroupSettings = {
  topics: ['orders'],
  from: 'earliest',
  deadLetter: true,
  policy: '{}',
}

/** A topic with its dead letters, and a coordinator in a thread of its own. */
export class GroupFixture {
  readonly table = ThreadTable.create()
  readonly thread = new Thread(this.table, this.table.takeSlot())
  readonly coordinator = new Coordinator(new Thread(this.table, this.table.takeSlot()))
  readonly partitions: readonly GroupPartition[]
  private readonly appenders: readonly Appender[]

  constructor(count = 1) {
    this.partitions = Array.from({ length: count }, (_, partition) => ({
      topic: 'orders',
      partition,
      log: PartitionLog.create(SMALL),
      letters: PartitionLog.create(SMALL),
    }))
    for (const { log, letters } of this.partitions) {
      this.coordinator.addLog(log)
      if (letters !== undefined) this.coordinator.addLog(letters)
    }
    this.appenders = this.partitions.map(
      ({ log }) => new Appender(log, this.table, this.thread.slot),
    )
  }

  logOf(partition = 0): PartitionLog {
    return (this.partitions[partition] as GroupPartition).log
  }

  lettersOf(partition = 0): PartitionLog {
    return this.partitions[partition]?.letters as PartitionLog
  }

  appenderOf(partition = 0): Appender {
    return this.appenders[partition] as Appender
  }

  /** Appends records, each as a frame of its own. @returns false if there is no room for all */
  append(count: number, partition = 0, granules = 1): boolean {
    const appender = this.appenderOf(partition)
    for (let index = 0; index < count; index++) {
      const frame = frameOfValues([`value ${index}`], granules)
      if (!appender.claim(frame)) return false
      appender.fill(frame)
      appender.publish()
    }
    return true
  }

  open(id = 'billing', settings: GroupSettings = SETTINGS): number {
    return this.coordinator.openGroup(id, settings, () => this.partitions)
  }

  /** Members that the partitions are assigned to. */
  assigned(gate = 0): number[] {
    return this.partitions.map(({ log }) => cursor.assignedTo(log, gate))
  }

  /** A member of a new thread, which takes what is assigned to it and free. */
  join(id = 'billing', gate = 0): { member: number; slot: number } {
    const slot = this.table.takeSlot()
    const { member } = this.coordinator.join(id, slot)
    this.take(member, gate)
    return { member, slot }
  }

  take(member: number, gate = 0): void {
    for (const { log } of this.partitions) {
      if (cursor.assignedTo(log, gate) === member) cursor.acquire(log, gate, member)
    }
  }

  holders(gate = 0): number[] {
    return this.partitions.map(({ log }) => cursor.holderOf(log, gate))
  }
}
