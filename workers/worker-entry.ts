import { type MessagePort, threadId } from 'node:worker_threads'
import { attach } from '#memory'
import { type RetryOptions, RetryPolicy } from '../core/delivery/retry.js'
import { MillraceError } from '../core/errors.js'
import { type EngineHandle, openHandle } from './engine-handle.js'
import { type EngineParts, GroupMembership, type GroupOptions } from './group-membership.js'
import type { Handler } from './handler.js'
import { Member } from './member.js'
import { SupervisorLink } from './supervisor-link.js'
import { toMemo } from './supervisor-protocol.js'
import { WorkerControl } from './worker-control.js'
import type { WorkerReport } from './worker-pool.js'

/** What a worker thread is started with. */
export interface WorkerTask {
  readonly engine: EngineHandle
  readonly report: MessagePort
  readonly control: SharedArrayBuffer
  readonly workerId: number
  readonly group: GroupOptions
  /** URL of the handler's module. */
  readonly handler: string
  readonly retry: RetryOptions
  readonly workerData: unknown
}

/** The task of a worker thread: a member of the group, until it is asked to stop. */
export default async function runWorker(task: WorkerTask): Promise<void> {
  const parts = await reporting(task, () => enter(task.engine))
  try {
    const { handler, member } = await reporting(task, () => join(task, parts))
    send(task.report, { type: 'ready', threadId, member: member.member })
    await member.run()
    await reporting(task, async () => handler.onStop?.())
  } finally {
    leave(parts)
    await Promise.all([written(process.stdout), written(process.stderr)])
  }
}

/** Reports what goes wrong before the worker is ready, or when it is done: it is no crash. */
async function reporting<T>({ report }: WorkerTask, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    send(report, { type: 'failed', error: toMemo(error) })
    throw error
  }
}

/** An engine without its consumers and what only they need, which takes long to load. */
async function enter(handle: EngineHandle): Promise<EngineParts> {
  const local = await openHandle(handle)
  const link = new SupervisorLink(handle.port, () => {})
  return { local, link: () => link }
}

/** What is staged is published, unless the engine was closed by its owner meanwhile. */
function leave({ local, link }: EngineParts): void {
  try {
    if (local.thread.isOpen) local.flush()
  } finally {
    local.close()
    link().close()
  }
}

/** Loads and starts the handler, and makes it a member of the group. */
async function join(
  task: WorkerTask,
  parts: EngineParts,
): Promise<{ handler: Handler<unknown>; member: Member }> {
  const { workerData, workerId } = task
  // Side by side, and both before the handler starts: it must not if the group is another one.
  const [membership, handler] = await Promise.all([
    GroupMembership.open(parts, task.group),
    loadHandler(task.handler),
  ])
  await handler.onStart?.({ workerData, workerId, producer: parts.local.producer() })
  const control = new WorkerControl(attach(task.control))
  const options = await membership.join({
    handler,
    retry: new RetryPolicy(task.retry),
    stats: control.read(),
    mayBlock: true,
    shouldStop: () => control.isStopping || parts.local.thread.table.closed,
    onProgress: (stats) => control.write(stats),
  })
  return { handler, member: new Member(options) }
}

/**
 * Resolves when the owner's thread has taken what was printed. A worker hands over one piece of
 * output at a time, and the thread is ended without asking whether another one waits.
 */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}

/** @throws MillraceError `HANDLER_NOT_LOADED`, with its cause, or `HANDLER_INVALID` */
async function loadHandler(url: string): Promise<Handler<unknown>> {
  let namespace: { readonly default?: unknown }
  try {
    namespace = await import(url)
  } catch (cause) {
    const hint = isUnknownExtension(cause) ? ' (this Node version runs no TypeScript files)' : ''
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `handler ${url} could not be loaded${hint}: ${reason}`
    throw new MillraceError('HANDLER_NOT_LOADED', message, { handler: url }, cause)
  }
  if (isHandler(namespace.default)) return namespace.default
  throw new MillraceError(
    'HANDLER_INVALID',
    `handler ${url} must have defineHandler({ eachMessage }) or defineHandler({ eachBatch }) as its default export`,
    { handler: url, exports: Object.keys(namespace) },
  )
}

function isUnknownExtension(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ERR_UNKNOWN_FILE_EXTENSION'
}

function isHandler(value: unknown): value is Handler<unknown> {
  if (typeof value !== 'object' || value === null) return false
  const { eachMessage, eachBatch } = value as Handler<unknown>
  return (typeof eachMessage === 'function') !== (typeof eachBatch === 'function')
}

function send(port: MessagePort, report: WorkerReport): void {
  port.postMessage(report)
}
