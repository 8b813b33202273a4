import { nextTurn } from '#clock'
import * as memory from '#memory'
import { bytes } from '../../core/codec/bytes.js'
import type { Codec } from '../../core/codec/codec.js'
import { json } from '../../core/codec/json.js'
import { utf8 } from '../../core/codec/utf8.js'
import { Coordinator, type GroupPartition } from '../../core/group/coordinator.js'
import * as cursor from '../../core/group/cursor.js'
import { earliestOffset, seekGroup } from '../../core/group/seek.js'
import { Appender } from '../../core/log/appender.js'
import { pinOldest, unpin } from '../../core/log/finder.js'
import { gateLetterStateWord, LEASE_WORD } from '../../core/log/layout.js'
import { PartitionLog } from '../../core/log/partition-log.js'
import { Reader } from '../../core/log/reader.js'
import { Thread } from '../../core/thread.js'
import { ThreadTable } from '../../core/thread-table.js'
import { readKey, readRecordHeaders } from '../../core/topic/received-message.js'
import { Topic } from '../../core/topic/topic.js'
import type { Handler } from '../../workers/handler.js'
import type { GroupAction, GroupCase, GroupSetting, Pause } from './group-script.js'
import { contentOf, MemberThread, ProducerThread, survives, textOf } from './group-threads.js'
import type { Trace, TraceEvent } from './group-trace.js'
import type { Run } from './property.js'

const GROUP = 'group'
const MEMBERS_MAX = 4
const LETTERS = { segmentCount: 4, segmentGranules: 512 }
const SEGMENTS = 4
const GRANULE_BYTES = 64
/** No case needs that many: one that does not come to rest by then never will. */
const ROUNDS_MAX = 1_000
const CODECS = { bytes: bytes(), json: json(), utf8: utf8() }

/** What a poisoned handler throws; a stack would only make its dead letters long. */
const POISON = Object.assign(new Error('poison'), { stack: '' })

/** Runs a case to its end. @returns what it showed */
export async function traceOf({ setting, actions }: GroupCase, run: Run): Promise<Trace> {
  const machine = new GroupMachine(setting, run)
  for (const action of actions) await machine.take(action)
  await machine.finish()
  return machine.trace
}

/** The same, and then the group reads again what the logs still have, from 0 to 4 fifths on. */
export async function replayOf(
  { setting, actions }: GroupCase,
  run: Run,
): Promise<{ readonly original: Trace; readonly replay: Trace }> {
  const machine = new GroupMachine(setting, run)
  for (const action of actions) await machine.take(action)
  await machine.finish()
  const original = machine.trace.splice(0)
  const place = (actions.length % 5) / 5
  for (let partition = 0; partition < setting.partitions; partition++) {
    await machine.take({ type: 'seek', partition, place })
  }
  await machine.finish()
  return { original, replay: machine.trace }
}

/**
 * A topic, its producers and one group, all threads in one: shipped writers, members and
 * coordinator. Each thread can die at any access to shared memory, and can sleep there while the
 * others act; so whoever began last is the first to end.
 */
class GroupMachine {
  readonly trace: TraceEvent[] = []
  private readonly setting: GroupSetting
  private readonly run: Run
  private readonly table = ThreadTable.create()
  private readonly supervisor = new Thread(this.table, this.table.takeSlot())
  private readonly observer = new Thread(this.table, this.table.takeSlot())
  private readonly coordinator = new Coordinator(this.supervisor)
  private readonly topic: Topic
  private readonly codec: Codec<unknown>
  private readonly partitions: readonly GroupPartition[]
  private readonly ends: readonly Appender[]
  private readonly gate: number
  private readonly producers: ProducerThread[] = []
  private members: MemberThread[] = []
  private readonly dead: (ProducerThread | MemberThread)[] = []
  private sent = 0
  private threads = 0

