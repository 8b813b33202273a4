import { MillraceError } from '../errors.js'
import { Appender } from '../log/appender.js'
import { pinOldest, tryPinOffset, unpin } from '../log/finder.js'
import type { PartitionLog } from '../log/partition-log.js'
import { repairLog } from '../log/repair.js'
import type { Thread } from '../thread.js'
import { GROUPS_MAX } from '../thread-table.js'
import { assignPartitions } from './assignor.js'
import * as cursor from './cursor.js'
import { settleDeadLetter } from './dead-letter-commit.js'

/** What all members of a group must agree on. */
export interface GroupSettings {
  readonly topics: readonly string[]
  readonly from: 'earliest' | 'latest'
  readonly deadLetter: boolean
  /** Everything else that must be equal, as text. */
  readonly policy: string
}

/** One partition that a group reads. */
export interface GroupPartition {
  readonly topic: string
  readonly partition: number
  readonly log: PartitionLog
  /** Where its dead letters go, if the group has any. */
  readonly letters: PartitionLog | undefined
}

interface Group {
  readonly id: string
  readonly index: number
  settings: GroupSettings
  partitions: readonly GroupPartition[]
  /** Slot of each live member's thread, by member id. */
  readonly members: Map<number, number>
  /** The same of members that have left, and may still hold partitions: they finish their records. */
  readonly leavers: Map<number, number>
}

/** What a death or a change of members led to. */
export interface Rebalance {
  readonly groupId: string
  readonly moved: number
  readonly members: number
}

/** Everything a thread's death led to. */
export interface Aftermath {
  readonly slot: number
  readonly abortedFrames: number
  readonly rebalances: readonly Rebalance[]
}

/**
 * Decides which member works on which partition, and cleans up after threads that died. One thread
 * of the engine runs it, the supervisor; it decides one thing after the other, and all that others
 * need of its decisions lies in shared memory:
 *
 * ```
 *   decision                       how members learn of it
 *   assigned member of a gate      the group's generation has changed
 *   ownership of a dead member     its epoch is over, the holder is 0
 * ```
 *
 * Members take and give back partitions among themselves (`cursor.acquire`, `cursor.release`), so a
 * partition changes hands only once its owner let go or is proven dead.
 */
export class Coordinator {
  private readonly thread: Thread
  private readonly logs = new Set<PartitionLog>()
  private readonly groups = new Map<string, Group>()
  private nextMember = 1

  /** @param thread the calling thread */
  constructor(thread: Thread) {
    this.thread = thread
  }

  /** Makes a log one that is repaired after deaths. */
  addLog(log: PartitionLog): void {
    this.logs.add(log)
  }

  /**
   * Makes sure that a group exists and that its gates hold its partitions.
   *
   * @param partitionsOf called only if the group's partitions are not known yet
   * @returns the group's index, which is its gate in every log
   * @throws MillraceError `GROUP_CONFLICT` if it is live with other settings, `TOO_MANY_GROUPS`
   */
  openGroup(
    id: string,
    settings: GroupSettings,
    partitionsOf: () => readonly GroupPartition[],
  ): number {
    const known = this.groups.get(id)
    if (known !== undefined && isDeepEqual(known.settings, settings)) return known.index
    if (known !== undefined && isInUse(known)) throw conflict(known, settings)
    const partitions = partitionsOf()
    const group = known ?? this.addGroup(id, settings, partitions)
    this.dropGates(group, partitions)
    group.settings = settings
    group.partitions = partitions
    for (const { log, letters } of partitions) {
      if (!cursor.isActive(log, group.index)) this.holdFrom(log, group.index, settings.from)
      // Dead letters stay until someone discards them, or deletes the group.
      if (letters !== undefined && !cursor.isActive(letters, group.index)) {
        this.holdFrom(letters, group.index, 'latest')
      }
    }
    return group.index
  }

  private addGroup(
    id: string,
    settings: GroupSettings,
    partitions: readonly GroupPartition[],
  ): Group {
    const taken = new Set([...this.groups.values()].map(({ index }) => index))
    let index = 0
    while (taken.has(index)) index++
    if (index >= GROUPS_MAX) {
      throw new MillraceError('TOO_MANY_GROUPS', `an engine has at most ${GROUPS_MAX} groups`, {
        limit: GROUPS_MAX,
      })
    }
    const group: Group = { id, index, settings, partitions, members: new Map(), leavers: new Map() }
    this.groups.set(id, group)
    return group
  }

  /** @throws MillraceError `UNKNOWN_GROUP` */
  find(id: string): { readonly index: number; readonly settings: GroupSettings } {
    return this.groupOf(id)
  }

  private groupOf(id: string): Group {
    const group = this.groups.get(id)
    if (group === undefined) throw unknown(id)
    return group
  }

  /**
   * Makes sure that a group still is what somebody opened: while it has no members it may be deleted,
   * or be opened with other settings.
   *
   * @throws MillraceError `UNKNOWN_GROUP`, `GROUP_CONFLICT`
   */
  confirm(id: string, index: number, settings: GroupSettings): void {
    const group = this.groupOf(id)
    if (group.index !== index) throw unknown(id)
    if (!isDeepEqual(group.settings, settings)) throw conflict(group, settings)
  }

