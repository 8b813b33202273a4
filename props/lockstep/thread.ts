import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { Control } from './control.js'
import type { Answer, Command, ThreadData } from './protocol.js'
import { StepLog } from './step-log.js'

/** Steps of one actor in one execution. */
const STEPS_MAX = 1 << 14

/** How often the controller looks whether a silent thread has failed, and when it gives it up. */
const LOOKS_MAX = 60

/** A real thread, as its controller sees it: it moves only while the controller waits for it. */
export class Thread {
  readonly control = Control.create()
  readonly log = StepLog.create(STEPS_MAX)
  /** The scenario that it is set up for. */
  scenario: string | undefined
  readonly #port: MessagePort
  readonly #worker: Worker
  #error: Error | undefined

  constructor(fault: string | undefined) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const { control, log } = this
    const data: ThreadData = { control: control.buffer, log: log.buffer, port: port2, fault }
    this.#worker = new Worker(new URL('./thread-main.js', import.meta.url), {
      execArgv: ['--conditions=millrace:lockstep'],
      workerData: data,
      transferList: [port2],
    })
    this.#worker.on('error', (error: Error) => {
      this.#error = error
    })
  }

  /** Gives a command; the thread is busy then, until it stops. */
  begin(command: Command): void {
    this.control.begin()
    this.#port.postMessage(command)
  }

  /** Waits until the thread hands over. */
  async stopped(): Promise<void> {
    for (let looks = 0; !this.control.awaitStop(); looks++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#error !== undefined) throw this.#error
      if (looks === LOOKS_MAX) throw new Error('a thread gives no sign of life')
    }
  }

  /** What the thread has told since the last call. */
  heard(): Answer[] {
    const answers: Answer[] = []
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) return answers
      answers.push(received.message as Answer)
    }
  }

  /** The answer to a command that has no steps. */
  async ask(command: Command): Promise<Answer> {
    this.begin(command)
    await this.stopped()
    const answer = this.heard().at(-1)
    if (answer === undefined) throw new Error('a thread did not answer')
    return answer
  }

  /** Kills the thread wherever it is. Afterwards it writes to no memory. */
  async kill(): Promise<void> {
    await this.#worker.terminate()
  }
}