  constructor(setting: GroupSetting, run: Run) {
    this.setting = setting
    this.run = run
    const { partitions, segmentGranules, startPosition, startOffset } = setting
    this.codec = CODECS[setting.codec] as Codec<unknown>
    this.topic = Topic.create(
      'topic',
      {
        partitions,
        codec: this.codec,
        memory: partitions * SEGMENTS * segmentGranules * GRANULE_BYTES,
      },
      { startPosition, startOffset },
    )
    this.partitions = this.topic.logs.map((log, partition) => ({
      topic: 'topic',
      partition,
      log,
      letters: setting.hasDeadLetters ? PartitionLog.create(LETTERS) : undefined,
    }))
    for (const { log, letters } of this.partitions) {
      this.coordinator.addLog(log)
      if (letters !== undefined) this.coordinator.addLog(letters)
    }
    this.ends = this.topic.logs.map((log) => new Appender(log, this.table, this.observer.slot))
    const { hasDeadLetters: deadLetter } = setting
    const settings = { topics: ['topic'], from: 'earliest', deadLetter, policy: '' } as const
    this.gate = this.coordinator.openGroup(GROUP, settings, () => this.partitions)
    for (let number = 0; number < setting.producers; number++) this.addProducer()
    for (let number = 0; number < setting.members; number++) this.join()
  }

  async take(action: GroupAction): Promise<void> {
    this.act(action)
    while (this.isPending) await nextTurn()
  }

  /** A retry is pending somewhere. */
  private get isPending(): boolean {
    return this.members.some((thread) => thread.isPending)
  }

  private act(action: GroupAction): void {
    if (action.type === 'send') this.send(action.producer, action.keys)
    else if (action.type === 'send and die') this.sendAndDie(action.producer, action.step)
    else if (action.type === 'work') this.work(action.member, action.pause)
    else if (action.type === 'work and die') this.workAndDie(action.member, action.step)
    else if (action.type === 'sleep') this.sleep(action.member)
    else if (action.type === 'bury') this.bury()
    else if (action.type === 'join') this.join()
    else if (action.type === 'leave') this.leave(action.member)
    else if (action.type === 'presume dead') this.presumeDead(action.member)
    else this.seek(action.partition, action.place)
    this.sample()
  }

  private note(event: TraceEvent): void {
    this.trace.push(event)
  }

  /** Who needs the lease of a log would wait for its holder, who sleeps further up the stack. */
  private isBlocked(): boolean {
    if (this.hasLease()) this.buryAll()
    return this.hasLease()
  }

  private hasLease(): boolean {
    return this.partitions
      .flatMap(({ log, letters }) => (letters === undefined ? [log] : [log, letters]))
      .some(({ words }) => memory.load(words, LEASE_WORD) !== 0)
  }

  // --------------------------------------------------------------------------------- producers

  private addProducer(): void {
    this.producers.push(new ProducerThread(`producer ${this.threads++}`, this.table, this.topic))
  }

  private send(index: number, keys: readonly number[]): void {
    const producer = this.producers[index % this.producers.length] as ProducerThread
    if (producer.isBusy || this.isBlocked()) return
    producer.isBusy = true
    for (const [partition, chosen] of this.divide(keys)) {
      const records = chosen.map((key) => ({ key, ...this.createRecord() }))
      for (const { key, value } of records) {
        this.note({ type: 'sending', process: producer.name, partition, key, value })
      }
      let next = 0
      producer.send(partition, records, (baseOffset, count) => {
        for (let number = 0; number < count; number++) {
          const { value } = records[next++] as { value: string }
          const offset = baseOffset + number
          this.note({ type: 'sent', process: producer.name, partition, offset, value })
        }
      })
    }
    this.run.sometimes('log full', producer.waiting > 0)
    producer.isBusy = false
  }

  private divide(keys: readonly number[]): Map<number, string[]> {
    const parts = new Map<number, string[]>()
    for (const number of keys) {
      const key = `key ${number % this.setting.keys}`
      const text = Buffer.from(key)
      const partition = this.topic.partitionOfKey(text, text.length)
      parts.set(partition, [...(parts.get(partition) ?? []), key])
    }
    return parts
  }

  private createRecord(): { readonly value: string; readonly content: unknown } {
    const number = this.sent++
    const value = `${number}:${String.fromCharCode(97 + (number % 26)).repeat(this.setting.valueBytes)}`
    return { value, content: contentOf(this.codec, value) }
  }

