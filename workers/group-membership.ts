import { attach } from '#memory'
import type { RetryPolicy } from '../core/delivery/retry.js'
import type { ThreadEngine } from '../core/engine.js'
import { MillraceError } from '../core/errors.js'
import type { GroupPartition, GroupSettings } from '../core/group/coordinator.js'
import { PartitionLog } from '../core/log/partition-log.js'
import type { Handler } from './handler.js'
import type { MemberOptions } from './member.js'
import type { SupervisorLink } from './supervisor-link.js'
import type { GroupDescription } from './supervisor-protocol.js'
import type { MemberStats } from './worker-control.js'

/** An engine's parts in one thread. */
export interface EngineParts {
  readonly local: ThreadEngine
  /** The supervisor; it is started when somebody first needs it. */
  readonly link: () => SupervisorLink
}

/** What all members of a group have in common. */
export interface GroupOptions {
  readonly groupId: string
  readonly settings: GroupSettings
  readonly isAtMostOnce: boolean
  /** Infinity if handlers may take as long as they like. */
  readonly handlerTimeoutMs: number
}

/** What one member adds. */
export interface MembershipOptions {
  readonly handler: Handler<unknown>
  readonly retry: RetryPolicy
  readonly stats?: MemberStats
  readonly mayBlock: boolean
  readonly shouldStop: () => boolean
  readonly onProgress?: (stats: MemberStats) => void
}

/** A group as one thread sees it: its gate, and the logs it reads. */
export class GroupMembership {
  readonly gate: number
  readonly partitions: readonly GroupPartition[]
  private readonly parts: EngineParts
  private readonly options: GroupOptions

  private constructor(parts: EngineParts, options: GroupOptions, description: GroupDescription) {
    this.parts = parts
    this.options = options
    this.gate = description.index
    const letters = description.letters.map(({ buffers }) =>
      buffers.map((buffer) => new PartitionLog(attach(buffer))),
    )
    this.partitions = options.settings.topics.flatMap((topic, number) =>
      parts.local.topic(topic).logs.map((log, partition) => ({
        topic,
        partition,
        log,
        letters: letters[number]?.[partition],
      })),
    )
  }

  /**
   * Makes sure that the group exists; from then on its records are kept for it.
   *
   * @throws MillraceError `GROUP_CONFLICT`, `TOO_MANY_GROUPS`, `ENGINE_CLOSED`
   */
  static async open(parts: EngineParts, options: GroupOptions): Promise<GroupMembership> {
    const { groupId, settings } = options
    const description = await parts
      .link()
      .request<GroupDescription>({ type: 'open-group', groupId, settings })
    return new GroupMembership(parts, options, description)
  }

  /**
   * Adds a member in this thread.
   *
   * @returns what the caller makes it of, and runs it
   * @throws MillraceError `GROUP_CONFLICT`, `UNKNOWN_GROUP` if the group is another one by now,
   *   `ENGINE_CLOSED`
   */
  async join(options: MembershipOptions): Promise<MemberOptions> {
    const { groupId, settings, isAtMostOnce, handlerTimeoutMs } = this.options
    const { local } = this.parts
    const link = this.parts.link()
    const member = await link.request<number>({
      type: 'join',
      groupId,
      settings,
      index: this.gate,
    })
    return {
      ...options,
      thread: local.thread,
      groupId,
      gate: this.gate,
      member,
      partitions: this.partitions,
      topicOf: (name) => local.topic(name),
      isAtMostOnce,
      handlerTimeoutMs,
      producer: local.producer(),
      leave: () => link.request({ type: 'leave', groupId, member }).catch(ignoreClosed),
    }
  }
}

/** In a closed engine nobody is left who would want to know. */
function ignoreClosed(error: unknown): void {
  if (error instanceof MillraceError && error.code === 'ENGINE_CLOSED') return
  throw error
}
