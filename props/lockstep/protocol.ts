import type { MessagePort } from 'node:worker_threads'
import type { Status } from '../sim/execution.js'
import type { Violation } from '../sim/scenario.js'

/** What a thread is started with. */
export interface ThreadData {
  readonly control: SharedArrayBuffer
  readonly log: SharedArrayBuffer
  readonly port: MessagePort
  /** One operation is wrong on purpose, see `faults.ts`. */
  readonly fault: string | undefined
}

/** What a thread is told to do. It ends each command with an `Answer`. */
export type Command =
  | { readonly setUp: string; readonly buffers: readonly SharedArrayBuffer[] }
  | { readonly act: string }
  | { readonly judge: Ended }

/** How the actors ended, by index. */
export interface Ended {
  readonly names: readonly string[]
  readonly statuses: readonly Status[]
  readonly history: readonly { readonly actor: string; readonly event: unknown }[]
}

export type Answer =
  | { readonly event: unknown }
  | { readonly failed: string }
  | { readonly verdict: Violation | undefined }
  | { readonly isFinished: boolean }
