import type { EngineHandle } from '../../workers/index.js'

/** By which of the engine's ways a producer sends. */
export const WAYS = ['send', 'publisher', 'blocking'] as const
export type Way = (typeof WAYS)[number]

export interface ProducerData {
  readonly engine: EngineHandle
  readonly sends: SharedArrayBuffer
  readonly orders: SharedArrayBuffer
  readonly recorder: SharedArrayBuffer
  readonly topic: string
  readonly producer: number
  readonly seed: number
  readonly way: Way
  readonly keys: number
  readonly fillerBytesMax: number
  readonly batchMax: number
  /** Between two batches. */
  readonly pauseMs: number
}
