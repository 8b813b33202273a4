import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { attach } from '#memory'
import { Coordinator, type GroupPartition, type GroupSettings } from '../core/group/coordinator.js'
import { PartitionLog } from '../core/log/partition-log.js'
import { Thread } from '../core/thread.js'
import { ThreadTable } from '../core/thread-table.js'
import { deadLetterGeometry, deadLetterTopic } from '../core/topic/dead-letter-topic.js'
import {
  type FromSupervisor,
  type GroupDescription,
  type SupervisorData,
  type SupervisorEvent,
  type SupervisorRequest,
  type ToSupervisor,
  toMemo,
} from './supervisor-protocol.js'

/**
 * The thread that learns of deaths. Every thread of the engine holds one end of a port whose other
 * end is here; that port closes when the thread ends, however it ends, and afterwards the thread
 * writes to no memory. No time-out decides about death, and a blocked main thread delays nothing.
 *
 * It also runs the coordinator, since who works on what changes above all when somebody dies.
 */
class Supervisor {
  private readonly coordinator: Coordinator
  private readonly topics = new Map<string, readonly PartitionLog[]>()
  private readonly ports = new Map<number, MessagePort>()

  constructor({ table, slot, topics }: SupervisorData) {
    this.coordinator = new Coordinator(new Thread(new ThreadTable(attach(table)), slot))
    for (const { name, buffers } of topics) {
      this.addTopic(
        name,
        buffers.map((buffer) => new PartitionLog(attach(buffer))),
      )
    }
  }

  private addTopic(name: string, logs: readonly PartitionLog[]): readonly PartitionLog[] {
    this.topics.set(name, logs)
    for (const log of logs) this.coordinator.addLog(log)
    return logs
  }

  receive(slot: number, message: ToSupervisor): void {
    if (message.type === 'register') this.register(message.slot, message.port)
    else this.reply(slot, message.id, message.request)
  }

  private register(slot: number, port: MessagePort): void {
    this.ports.set(slot, port)
    port.on('message', (message: ToSupervisor) => this.receive(slot, message))
    port.on('close', () => this.bury(slot))
  }

  private bury(slot: number): void {
    this.ports.delete(slot)
    const { abortedFrames, rebalances } = this.coordinator.buryThread(slot)
    this.announce({ type: 'death', slot, abortedFrames })
    for (const rebalance of rebalances) this.announce({ type: 'rebalance', ...rebalance })
  }

  private announce(event: SupervisorEvent): void {
    for (const port of this.ports.values()) send(port, { type: 'event', event })
  }

  private reply(slot: number, id: number, request: SupervisorRequest): void {
    const port = this.ports.get(slot)
    if (port === undefined) return
    try {
      send(port, { type: 'reply', id, result: this.perform(slot, request) })
    } catch (error) {
      send(port, { type: 'failure', id, error: toMemo(error) })
    }
  }

  private perform(slot: number, request: SupervisorRequest): unknown {
    const { groupId } = request
    switch (request.type) {
      case 'open-group':
        return this.openGroup(groupId, request.settings)
      case 'join': {
        this.coordinator.confirm(groupId, request.index, request.settings)
        const { member, rebalance } = this.coordinator.join(groupId, slot)
        this.announce({ type: 'rebalance', ...rebalance })
        return member
      }
      case 'leave': {
        const rebalance = this.coordinator.leave(groupId, request.member)
        this.announce({ type: 'rebalance', ...rebalance })
        return undefined
      }
      case 'describe-group': {
        const { index, settings } = this.coordinator.find(groupId)
        return this.describe(groupId, index, settings)
      }
      case 'delete-group':
        return this.coordinator.deleteGroup(groupId)
    }
  }

  private openGroup(groupId: string, settings: GroupSettings): GroupDescription {
    const { topics, deadLetter } = settings
    const index = this.coordinator.openGroup(groupId, settings, () =>
      topics.flatMap((topic) => this.partitionsOf(groupId, topic, deadLetter)),
    )
    return this.describe(groupId, index, settings)
  }

  private describe(groupId: string, index: number, settings: GroupSettings): GroupDescription {
    const { topics, deadLetter } = settings
    const letters = topics.map((topic) => {
      const name = deadLetterTopic(groupId, topic)
      const logs = this.topics.get(name) ?? []
      return { name, buffers: logs.map((log) => log.region.buffer) }
    })
    return { index, letters: deadLetter ? letters : [] }
  }

  private partitionsOf(groupId: string, topic: string, deadLetter: boolean): GroupPartition[] {
    const logs = this.topics.get(topic) ?? []
    const letters = deadLetter ? this.letterLogs(deadLetterTopic(groupId, topic), logs) : []
    return logs.map((log, partition) => ({ topic, partition, log, letters: letters[partition] }))
  }

  private letterLogs(name: string, sources: readonly PartitionLog[]): readonly PartitionLog[] {
    const create = () => sources.map((log) => PartitionLog.create(deadLetterGeometry(log)))
    return this.topics.get(name) ?? this.addTopic(name, create())
  }
}

function send(port: MessagePort, message: FromSupervisor): void {
  port.postMessage(message)
}

const supervisor = new Supervisor(workerData as SupervisorData)
// The engine's owner registers its own port here; slot 0 makes no requests.
parentPort?.on('message', (message: ToSupervisor) => supervisor.receive(0, message))