  /**
   * Forgets a group: nothing is held for it any more.
   *
   * @throws MillraceError `GROUP_CONFLICT` while it has members, or some that still hold partitions
   */
  deleteGroup(id: string): void {
    const group = this.groups.get(id)
    if (group === undefined) return
    if (isInUse(group)) {
      throw new MillraceError('GROUP_CONFLICT', `group '${id}' still has members`, { groupId: id })
    }
    this.dropGates(group, [])
    this.groups.delete(id)
  }

  private dropGates(group: Group, kept: readonly GroupPartition[]): void {
    const logs = new Set(kept.flatMap(({ log, letters }) => [log, letters]))
    for (const { log, letters } of group.partitions) {
      for (const held of [log, letters]) {
        if (held === undefined || logs.has(held)) continue
        cursor.deactivateGate(held, this.thread.table, group.index)
      }
    }
  }

  private holdFrom(log: PartitionLog, gate: number, from: 'earliest' | 'latest'): void {
    const { table, slot } = this.thread
    if (from === 'earliest') {
      cursor.activateGate(log, gate, pinOldest(log, table, slot).offset)
    } else {
      const appender = new Appender(log, table, slot)
      let end = appender.endOffset()
      while (typeof tryPinOffset(log, table, slot, end) !== 'object') end = appender.endOffset()
      cursor.activateGate(log, gate, end)
    }
    unpin(log, table, slot)
  }

  /**
   * Adds a member that runs in the thread of a slot.
   *
   * @returns its id
   * @throws MillraceError `UNKNOWN_GROUP` if the group was deleted meanwhile
   */
  join(groupId: string, slot: number): { member: number; rebalance: Rebalance } {
    const group = this.groupOf(groupId)
    const member = this.nextMember++
    group.members.set(member, slot)
    return { member, rebalance: this.rebalance(group) }
  }

  /** Takes the partitions of a member away; it gives them back when it has come to an end. */
  leave(groupId: string, member: number): Rebalance {
    const group = this.groups.get(groupId) as Group
    const slot = group.members.get(member)
    group.members.delete(member)
    forgetLeavers(group)
    if (slot !== undefined) group.leavers.set(member, slot)
    return this.rebalance(group)
  }

  /**
   * Cleans up after a thread. Only on proof of its death. Partitions first, so that they go on
   * elsewhere; then what it left in logs; then everyone looks again, because the dead thread may
   * have been about to wake someone; and last its slot.
   */
  buryThread(slot: number): Aftermath {
    const rebalances: Rebalance[] = []
    for (const group of this.groups.values()) {
      const dead = membersOf(group.members, slot)
      const owners = [...dead, ...membersOf(group.leavers, slot)]
      for (const partition of group.partitions) this.takeBack(group, partition, owners, slot)
      for (const member of dead) group.members.delete(member)
      // Also for those that had left: their partitions are free only now.
      if (owners.length > 0) rebalances.push(this.rebalance(group))
      forgetLeavers(group)
    }
    let abortedFrames = 0
    for (const log of this.logs) abortedFrames += repairLog(log, this.thread.table, slot)
    // Of all groups: the dead may have given a partition back without having told its next owner.
    for (const { index } of this.groups.values()) this.thread.table.advanceGeneration(index)
    this.thread.table.wakeAll()
    this.thread.table.freeSlot(slot)
    return { slot, abortedFrames, rebalances }
  }

  private takeBack(
    group: Group,
    { log, letters }: GroupPartition,
    dead: readonly number[],
    slot: number,
  ): void {
    const holder = cursor.holderOf(log, group.index)
    if (!dead.includes(holder)) return
    if (letters !== undefined) settleDeadLetter(log, group.index, letters, slot)
    cursor.fence(log, group.index, holder)
  }

  private rebalance(group: Group): Rebalance {
    const { index, partitions } = group
    const members = [...group.members.keys()]
    const before = partitions.map(({ log }) => ({ current: cursor.assignedTo(log, index) }))
    const after = assignPartitions(members, before)
    let moved = 0
    partitions.forEach(({ log }, number) => {
      const member = after[number] as number
      if (member === before[number]?.current) return
      cursor.assign(log, index, member)
      moved++
    })
    this.thread.table.advanceGeneration(index)
    return { groupId: group.id, moved, members: members.length }
  }
}

function membersOf(members: ReadonlyMap<number, number>, slot: number): number[] {
  return [...members].filter(([, held]) => held === slot).map(([member]) => member)
}

/** Whoever has left takes no partition any more, so one that holds none is gone for good. */
function forgetLeavers({ index, partitions, leavers }: Group): void {
  const holders = new Set(partitions.map(({ log }) => cursor.holderOf(log, index)))
  for (const member of leavers.keys()) if (!holders.has(member)) leavers.delete(member)
}

/** Whether anybody reads for the group, or still finishes what it read. */
function isInUse(group: Group): boolean {
  forgetLeavers(group)
  return group.members.size + group.leavers.size > 0
}

function unknown(id: string): MillraceError {
  return new MillraceError('UNKNOWN_GROUP', `there is no group '${id}'`, { groupId: id })
}

function conflict(group: Group, wanted: GroupSettings): MillraceError {
  const live = group.settings
  const differing = (Object.keys(live) as (keyof GroupSettings)[]).filter(
    (field) => !isDeepEqual(live[field], wanted[field]),
  )
  return new MillraceError(
    'GROUP_CONFLICT',
    `group '${group.id}' is live with other settings: ${differing.join(', ')}`,
    { groupId: group.id, differing, live, wanted },
  )
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
