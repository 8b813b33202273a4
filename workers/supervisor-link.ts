import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { MillraceError } from '../core/errors.js'
import {
  type FromSupervisor,
  fromMemo,
  type SupervisorData,
  type SupervisorEvent,
  type SupervisorRequest,
  type ToSupervisor,
} from './supervisor-protocol.js'

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * A thread's end of its port to the supervisor. While it is open, the thread counts as alive; it
 * keeps the thread alive only while an answer is awaited.
 */
export class SupervisorLink {
  private readonly port: MessagePort
  private readonly pending = new Map<number, Pending>()
  private readonly onEvent: (event: SupervisorEvent) => void
  private nextId = 1
  private isClosed = false

  constructor(port: MessagePort, onEvent: (event: SupervisorEvent) => void) {
    this.port = port
    this.onEvent = onEvent
    port.on('message', (message: FromSupervisor) => this.receive(message))
    port.on('close', () => this.fail())
    port.unref()
  }

  /** Asks the supervisor. @throws MillraceError its refusal, or `ENGINE_CLOSED` */
  request<T>(request: SupervisorRequest): Promise<T> {
    if (this.isClosed) return Promise.reject(closedError())
    const id = this.nextId++
    return new Promise<T>((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (result: unknown) => void, reject })
      this.port.ref()
      this.send({ type: 'request', id, request })
    })
  }

  /** Makes the supervisor watch one more thread. @returns that thread's end of its port */
  register(slot: number): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.port.postMessage({ type: 'register', slot, port: port1 } satisfies ToSupervisor, [port1])
    return port2
  }

  /** From here on the thread counts as dead: its claims and partitions are taken from it. */
  close(): void {
    this.isClosed = true
    this.port.close()
  }

  private send(message: ToSupervisor): void {
    this.port.postMessage(message)
  }

  private receive(message: FromSupervisor): void {
    if (message.type === 'event') {
      this.onEvent(message.event)
      return
    }
    const pending = this.pending.get(message.id)
    this.pending.delete(message.id)
    if (this.pending.size === 0) this.port.unref()
    if (message.type === 'reply') pending?.resolve(message.result)
    else pending?.reject(fromMemo(message.error))
  }

  private fail(): void {
    this.isClosed = true
    for (const { reject } of this.pending.values()) reject(closedError())
    this.pending.clear()
  }
}

function closedError(): MillraceError {
  return new MillraceError('ENGINE_CLOSED', 'the engine is closed')
}

/** The supervisor's thread, as its engine's owner sees it. */
export interface SupervisorThread {
  readonly link: SupervisorLink
  /** Ends the thread. */
  end(): Promise<void>
}

/**
 * Starts the supervisor. It does not keep the process alive.
 *
 * @param slot of the calling thread
 * @param onFailure called if the thread ends by itself, which is a defect
 */
export function startSupervisor(
  data: SupervisorData,
  slot: number,
  onEvent: (event: SupervisorEvent) => void,
  onFailure: (error: Error) => void,
): SupervisorThread {
  const worker = new Worker(new URL('./supervisor.js', import.meta.url), { workerData: data })
  worker.unref()
  worker.on('error', onFailure)
  const { port1, port2 } = new MessageChannel()
  worker.postMessage({ type: 'register', slot, port: port1 } satisfies ToSupervisor, [port1])
  const link = new SupervisorLink(port2, onEvent)
  return {
    link,
    end: async () => {
      link.close()
      await worker.terminate()
    },
  }
}
