/** What the public API promises of topics and groups, as plain arrays. */
export const TOPICS = ['a', 'b'] as const
export type TopicName = (typeof TOPICS)[number]
export const PARTITIONS = 2
const FIRST_TIMESTAMP = 1_000

export interface ModelRecord {
  readonly value: string
  readonly timestamp: number
  /** Its handler always throws. */
  readonly isPoison: boolean
}

export interface ModelGroup {
  readonly from: 'earliest' | 'latest'
  readonly topic: TopicName
  /** For each partition the next record to handle. */
  readonly committed: number[]
  /** Places of dead letters, by partition. */
  readonly letters: Set<number>[]
  isPaused: boolean
}

export class Model {
  readonly topics: Readonly<Record<TopicName, ModelRecord[][]>> = {
    a: [[], []],
    b: [[], []],
  }
  readonly groups = new Map<string, ModelGroup>()
  private sent = 0

  /** The next record. Timestamps rise by one. */
  create(isPoison: boolean): ModelRecord {
    const number = this.sent++
    return { value: `${isPoison ? 'poison' : 'value'} ${number}`, timestamp: this.now, isPoison }
  }

  get now(): number {
    return FIRST_TIMESTAMP + this.sent
  }

  log(topic: TopicName, partition: number): ModelRecord[] {
    return this.topics[topic][partition] as ModelRecord[]
  }

  /** A group begins where it is first opened. */
  open(id: string, topic: TopicName, from: 'earliest' | 'latest'): ModelGroup {
    const known = this.groups.get(id)
    if (known !== undefined) return known
    const committed = this.topics[topic].map((log) => (from === 'latest' ? log.length : 0))
    const letters = committed.map(() => new Set<number>())
    const group: ModelGroup = { from, topic, committed, letters, isPaused: false }
    this.groups.set(id, group)
    return group
  }

  left({ topic, committed }: ModelGroup): ModelRecord[][] {
    return this.topics[topic].map((log, partition) => log.slice(committed[partition]))
  }
}