  private sendAndDie(index: number, step: number): void {
    const number = index % this.producers.length
    const producer = this.producers[number] as ProducerThread
    if (producer.isBusy || this.isBlocked()) return
    producer.life.before(step, () => producer.life.die())
    survives(producer.life, () => this.send(number, [0, 1, 2]))
    // If the send came to an end before that step, it dies of something else.
    producer.life.isDead = true
    this.dead.push(producer)
    this.producers.splice(number, 1)
    this.addProducer()
    this.run.sometimes('a producer died with the lease', this.hasLease())
  }

  // ----------------------------------------------------------------------------------- members

  private join(): void {
    const isGone = ({ hasLeft, steps }: MemberThread) => hasLeft && steps.lanes.size === 0
    this.members = this.members.filter((thread) => !isGone(thread))
    if (this.members.length >= MEMBERS_MAX) return
    const slot = this.table.takeSlot()
    const { member } = this.coordinator.join(GROUP, slot)
    const { table, gate, topic, partitions, setting } = this
    const { attempts } = setting
    const handler = (thread: MemberThread) => this.handlerOf(thread)
    const options = { table, slot, member, gate, topic, partitions, attempts, handler }
    this.members.push(new MemberThread(options))
    this.noteAssignment()
  }

  private handlerOf(thread: MemberThread): Handler<unknown> {
    if (this.setting.isPerBatch) {
      return {
        eachBatch: ({ batch, attempt }) => {
          for (let isFirst = true; batch.next(); isFirst = false) {
            this.handle(thread, batch, isFirst ? attempt : 1)
          }
        },
      }
    }
    return { eachMessage: ({ message, attempt }) => this.handle(thread, message, attempt) }
  }

  private handle(
    thread: MemberThread,
    record: { partition: number; offset: number; key: unknown; value: unknown },
    attempt: number,
  ): void {
    if (thread.life.isDead) return
    const { partition, offset } = record
    const { name: member, isZombie } = thread
    const value = textOf(record.value)
    const holder = `member ${cursor.holderOf(this.logOf(partition), this.gate)}`
    const key = String(record.key)
    const place = { member, partition, offset, isZombie }
    const isStale =
      thread.epochOf(partition) !== cursor.currentEpoch(this.logOf(partition), this.gate)
    this.note({ type: 'delivered', ...place, key, value, attempt, holder, isStale })
    this.run.sometimes('tried again', attempt > 1)
    const { poisonEvery } = this.setting
    const ok = poisonEvery === 0 || Number(value.split(':')[0]) % poisonEvery !== 0
    const isFinal = ok || attempt >= this.setting.attempts
    this.note({ type: 'handled', ...place, ok, isFinal })
    if (!ok) throw POISON
  }

  private logOf(partition: number): PartitionLog {
    return (this.partitions[partition] as GroupPartition).log
  }

  private memberOf(index: number): MemberThread | undefined {
    const thread = this.members[index % Math.max(1, this.members.length)]
    const isFree = thread !== undefined && !thread.isBusy && !thread.hasLeft && !this.isBlocked()
    return isFree ? thread : undefined
  }

  /** A turn of the member's loop. */
  private turn(thread: MemberThread): void {
    const { steps } = thread
    steps.followAssignment()
    this.noteOwned(thread)
    thread.hasOwned = true
    steps.stepLanes()
    thread.hasOwned = false
    this.noteOwned(thread)
  }

  /** If something has changed: a place is told when its epoch begins. */
  private noteOwned(thread: MemberThread): void {
    const known = thread.noted
    const owned = thread.owned.map((one) => {
      const before = known.find(({ partition }) => partition === one.partition)
      return before?.epoch === one.epoch ? before : one
    })
    const isSame = owned.length === known.length && owned.every((one) => known.includes(one))
    if (isSame) return
    thread.noted = owned
    this.note({ type: 'assigned', member: thread.name, owned })
  }

