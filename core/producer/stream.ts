import { Writable } from 'node:stream'
import type { OutgoingMessage } from '../topic/message.js'

/** What the stream needs of a producer. */
interface MessageSender {
  send(request: {
    readonly topic: string
    readonly messages: readonly OutgoingMessage[]
    readonly signal: AbortSignal
  }): Promise<unknown>
}

type Callback = (error?: Error | null) => void

/**
 * A Writable whose chunks are messages. What arrives while a send is under way goes into the next
 * one together. Destroying the stream ends a send that waits.
 */
export function createMessageStream(producer: MessageSender, topic: string): Writable {
  const destroyed = new AbortController()

  const send = (messages: readonly OutgoingMessage[], callback: Callback): void => {
    producer.send({ topic, messages, signal: destroyed.signal }).then(() => callback(), callback)
  }

  return new Writable({
    objectMode: true,
    write: (message: OutgoingMessage, _encoding, callback) => send([message], callback),
    writev: (chunks, callback) =>
      send(
        chunks.map(({ chunk }) => chunk as OutgoingMessage),
        callback,
      ),
    destroy: (error, callback) => {
      destroyed.abort(error ?? undefined)
      callback(error)
    },
  })
}
