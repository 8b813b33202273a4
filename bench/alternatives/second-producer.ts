import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { relax } from '../lib/lane.js'
import type { RecordFrame } from '../log/record-frame.js'
import type { Producer } from './alternative.js'
import type { AlternativeSetup } from './alternative-row.js'

const THREAD = new URL('./second-producer-thread.js', import.meta.url)

/** The numbers that one of the producers sends. */
export interface Share {
  readonly first: number
  readonly step: number
  readonly count: number
}

export function sendShare(producer: Producer, frame: RecordFrame, share: Share): void {
  const { first, step, count } = share
  for (let number = first; number < count; number += step) {
    if (frame.isFull) appendFrame(producer, frame)
    frame.add(number)
  }
  if (frame.count > 0) appendFrame(producer, frame)
}

function appendFrame(producer: Producer, frame: RecordFrame): void {
  for (let turn = 0; !producer.append(frame); turn++) relax(turn)
  frame.clear()
}

/** Word of the runs that were begun, and of the messages of the current one; -1 ends the thread. */
const RUNS_WORD = 0
const COUNT_WORD = 1

export interface SecondProducerData extends AlternativeSetup {
  readonly control: SharedArrayBuffer
}

/** From the first producer's side. */
export class SecondProducer {
  readonly #words: Int32Array
  readonly #exit: Promise<unknown>

  private constructor(words: Int32Array, exit: Promise<unknown>) {
    this.#words = words
    this.#exit = exit
  }

  static async start(setup: AlternativeSetup): Promise<SecondProducer> {
    const control = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
    const workerData: SecondProducerData = { ...setup, control }
    const worker = new Worker(THREAD, { workerData })
    await once(worker, 'message')
    return new SecondProducer(new Int32Array(control), once(worker, 'exit'))
  }

  /** Begins to send its share of so many messages. */
  send(count: number): void {
    const words = this.#words
    Atomics.store(words, COUNT_WORD, count)
    Atomics.add(words, RUNS_WORD, 1)
    Atomics.notify(words, RUNS_WORD)
  }

  end(): Promise<unknown> {
    this.send(-1)
    return this.#exit
  }
}

/** From its own side: blocks until run `run`, from 0, begins. @returns its messages, or -1 */
export function awaitRun(control: SharedArrayBuffer, run: number): number {
  const words = new Int32Array(control)
  while (Atomics.load(words, RUNS_WORD) === run) Atomics.wait(words, RUNS_WORD, run)
  return Atomics.load(words, COUNT_WORD)
}