  private work(index: number, pause: Pause | undefined): void {
    const thread = this.memberOf(index)
    if (thread === undefined) return
    let before: readonly string[] = []
    if (pause !== undefined) {
      thread.life.before(pause.step, () => {
        for (const action of pause.meanwhile) this.act(action)
        before = this.cursors()
      })
    }
    const stale = thread.staleCommits
    thread.isBusy = true
    for (let turn = 0; turn < 2; turn++) this.turn(thread)
    this.rest(thread)
    thread.isBusy = false
    thread.life.release()
    if (!thread.isZombie) return
    const refused = thread.staleCommits - stale
    this.run.sometimes('a zombie was refused', refused > 0)
    this.note({ type: 'zombie', member: thread.name, before, after: this.cursors(), refused })
    // It did not know; now it is cut off.
    thread.life.isDead = true
    this.members = this.members.filter((other) => other !== thread)
  }

  private cursors(): string[] {
    return this.partitions.map(({ log }) => {
      const { epoch, committed } = cursor.ownership(log, this.gate)
      return `${epoch}:${committed}`
    })
  }

  private workAndDie(index: number, step: number): void {
    const thread = this.memberOf(index)
    if (thread === undefined) return
    thread.life.before(step, () => thread.life.die())
    thread.isBusy = true
    survives(thread.life, () => {
      for (let turn = 0; turn < 2; turn++) this.turn(thread)
      // Its promise is rejected if it dies in there.
      thread.steps.idle().catch(() => {})
    })
    thread.life.isDead = true
    this.dead.push(thread)
    this.members = this.members.filter((other) => other !== thread)
    this.run.sometimes('a member died')
  }

  private sleep(index: number): void {
    const thread = this.memberOf(index)
    if (thread !== undefined) this.rest(thread)
  }

  /** To the end of its loop, where it commits and sleeps. */
  private rest(thread: MemberThread): void {
    void thread.steps.idle()
    if (!thread.isZombie) this.note({ type: 'rested', member: thread.name })
  }

  private leave(index: number): void {
    const thread = this.memberOf(index)
    const staying = this.members.filter(({ hasLeft, isZombie }) => !hasLeft && !isZombie)
    if (thread === undefined || staying.length === 1) return
    thread.hasLeft = true
    this.coordinator.leave(GROUP, thread.member)
    this.noteAssignment()
    void thread.steps.finish()
    this.noteOwned(thread)
    this.run.sometimes('a member left')
  }

  /** Nobody has proof, and it lives: its thread sleeps in the middle of its work. */
  private presumeDead(index: number): void {
    // Of those that have done with taking partitions: what is free, a zombie would take.
    const sleeping = this.members.filter(({ hasOwned, isZombie }) => hasOwned && !isZombie)
    const thread = sleeping[index % Math.max(1, sleeping.length)]
    // Who writes to a log that it has been cut off from is not fenced: hence the proof of death.
    const writes = this.setting.hasDeadLetters && this.setting.poisonEvery > 0
    if (thread === undefined || writes) return
    thread.isZombie = true
    this.buryThread(thread)
    this.run.sometimes('a zombie')
  }

  // ------------------------------------------------------------------------------------ deaths

  private bury(): void {
    const thread = this.dead.shift()
    if (thread !== undefined) this.buryThread(thread)
  }

  private buryAll(): void {
    while (this.dead.length > 0) this.bury()
  }

  private buryThread(thread: ProducerThread | MemberThread): void {
    for (const { log, partition } of this.partitions) {
      const isOwner =
        thread instanceof MemberThread && cursor.holderOf(log, this.gate) === thread.member
      if (!isOwner) continue
      const committed = cursor.committedOffset(log, this.gate)
      const delivered = cursor.deliveredOffset(log, this.gate)
      this.note({ type: 'takeover', partition, committed, delivered })
      this.run.sometimes('died with records in hand', delivered > committed)
      const isPending = memory.load(log.words, gateLetterStateWord(this.gate)) !== 0
      this.run.sometimes('a dead letter was settled', isPending)
    }
    const { abortedFrames } = this.coordinator.buryThread(thread.slot)
    this.run.sometimes('repaired', abortedFrames > 0)
    this.note({ type: 'died', process: thread.name })
    if (thread instanceof MemberThread) this.noteAssignment()
  }

