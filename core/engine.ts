import { Producer } from './producer/producer.js'
import { Publisher } from './producer/publisher.js'
import { findWriter, TopicWriter } from './producer/topic-writer.js'
import type { Thread } from './thread.js'
import type { Topic } from './topic/topic.js'

/**
 * The part of an engine that lives in one thread: its topics, and its ways into them. Everything
 * that threads share lies in the memory of the topics and of the thread table.
 */
export class ThreadEngine {
  readonly thread: Thread
  private readonly writers = new Map<string, TopicWriter>()

  constructor(thread: Thread, topics: readonly Topic[]) {
    this.thread = thread
    for (const topic of topics) this.writers.set(topic.name, new TopicWriter(thread, topic))
  }

  get topics(): Topic[] {
    return [...this.writers.values()].map(({ topic }) => topic)
  }

  /** Publishes what is staged, as far as there is space. @throws MillraceError `ENGINE_CLOSED` */
  flush(): void {
    for (const writer of this.writers.values()) writer.flush()
  }

  /** Ends the thread's part, before its slot goes to another one: nothing here uses it from now on. */
  close(): void {
    this.thread.leave()
    for (const writer of this.writers.values()) writer.close()
  }

  /** @throws MillraceError `UNKNOWN_TOPIC` */
  topic(name: string): Topic {
    return findWriter(this.writers, name).topic
  }

  producer(): Producer {
    return new Producer(this.writers)
  }

  /** @throws MillraceError `UNKNOWN_TOPIC` */
  publisher<T>(topic: string): Publisher<T> {
    return new Publisher<T>(findWriter(this.writers, topic) as TopicWriter<T>)
  }
}
