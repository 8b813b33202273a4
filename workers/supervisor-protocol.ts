import type { MessagePort } from 'node:worker_threads'
import { type ErrorCode, MillraceError } from '../core/errors.js'
import type { GroupSettings, Rebalance } from '../core/group/coordinator.js'

/** Memory of a topic, for threads that need no codec. */
interface TopicMemory {
  readonly name: string
  readonly buffers: readonly SharedArrayBuffer[]
}

/** What the supervisor's thread is started with. */
export interface SupervisorData {
  readonly table: SharedArrayBuffer
  readonly slot: number
  readonly topics: readonly TopicMemory[]
}

export type SupervisorRequest =
  | { readonly type: 'open-group'; readonly groupId: string; readonly settings: GroupSettings }
  | {
      readonly type: 'join'
      readonly groupId: string
      /** What 'open-group' was asked with, and answered. */
      readonly settings: GroupSettings
      readonly index: number
    }
  | { readonly type: 'leave'; readonly groupId: string; readonly member: number }
  | { readonly type: 'describe-group'; readonly groupId: string }
  | { readonly type: 'delete-group'; readonly groupId: string }

/** The answer to 'open-group' and 'describe-group'. */
export interface GroupDescription {
  /** The group's gate in every log. */
  readonly index: number
  /** Its dead letter topics, in the order of the topics; empty if it has none. */
  readonly letters: readonly TopicMemory[]
}

/** From a thread: a port for one more thread, whose death is that port's close; or a request. */
export type ToSupervisor =
  | { readonly type: 'register'; readonly slot: number; readonly port: MessagePort }
  | { readonly type: 'request'; readonly id: number; readonly request: SupervisorRequest }

/** To every thread. */
export type SupervisorEvent =
  | ({ readonly type: 'rebalance' } & Rebalance)
  | { readonly type: 'death'; readonly slot: number; readonly abortedFrames: number }

export type FromSupervisor =
  | { readonly type: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: ErrorMemo }
  | { readonly type: 'event'; readonly event: SupervisorEvent }

/** An error on its way to another thread: cloning keeps neither its class nor its code. */
export interface ErrorMemo {
  readonly code: ErrorCode | undefined
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly details: Readonly<Record<string, unknown>>
  readonly cause: ErrorMemo | undefined
}

export function toMemo(error: unknown): ErrorMemo {
  if (!(error instanceof Error)) {
    return { ...NO_ERROR, name: 'Error', message: String(error) }
  }
  return {
    code: Reflect.get(error, 'code') as ErrorCode | undefined,
    name: error.name,
    message: error.message,
    stack: error.stack,
    details: error instanceof MillraceError ? cloneableOf(error.details) : {},
    cause: error.cause === undefined ? undefined : toMemo(error.cause),
  }
}

/** Details may hold what the caller passed, functions included: those stay behind. */
function cloneableOf(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => isCloneable(value)))
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

const NO_ERROR = { code: undefined, stack: undefined, details: {}, cause: undefined }

/** The error again: a MillraceError if `name` says so, else an Error with name, stack and code. */
export function fromMemo(memo: ErrorMemo): Error {
  const cause = memo.cause === undefined ? undefined : fromMemo(memo.cause)
  if (memo.name === 'MillraceError' && memo.code !== undefined) {
    return new MillraceError(memo.code, memo.message, memo.details, cause)
  }
  const error = new Error(memo.message, cause === undefined ? undefined : { cause })
  error.name = memo.name
  if (memo.stack !== undefined) error.stack = memo.stack
  if (memo.code !== undefined) Object.assign(error, { code: memo.code })
  return error
}