  private noteAssignment(): void {
    const assigned = this.partitions.map(({ log }) => `member ${cursor.assignedTo(log, this.gate)}`)
    const known = [...this.members, ...this.dead.filter((one) => one instanceof MemberThread)]
    const alive = known
      .filter(({ hasLeft, isZombie }) => !hasLeft && !isZombie)
      .map(({ name }) => name)
    this.note({ type: 'assignment', assigned, alive })
  }

  // -------------------------------------------------------------------------------------- seek

  private seek(index: number, place: number): void {
    const partition = index % this.partitions.length
    const log = this.logOf(partition)
    if (this.isBlocked()) return
    const from = earliestOffset(log, this.observer)
    const to = this.ends[partition] as Appender
    const offset = from + Math.round(place * (to.endOffset() - from))
    const committed = cursor.committedOffset(log, this.gate)
    seekGroup(log, this.observer, this.gate, { offset })
    this.table.advanceGeneration(this.gate)
    const isRace = this.members.some((thread) => thread.isBusy)
    this.note({ type: 'sought', partition, committed, to: offset, isRace })
    this.run.sometimes('sought back', offset < committed)
  }

  // ------------------------------------------------------------------------------------ ending

  private sample(): void {
    for (const { log, partition } of this.partitions) {
      const { epoch, committed } = cursor.ownership(log, this.gate)
      const freed = earliestOffset(log, this.observer)
      const delivered = cursor.deliveredOffset(log, this.gate)
      const published = (this.ends[partition] as Appender).endOffset()
      this.note({ type: 'sample', partition, freed, committed, delivered, published, epoch })
      this.run.sometimes('recycled', freed > this.setting.startOffset)
    }
  }

  /** Nobody dies any more, and who lives goes on until there is nothing left to do. */
  async finish(): Promise<void> {
    this.buryAll()
    if (this.members.every(({ hasLeft }) => hasLeft)) this.join()
    let before = ''
    for (let round = 0; round < ROUNDS_MAX; round++) {
      for (const thread of this.members) {
        if (thread.hasLeft) continue
        this.turn(thread)
        this.rest(thread)
      }
      for (const producer of this.producers) producer.flush()
      await nextTurn()
      while (this.isPending) await nextTurn()
      const now = JSON.stringify([this.cursors(), this.holders(), this.waiting, this.delivered])
      if (now === before) break
      before = now
    }
    this.sample()
    this.noteQuiet()
    for (const partition of this.partitions) this.noteContent(partition)
  }

  private get waiting(): number {
    return this.producers.reduce((sum, { waiting }) => sum + waiting, 0)
  }

  private get delivered(): number {
    return this.trace.filter(({ type }) => type === 'delivered').length
  }

  private holders(): string[] {
    return this.partitions.map(({ log }) => `member ${cursor.holderOf(log, this.gate)}`)
  }

  private noteQuiet(): void {
    const alive = this.members.filter(({ hasLeft }) => !hasLeft).map(({ name }) => name)
    const lag = this.partitions.map(({ log, partition }) => {
      const end = (this.ends[partition] as Appender).endOffset()
      return end - cursor.committedOffset(log, this.gate)
    })
    this.note({ type: 'quiet', holders: this.holders(), alive, waiting: this.waiting, lag })
  }

  private noteContent({ log, letters, partition }: GroupPartition): void {
    for (const reader of this.recordsOf(log)) {
      const value = this.valueOf(reader)
      this.note({ type: 'stored', partition, offset: reader.recordOffset, value })
    }
    if (letters === undefined) return
    for (const reader of this.recordsOf(letters)) {
      const headers = readRecordHeaders(reader)
      const offset = Number(headers['dlq-offset'])
      const attempts = Number(headers['dlq-attempts'])
      const [key, value] = [String(readKey(reader)), this.valueOf(reader)]
      this.note({ type: 'letter', partition, offset, key, value, attempts })
    }
  }

  private *recordsOf(log: PartitionLog): Generator<Reader> {
    const { table, slot } = this.observer
    const { position, offset } = pinOldest(log, table, slot)
    const reader = new Reader(log, position, offset)
    while (reader.next()) while (reader.nextRecord()) yield reader
    unpin(log, table, slot)
  }

  private valueOf({ log, valueFrom, valueTo }: Reader): string {
    return textOf(this.codec.decode(log.bytes, valueFrom, valueTo))
  }
}
