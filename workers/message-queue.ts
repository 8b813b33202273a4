import { after } from '#clock'
import type { Message } from '../core/topic/received-message.js'
import type { EachMessageContext } from './handler.js'

/** How often an iteration with an end looks whether other members have reached it. */
const LOOK_MS = 20

/** A message that an iteration has not finished with. */
export interface QueuedMessage<T> {
  readonly message: Message<T>
  /** The iteration is done with it. */
  done(): void
}

/**
 * Between a member, which hands over messages, and an iteration, which asks for them. It holds one
 * message of each partition at most: its handler's promise is pending until the iteration is done
 * with it.
 */
export class MessageQueue<T> {
  private readonly entries: QueuedMessage<T>[] = []
  private readonly isClosed: () => boolean
  private wake: () => void = () => {}

  constructor(isClosed: () => boolean) {
    this.isClosed = isClosed
  }

  /** The member's handler. */
  readonly add = ({ message }: EachMessageContext<unknown>): Promise<void> =>
    new Promise((done) => {
      this.entries.push({ message: message as Message<T>, done })
      this.wake()
    })

  /** The next message; undefined once `isOver` says so or the consumer is closed. */
  async take(isOver: () => boolean): Promise<QueuedMessage<T> | undefined> {
    while (!this.isClosed()) {
      const entry = this.entries.shift()
      if (entry !== undefined) return entry
      if (isOver()) return undefined
      await this.next()
    }
    return undefined
  }

  private next(): Promise<void> {
    return new Promise((resolve) => {
      const timer = after(LOOK_MS, resolve)
      this.wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}
