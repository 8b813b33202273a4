import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Job } from './crew.js'

const CREW = fileURLToPath(new URL('./crew.js', import.meta.url))

/** Processes that take jobs one after another. */
export class Fleet {
  private readonly idle: ChildProcess[] = []
  private readonly waiting: ((process: ChildProcess) => void)[] = []

  constructor(size: number) {
    for (let index = 0; index < size; index++) this.idle.push(fork(CREW))
  }

  /** Has a job done, as soon as a process is free. */
  async run<Kind extends Job['kind']>(job: Job & { kind: Kind }): Promise<Answer[Kind]> {
    const crew = this.idle.pop() ?? (await this.nextIdle())
    const answer = await ask(crew, job)
    const next = this.waiting.shift()
    if (next === undefined) this.idle.push(crew)
    else next(crew)
    return answer as Answer[Kind]
  }

  private nextIdle(): Promise<ChildProcess> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
    })
  }

  /** Ends the processes, which must be idle. */
  close(): void {
    for (const crew of this.idle) crew.disconnect()
  }
}

function ask(crew: ChildProcess, job: Job): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null): void => {
      reject(new Error(`the process of ${JSON.stringify(job)} ended with ${code}`))
    }
    crew.once('exit', fail)
    crew.once('message', (answer) => {
      crew.off('exit', fail)
      resolve(answer)
    })
    crew.send(job)
  })
}
